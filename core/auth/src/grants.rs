//! The tokens that a desktop knows, as a file holds them.
//!
//! ```text
//!   # who        token                                        name, or nothing
//!   view         3q2-…43 characters…                          wall screen
//!   control      AbC…                                         Anna
//!   agent        xYz…                                         builder
//!   9fE…                                                                        a token alone opens everything
//! ```

use crate::scope::{Identity, Scope};
use crate::token::{Token, TokenError};

/// Who may come in.
#[derive(Debug, Clone)]
pub struct Grants {
    /// `None` where nobody needs a token.
    known: Option<Vec<(Token, Identity)>>,
}

/// Why somebody may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// None was shown.
    #[error("this needs a token: send it as \"Authorization: Bearer TOKEN\", or open the page with #token=TOKEN")]
    NoToken,
    /// None of ours was shown.
    #[error("this token is not known here")]
    Unknown,
    /// One was shown that does not open this.
    #[error("this needs a token with the scope {needs}; this one has {has}")]
    Scope {
        /// What would do.
        needs: Scope,
        /// What was shown.
        has: Scope,
    },
}

/// A token file that cannot be used. The tokens are not quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GrantsError {
    /// No line has a token, so nobody could come in.
    #[error("the file holds no token")]
    Empty,
    /// It is too long to be a token file.
    #[error("the file has {0} bytes, more than {max}", max = Grants::MAX_FILE)]
    TooLong(usize),
    /// Too many tokens.
    #[error("line {line}: more than {max} tokens", max = Grants::MAX_TOKENS)]
    TooMany {
        /// The line of the first that is too many.
        line: usize,
    },
    /// It is no text.
    #[error("line {line}: not UTF-8")]
    NotText {
        /// The line, from 1.
        line: usize,
    },
    /// A line with several words that starts with no scope.
    #[error("line {line}: starts with none of view, control and agent; a token alone opens everything")]
    NoScope {
        /// The line, from 1.
        line: usize,
    },
    /// A line without a token where one belongs.
    #[error("line {line}")]
    Token {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        source: TokenError,
    },
    /// A name that nobody could read.
    #[error("line {line}: the name has more than {max} characters, or control characters", max = Grants::MAX_NAME)]
    Name {
        /// The line, from 1.
        line: usize,
    },
    /// Two lines with the same token.
    #[error("line {line}: the token of an earlier line")]
    Repeated {
        /// The later line, from 1.
        line: usize,
    },
}

impl Grants {
    /// The longest token file, in bytes.
    pub const MAX_FILE: usize = 64 * 1024;
    /// The most tokens.
    pub const MAX_TOKENS: usize = 256;
    /// The longest name, in characters.
    pub const MAX_NAME: usize = 64;

    /// Everybody may do everything; for loopback only.
    #[must_use]
    pub const fn open() -> Self {
        Self { known: None }
    }

    /// Reads a token file.
    ///
    /// # Errors
    /// When a line is neither empty, a comment, nor a token as above.
    pub fn parse(file: &[u8]) -> Result<Self, GrantsError> {
        if file.len() > Self::MAX_FILE {
            return Err(GrantsError::TooLong(file.len()));
        }
        let mut known: Vec<(Token, Identity)> = Vec::new();
        for (index, bytes) in file.split(|byte| *byte == b'\n').enumerate() {
            let line = index + 1;
            let text = std::str::from_utf8(bytes).map_err(|_| GrantsError::NotText { line })?.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let (token, identity) = read_line(line, text)?;
            if known.iter().any(|(other, _)| *other == token) {
                return Err(GrantsError::Repeated { line });
            }
            if known.len() == Self::MAX_TOKENS {
                return Err(GrantsError::TooMany { line });
            }
            known.push((token, identity));
        }
        if known.is_empty() { Err(GrantsError::Empty) } else { Ok(Self { known: Some(known) }) }
    }

    /// One token that opens everything.
    #[must_use]
    pub fn single(token: Token) -> Self {
        Self { known: Some(vec![(token, Identity::new(None, None))]) }
    }

    /// Whether nobody needs a token.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.known.is_none()
    }

    /// Who shows this, or nothing. Where nobody needs a token, any is as good as none.
    ///
    /// # Errors
    /// When a token is needed and this is none of ours.
    pub fn judge(&self, presented: Option<&str>) -> Result<Identity, Denied> {
        let Some(known) = &self.known else { return Ok(Identity::new(None, None)) };
        let shown: Token = presented.ok_or(Denied::NoToken)?.parse().map_err(|_| Denied::Unknown)?;
        // All are compared, so that the time says nothing about which it is.
        let found =
            known.iter().fold(None, |found, (token, identity)| if *token == shown { Some(identity) } else { found });
        found.cloned().ok_or(Denied::Unknown)
    }
}

