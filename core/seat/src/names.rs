//! Names and numbers of device nodes.

use std::fmt;
use std::str::FromStr;

/// A text that is no such name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {what}")]
pub struct NameError {
    text: String,
    what: &'static str,
}

/// The number behind the prefix, as the kernel writes it: no sign, no leading zero.
fn numbered(text: &str, prefix: &str) -> Option<u16> {
    let digits = text.strip_prefix(prefix)?;
    let number: u16 = digits.parse().ok()?;
    (number.to_string() == digits).then_some(number)
}

macro_rules! node_name {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u16);

        impl $name {
            /// The node with this number.
            #[must_use]
            pub const fn new(number: u16) -> Self {
                Self(number)
            }

            /// Its number.
            #[must_use]
            pub const fn number(self) -> u16 {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                let error = || NameError { text: text.to_owned(), what: $what };
                numbered(text, $prefix).map(Self).ok_or_else(error)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    };
}

node_name!(
    /// The name of an input device's node in `/dev/input`, such as `event3`.
    EventName,
    "event",
    "name of an input device's node"
);
node_name!(
    /// The name of a graphics card's primary node in `/dev/dri`, such as `card0`.
    CardName,
    "card",
    "name of a card's node"
);
node_name!(
    /// The name of a graphics card's render node in `/dev/dri`, such as `renderD128`.
    RenderName,
    "renderD",
    "name of a render node"
);

/// A device's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceNumber {
    /// The kind of device.
    pub major: u32,
    /// Which of its kind.
    pub minor: u32,
}

impl DeviceNumber {
    /// The kind of all cards and render nodes.
    pub const DRM: u32 = 226;
    /// The kind of all input devices.
    pub const INPUT: u32 = 13;
}

impl fmt::Display for DeviceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.major, self.minor)
    }
}

/// A seat's name, such as `seat0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatName(String);

impl SeatName {
    /// Longest name that clients take, in bytes, without the final NUL.
    const MAX: usize = 63;

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for SeatName {
    fn default() -> Self {
        Self("seat0".to_owned())
    }
}

impl FromStr for SeatName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let named = text.strip_prefix("seat").is_some_and(|rest| !rest.is_empty());
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        if named && plain && text.len() <= Self::MAX {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError { text: text.to_owned(), what: "name of a seat" })
        }
    }
}

impl fmt::Display for SeatName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{CardName, EventName, RenderName, SeatName};

    #[test]
    fn a_name_is_written_in_one_way_only() {
        assert_eq!("event12".parse(), Ok(EventName::new(12)));
        assert_eq!("renderD128".parse(), Ok(RenderName::new(128)));
        assert_eq!(CardName::new(0).to_string(), "card0");
        for text in ["event", "event012", "event+1", "event-1", " event1", "event1 ", "event1/", "event65536", "Event1"]
        {
            assert!(text.parse::<EventName>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_seat_has_a_plain_name() {
        assert!("seat0".parse::<SeatName>().is_ok());
        for text in ["", "seat", "chair0", "seat/0", "seat\0", &format!("seat{}", "0".repeat(60))] {
            assert!(text.parse::<SeatName>().is_err(), "{text}");
        }
    }
}
