//! What a device is called in udev's database.

use std::fmt;
use std::str::FromStr;

/// Major and minor number of a character device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeviceNumber {
    /// Which kind: 226 is graphics, 13 is input.
    pub major: u32,
    /// Which of its kind.
    pub minor: u32,
}

/// A text that is no device number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no MAJOR:MINOR")]
pub struct DeviceNumberError(pub String);

impl fmt::Display for DeviceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.major, self.minor)
    }
}

/// The form of the file `dev` in sysfs.
impl FromStr for DeviceNumber {
    type Err = DeviceNumberError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = text
            .trim_end()
            .split_once(':')
            .and_then(|(major, minor)| Some(Self { major: major.parse().ok()?, minor: minor.parse().ok()? }));
        parsed.ok_or_else(|| DeviceNumberError(text.chars().take(40).collect()))
    }
}

/// The name of a device's entry: of its file, and of the marks below `tags`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DeviceKey {
    /// A device with a node, such as `c226:0`.
    Node(DeviceNumber),
    /// One without, such as `+input:input5`.
    Plain {
        /// Its subsystem.
        subsystem: String,
        /// The last part of its path in sysfs.
        name: String,
    },
}

impl fmt::Display for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(number) => write!(f, "c{number}"),
            Self::Plain { subsystem, name } => write!(f, "+{subsystem}:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_as_udevd_names_them() {
        let number = "226:1\n".parse().unwrap();
        assert_eq!(DeviceKey::Node(number).to_string(), "c226:1");
        let plain = DeviceKey::Plain { subsystem: "input".to_owned(), name: "input5".to_owned() };
        assert_eq!(plain.to_string(), "+input:input5");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "226", ":", "226:", ":0", "a:b", "-1:0", "226:0:0"] {
            assert!(text.parse::<DeviceNumber>().is_err(), "{text:?}");
        }
    }
}