fn read_line(line: usize, text: &str) -> Result<(Token, Identity), GrantsError> {
    let token = |word: &str| word.parse().map_err(|source| GrantsError::Token { line, source });
    let (first, rest) = split_word(text);
    if rest.is_empty() {
        return Ok((token(first)?, Identity::new(None, None)));
    }
    let scope: Scope = first.parse().map_err(|()| GrantsError::NoScope { line })?;
    let (second, name) = split_word(rest);
    if name.chars().count() > Grants::MAX_NAME || name.chars().any(char::is_control) {
        return Err(GrantsError::Name { line });
    }
    Ok((token(second)?, Identity::new(Some(scope), (!name.is_empty()).then_some(name))))
}

fn split_word(text: &str) -> (&str, &str) {
    text.split_once([' ', '\t']).map_or((text, ""), |(word, rest)| (word, rest.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(byte: u8) -> String {
        Token::new([byte; 32]).to_text()
    }

    fn grants(file: &str) -> Result<Grants, GrantsError> {
        Grants::parse(file.as_bytes())
    }

    #[test]
    fn each_line_opens_what_it_says() {
        let file = format!(
            "# ours\n\nview {}\tthe wall\r\ncontrol  {} Anna B.\nagent {}\n  {}\n",
            text(1),
            text(2),
            text(3),
            text(4)
        );
        let grants = grants(&file).unwrap();
        let judge = |byte| grants.judge(Some(&text(byte))).unwrap();
        assert_eq!((judge(1).name(), judge(2).name(), judge(3).name()), (Some("the wall"), Some("Anna B."), None));
        let opens = |byte| [Scope::View, Scope::Control, Scope::Agent].map(|scope| judge(byte).has(scope));
        assert_eq!(opens(1), [true, false, false]);
        assert_eq!(opens(2), [true, true, false]);
        assert_eq!(opens(3), [true, true, true]);
        assert_eq!(opens(4), [true, true, true]);
        assert_eq!([1, 2, 3, 4].map(|byte| judge(byte).is_agent()), [false, false, true, false]);
        let needs = Denied::Scope { needs: Scope::Control, has: Scope::View };
        assert_eq!((judge(1).needs(Scope::Control), judge(4).needs(Scope::Agent)), (Err(needs), Ok(())));
    }

    #[test]
    fn what_is_not_known_is_not_let_in() {
        let grants = grants(&text(1)).unwrap();
        assert_eq!(grants.judge(None), Err(Denied::NoToken));
        for wrong in [text(2).as_str(), "", "x", &text(1)[1..], &format!("{} ", text(1))] {
            assert_eq!(grants.judge(Some(wrong)), Err(Denied::Unknown));
        }
    }

    #[test]
    fn without_a_file_everybody_is_let_in() {
        assert!(Grants::open().judge(None).unwrap().has(Scope::Agent));
        assert!(Grants::open().judge(Some("anything")).unwrap().has(Scope::Agent));
        assert!(!Grants::single(Token::new([1; 32])).is_open());
    }

    #[test]
    fn a_broken_line_is_named_and_not_quoted() {
        let good = text(1);
        let table = [
            (String::new(), GrantsError::Empty),
            ("# nothing\n".to_owned(), GrantsError::Empty),
            ("\nview".to_owned(), GrantsError::Token { line: 2, source: TokenError::Length(4) }),
            (format!("{good} Anna"), GrantsError::NoScope { line: 1 }),
            (format!("View {good}"), GrantsError::NoScope { line: 1 }),
            (format!("{good}\nview {good}"), GrantsError::Repeated { line: 2 }),
            (format!("view {}=", &good[..42]), GrantsError::Token { line: 1, source: TokenError::Character(43) }),
            (format!("view {good} {}", "n".repeat(65)), GrantsError::Name { line: 1 }),
            (format!("view {good} a\u{1b}b"), GrantsError::Name { line: 1 }),
            ("x".repeat(65 * 1024), GrantsError::TooLong(65 * 1024)),
        ];
        for (file, error) in table {
            assert_eq!(grants(&file).map(|_| ()), Err(error), "{file:.80}");
            assert!(!error.to_string().contains(&good[..8]), "{error}");
        }
        assert_eq!(Grants::parse(b"\n\n\xff").map(|_| ()), Err(GrantsError::NotText { line: 3 }));
    }

    #[test]
    fn so_many_tokens_and_no_more() {
        let line = |number: u16| {
            let mut bytes = [0; 32];
            bytes[..2].copy_from_slice(&number.to_be_bytes());
            Token::new(bytes).to_text() + "\n"
        };
        assert!(grants(&(0..256).map(line).collect::<String>()).is_ok());
        assert_eq!(
            grants(&(0..257).map(line).collect::<String>()).map(|_| ()),
            Err(GrantsError::TooMany { line: 257 })
        );
    }
}
