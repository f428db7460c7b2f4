//! What lets its bearer use scanouts: a machine's secret, or the token of one lease.

use std::fmt::{self, Write};
use std::hint::black_box;
use std::str::FromStr;

/// 32 bytes that nobody guesses: whoever shows them may do what they stand for.
///
/// Printing one for debugging shows nothing of it, and comparing two takes the same time wherever they differ.
#[derive(Clone, Copy)]
pub struct Token([u8; Self::LEN]);

/// Text that is no token. It never quotes the text, most of which may be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Too long or too short.
    #[error("a token has {digits} hexadecimal digits, this has {0} characters", digits = Token::DIGITS)]
    Length(usize),
    /// Something between the digits.
    #[error("character {0} of the token is no hexadecimal digit")]
    Digit(usize),
}

impl Token {
    /// Bytes of a token.
    pub const LEN: usize = 32;
    /// Hexadecimal digits of a token.
    pub const DIGITS: usize = 2 * Self::LEN;

    /// The token of these bytes. They must come from a source that nobody can predict.
    #[must_use]
    pub const fn new(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The token as lower-case digits, as files and command lines hold it.
    #[must_use]
    pub fn to_hex(&self) -> String {
        let mut text = String::with_capacity(Self::DIGITS);
        for byte in self.0 {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// Reads what a secret's file holds: the digits, and one line end or none.
    ///
    /// # Errors
    /// When it holds anything else.
    pub fn from_file(content: &[u8]) -> Result<Self, TokenError> {
        let line = content.strip_suffix(b"\n").unwrap_or(content);
        Self::from_digits(line.strip_suffix(b"\r").unwrap_or(line))
    }

    fn from_digits(digits: &[u8]) -> Result<Self, TokenError> {
        let pairs: &[u8; Self::DIGITS] = digits.try_into().map_err(|_| TokenError::Length(digits.len()))?;
        let mut bytes = [0; Self::LEN];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = digit(pairs, 2 * index)? << 4 | digit(pairs, 2 * index + 1)?;
        }
        Ok(Self(bytes))
    }
}

fn digit(digits: &[u8; Token::DIGITS], index: usize) -> Result<u8, TokenError> {
    match digits[index] {
        figure @ b'0'..=b'9' => Ok(figure - b'0'),
        letter @ (b'a'..=b'f' | b'A'..=b'F') => Ok(letter.to_ascii_lowercase() - b'a' + 10),
        _ => Err(TokenError::Digit(index + 1)),
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        Self::from_digits(text.as_bytes())
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        let differing = self.0.iter().zip(&other.0).fold(0, |seen, (ours, theirs)| seen | black_box(ours ^ theirs));
        black_box(differing) == 0
    }
}

impl Eq for Token {}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    fn counting() -> Token {
        Token::new(std::array::from_fn(|index| u8::try_from(index).expect("below 32")))
    }

    #[test]
    fn digits_and_bytes_are_the_same_token() {
        assert_eq!(DIGITS.parse(), Ok(counting()));
        assert_eq!(DIGITS.to_uppercase().parse(), Ok(counting()));
        assert_eq!(counting().to_hex(), DIGITS);
    }

    #[test]
    fn a_file_may_end_its_line_once() {
        for end in ["", "\n", "\r\n"] {
            assert_eq!(Token::from_file(format!("{DIGITS}{end}").as_bytes()), Ok(counting()), "{end:?}");
        }
        assert_eq!(Token::from_file(format!("{DIGITS}\n\n").as_bytes()), Err(TokenError::Length(65)));
        assert_eq!(Token::from_file(b""), Err(TokenError::Length(0)));
    }

    #[test]
    fn what_is_no_token_is_not_quoted() {
        let wrong = DIGITS.replace("1f", "1x");
        let error = wrong.parse::<Token>().expect_err("an x");
        assert_eq!(error, TokenError::Digit(64));
        assert_eq!(error.to_string(), "character 64 of the token is no hexadecimal digit");
        assert_eq!(DIGITS[1..].parse::<Token>(), Err(TokenError::Length(63)));
        assert_eq!("é".repeat(32).parse::<Token>(), Err(TokenError::Digit(1)));
    }

    #[test]
    fn every_bit_counts() {
        for bit in 0..256 {
            let mut bytes = *counting().as_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(Token::new(bytes), counting(), "bit {bit}");
        }
        assert_eq!(Token::new(*counting().as_bytes()), counting());
    }

    #[test]
    fn debugging_shows_nothing_of_it() {
        assert_eq!(format!("{:?}", Some(counting())), "Some(Token(…))");
    }
}
