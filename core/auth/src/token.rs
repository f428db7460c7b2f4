//! What opens a desktop: 32 random bytes, as 43 characters that fit a URL's fragment and a subprotocol's name.

use std::fmt;
use std::hint::black_box;
use std::str::FromStr;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A secret. It is compared in the same time wherever it differs, and debugging does not show it.
#[derive(Clone, Copy)]
pub struct Token([u8; Token::LEN]);

/// A text that is no token; it is not quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Too short or too long.
    #[error("a token has 43 characters, not {0}")]
    Length(usize),
    /// Something else than letters, digits, `-` and `_`.
    #[error("character {0} of the token is no letter, digit, - or _")]
    Character(usize),
    /// The last character stands for four bits, which leaves sixteen that it may be.
    #[error("the last character of the token is none that ends one")]
    End,
}

impl Token {
    /// Its bytes.
    pub const LEN: usize = 32;
    /// Its characters.
    pub const CHARACTERS: usize = 43;

    /// The token of these bytes, which come from a source of secrets.
    #[must_use]
    pub const fn new(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// Its characters: base64url without padding.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::with_capacity(Self::CHARACTERS);
        for chunk in self.0.chunks(3) {
            let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
            let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
            for place in 0..=chunk.len() {
                let index = bits >> (18 - 6 * place) & 0x3f;
                text.push(char::from(ALPHABET[index as usize]));
            }
        }
        text
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let characters: &[u8; Self::CHARACTERS] =
            text.as_bytes().try_into().map_err(|_| TokenError::Length(text.chars().count()))?;
        let mut bytes = [0; Self::LEN];
        let mut filled = 0;
        let (mut bits, mut count) = (0_u32, 0);
        for (index, character) in characters.iter().enumerate() {
            bits = bits << 6 | six_bits(*character).ok_or(TokenError::Character(index + 1))?;
            count += 6;
            if count >= 8 {
                count -= 8;
                bytes[filled] = (bits >> count & 0xff) as u8;
                bits &= (1 << count) - 1;
                filled += 1;
            }
        }
        if bits == 0 { Ok(Self(bytes)) } else { Err(TokenError::End) }
    }
}

fn six_bits(character: u8) -> Option<u32> {
    Some(u32::from(match character {
        b'A'..=b'Z' => character - b'A',
        b'a'..=b'z' => character - b'a' + 26,
        b'0'..=b'9' => character - b'0' + 52,
        b'-' => 62,
        b'_' => 63,
        _ => return None,
    }))
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
    use proptest::prelude::*;

    #[test]
    fn known_bytes_have_known_characters() {
        assert_eq!(Token::new([0; 32]).to_text(), "A".repeat(43));
        assert_eq!(Token::new([255; 32]).to_text(), "_".repeat(42) + "8");
        let counting = Token::new(std::array::from_fn(|index| u8::try_from(index).unwrap()));
        assert_eq!(counting.to_text(), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
    }

    #[test]
    fn what_is_no_token_is_not_quoted() {
        let parse = |text: &str| text.parse::<Token>();
        assert_eq!(parse(""), Err(TokenError::Length(0)));
        assert_eq!(parse(&"A".repeat(44)), Err(TokenError::Length(44)));
        assert_eq!(parse(&("A".repeat(42) + "=")), Err(TokenError::Character(43)));
        assert_eq!(parse(&("+".to_owned() + &"A".repeat(42))), Err(TokenError::Character(1)));
        assert_eq!(parse(&("A".repeat(42) + "B")), Err(TokenError::End));
        assert_eq!(parse(&("é".to_owned() + &"A".repeat(41))), Err(TokenError::Character(1)));
    }

    #[test]
    fn every_bit_counts() {
        for bit in 0..256 {
            let mut bytes = [0x5a; 32];
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(Token::new(bytes), Token::new([0x5a; 32]), "bit {bit}");
        }
    }

    #[test]
    fn debugging_shows_nothing_of_it() {
        assert_eq!(format!("{:?}", Token::new([1; 32])), "Token(…)");
    }

    proptest! {
        #[test]
        fn every_token_has_one_text(bytes: [u8; 32]) {
            let text = Token::new(bytes).to_text();
            prop_assert_eq!(text.len(), Token::CHARACTERS);
            prop_assert_eq!(text.parse(), Ok(Token::new(bytes)));
        }

        #[test]
        fn every_text_that_is_one_is_written_alike(text in "[A-Za-z0-9_-]{43}") {
            if let Ok(token) = text.parse::<Token>() {
                prop_assert_eq!(token.to_text(), text);
            }
        }
    }
}
