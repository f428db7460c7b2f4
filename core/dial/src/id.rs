//! Names and numbers of what dials and is dialled.

use std::fmt;
use std::str::FromStr;

/// A source of secrets: 16 bytes that nobody can guess.
pub type Dice = Box<dyn FnMut() -> [u8; 16] + Send>;

/// A text that is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not a name of a runner.
    #[error("a runner's name has 1 to {max} characters of a-z A-Z 0-9 - _ .", max = RunnerId::MAX)]
    Runner,
    /// Not 32 hex characters.
    #[error("an id has 32 characters of 0-9 a-f")]
    Hex,
}

/// Who waits to be dialled: `desktop-…`, `hydra-…`, `export-…`, `sandbox-…`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunnerId(String);

impl RunnerId {
    /// What begins the name of a runner that is a host; the host's own name follows.
    pub const HOST: &'static str = "hydra-";

    /// What begins the name of a runner that has a host's pictures; the host's own name follows.
    pub const EXPORT: &'static str = "export-";

    /// The longest name, in bytes.
    pub const MAX: usize = 128;

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RunnerId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let valid = (1..=Self::MAX).contains(&text.len()) && text.bytes().all(plain);
        if valid { Ok(Self(text.to_owned())) } else { Err(IdError::Runner) }
    }
}

impl fmt::Display for RunnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whose token came with a connection, in whatever way the server tells its users apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner(pub String);

macro_rules! hex_id {
    ($(#[$what:meta])* $name:ident) => {
        $(#[$what])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; 16]);

        impl $name {
            /// The id of these bytes.
            #[must_use]
            pub const fn new(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            /// Not the id: whoever knows it may answer for it.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                unhex(text).map(Self).ok_or(IdError::Hex)
            }
        }
    };
}

hex_id! {
    /// One control channel, for as long as it lasts.
    DialerId
}
hex_id! {
    /// One try to have a dial answered.
    RequestId
}
hex_id! {
    /// One start of a runner's program: tells a runner that came back from another that took its name.
    InstanceId
}

fn unhex(text: &str) -> Option<[u8; 16]> {
    let digits: &[u8; 32] = text.as_bytes().try_into().ok()?;
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{RequestId, RunnerId};

    #[test]
    fn names_are_plain() {
        for good in ["desktop-ses_01", "hydra-a.b", "x"] {
            assert_eq!(good.parse::<RunnerId>().unwrap().as_str(), good);
        }
        for bad in ["", "a b", "a/b", "ü", "a\n", &"x".repeat(129)] {
            assert!(bad.parse::<RunnerId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn ids_are_32_lower_case_hex_characters() {
        let text = "00ff10a0b0c0d0e0f001020304050607";
        let id: RequestId = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        for bad in ["", &text[1..], &text.to_uppercase(), "g0ff10a0b0c0d0e0f001020304050607"] {
            assert!(bad.parse::<RequestId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn ids_are_not_printed_by_accident() {
        assert_eq!(format!("{:?}", RequestId::new([7; 16])), "RequestId(…)");
    }
}
