//! Rust source as words and punctuation: comments, literals and lifetimes are gone.
//!
//! Just enough to tell the keyword `unsafe` from the word in a string, and a path from one in a comment. It never
//! fails: source that does not compile is the compiler's business.

/// A token and the line it is on, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) line: usize,
    pub(crate) kind: TokenKind<'a>,
}

/// What the checks tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind<'a> {
    /// An identifier, keyword or number.
    Word(&'a str),
    /// `::`
    PathSep,
    /// Any other character.
    Mark(char),
}

/// All tokens of `source`.
pub(crate) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer { rest: source, line: 1 };
    std::iter::from_fn(|| lexer.next_token()).collect()
}

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Lexer<'a> {
    fn next_token(&mut self) -> Option<Token<'a>> {
        while let Some(len) = blank_len(self.rest).or_else(|| literal_len(self.rest)) {
            self.take(len);
        }
        let line = self.line;
        let first = self.rest.chars().next()?;
        let kind = match word_len(self.rest) {
            0 if self.rest.starts_with("::") => {
                self.take(2);
                TokenKind::PathSep
            }
            0 => {
                self.take(first.len_utf8());
                TokenKind::Mark(first)
            }
            len => TokenKind::Word(self.take(len)),
        };
        Some(Token { line, kind })
    }

    fn take(&mut self, len: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(len);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }
}

/// Length of an identifier or number; `r#` keeps a raw identifier apart from the keyword it is spelt like.
fn word_len(rest: &str) -> usize {
    let raw = rest.strip_prefix("r#").filter(|rest| rest.starts_with(is_word));
    let prefix = if raw.is_some() { 2 } else { 0 };
    let word = &rest[prefix..];
    prefix + word.find(|c| !is_word(c)).unwrap_or(word.len())
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// Length of leading white space or of one comment.
fn blank_len(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(block_comment_len(rest));
    }
    match rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len()) {
        0 => None,
        len => Some(len),
    }
}

/// Block comments nest.
fn block_comment_len(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        match rest.as_bytes()[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] if depth == 1 => return at + 2,
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    rest.len()
}

/// Length of a string, character or lifetime that starts here.
fn literal_len(rest: &str) -> Option<usize> {
    for prefix in ["br", "cr", "r"] {
        if let Some(len) = rest.strip_prefix(prefix).and_then(raw_string_len) {
            return Some(prefix.len() + len);
        }
    }
    let prefix = if rest.starts_with("b\"") || rest.starts_with("c\"") || rest.starts_with("b'") { 1 } else { 0 };
    let body = &rest[prefix..];
    match body.chars().next()? {
        '"' => Some(prefix + string_len(body)),
        '\'' => Some(prefix + quote_len(body)),
        _ => None,
    }
}

/// `rest` starts after the `r`: hashes, then a quote.
fn raw_string_len(rest: &str) -> Option<usize> {
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    let body = rest[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", &rest[..hashes]);
    Some(body.find(&end).map_or(rest.len(), |at| hashes + 1 + at + end.len()))
}

/// `rest` starts at the opening quote.
fn string_len(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// A character literal ends in a quote, a lifetime does not.
fn quote_len(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((at, c))) => {
            let after = at + c.len_utf8();
            rest[after..].find('\'').map_or(rest.len(), |end| after + end + 1)
        }
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1 + word_len(&rest[1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::{TokenKind, tokens};

    fn words(source: &str) -> Vec<(usize, &str)> {
        let word = |token: super::Token<'static>| match token.kind {
            TokenKind::Word(word) => Some((token.line, word)),
            _ => None,
        };
        tokens(Box::leak(source.to_owned().into_boxed_str())).into_iter().filter_map(word).collect()
    }

    #[test]
    fn comments_hold_no_words() {
        assert_eq!(words("a // b\nc /* d /* e */ f\n */ g"), [(1, "a"), (2, "c"), (3, "g")]);
    }

    #[test]
    fn strings_hold_no_words() {
        assert_eq!(words(r#"x("a \" b", b"c", c"d") y"#), [(1, "x"), (1, "y")]);
        assert_eq!(words("r\"a\\\" y r#\"b \" c\"# z br##\"d\"# e\"## end"), [(1, "y"), (1, "z"), (1, "end")]);
    }

    #[test]
    fn lines_inside_a_string_are_counted() {
        assert_eq!(words("\"one\ntwo\"\nthree"), [(3, "three")]);
    }

    #[test]
    fn characters_and_lifetimes_are_told_apart() {
        assert_eq!(
            words(r"'\'' a '\u{41}' b ' ' c 'x' d b'\\' e '语' f"),
            [(1, "a"), (1, "b"), (1, "c"), (1, "d"), (1, "e"), (1, "f")]
        );
        assert_eq!(
            words("fn f<'a>(x: &'a str, y: &'static str)"),
            [(1, "fn"), (1, "f"), (1, "x"), (1, "str"), (1, "y"), (1, "str")]
        );
    }

    #[test]
    fn a_raw_identifier_is_not_the_keyword() {
        assert_eq!(words("r#unsafe"), [(1, "r#unsafe")]);
    }

    #[test]
    fn unfinished_source_ends_quietly() {
        for source in ["\"a", "r#\"a\"", "/* a", "'", "'\\", "b'", "r#"] {
            let _ = tokens(source);
        }
    }

    #[test]
    fn paths_have_separators() {
        let kinds: Vec<_> = tokens("a::b:c").into_iter().map(|token| token.kind).collect();
        let word = TokenKind::Word;
        assert_eq!(kinds, [word("a"), TokenKind::PathSep, word("b"), TokenKind::Mark(':'), word("c")]);
    }
}
