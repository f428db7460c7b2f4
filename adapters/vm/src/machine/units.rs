//! Names and sizes within what QEMU takes.

use std::fmt;
use std::str::FromStr;

use crate::error::VmError;

/// A name that is safe in file names, in QEMU's options and in the guest: 1 to 31 of letters, digits, `.`, `_`, `-`,
/// not starting with a dot or dash.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(String);

impl Label {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Label {
    type Err = VmError;

    fn from_str(text: &str) -> Result<Self, VmError> {
        let refused = |why| VmError::Setting { what: "a name", given: text.chars().take(64).collect(), why };
        if text.is_empty() || text.len() > 31 {
            return Err(refused("it has 1 to 31 characters"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
            return Err(refused("it has only letters, digits, '.', '_' and '-'"));
        }
        if text.starts_with(['.', '-']) {
            return Err(refused("it starts with a letter, a digit or '_'"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a guest knows a disk by: 1 to 20 of what a [`Label`] may have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial(Label);

impl Serial {
    /// The serial.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for Serial {
    type Err = VmError;

    fn from_str(text: &str) -> Result<Self, VmError> {
        if text.len() > 20 {
            let given = text.chars().take(64).collect();
            return Err(VmError::Setting {
                what: "a disk's serial",
                given,
                why: "a virtio disk has room for 20 bytes",
            });
        }
        Ok(Self(text.parse()?))
    }
}

/// Memory in MiB, 64 to 4 194 304.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mebibytes(u32);

impl Mebibytes {
    /// # Errors
    /// When it is too little to boot, or more than a host has.
    pub fn new(count: u32) -> Result<Self, VmError> {
        let why = "it is from 64 to 4194304 MiB";
        let refused = || VmError::Setting { what: "the memory", given: count.to_string(), why };
        (64..=4 << 20).contains(&count).then_some(Self(count)).ok_or_else(refused)
    }

    /// How many.
    pub fn get(self) -> u32 {
        self.0
    }
}

/// Virtual processors, 1 to 255.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cpus(u8);

impl Cpus {
    /// # Errors
    /// When there are none.
    pub fn new(count: u8) -> Result<Self, VmError> {
        let refused = || VmError::Setting { what: "the processors", given: count.to_string(), why: "one is needed" };
        (count > 0).then_some(Self(count)).ok_or_else(refused)
    }

    /// How many.
    pub fn get(self) -> u8 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_cannot_leave_its_directory_or_its_option() {
        for text in ["", "..", ".x", "-x", "a/b", "a,b", "a b", "a=b", "ä", &"x".repeat(32)] {
            assert!(text.parse::<Label>().is_err(), "{text:?}");
        }
        for text in ["a", "desk-1", "_x", "9", "A.b", &"x".repeat(31)] {
            assert_eq!(text.parse::<Label>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn a_serial_is_as_long_as_a_virtio_disk_has_room_for() {
        assert_eq!("lunette-light".parse::<Serial>().unwrap().as_str(), "lunette-light");
        assert!("x".repeat(20).parse::<Serial>().is_ok());
        for text in [&"x".repeat(21), "", "a,b"] {
            assert!(text.parse::<Serial>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn sizes_have_limits() {
        assert!(Mebibytes::new(63).is_err() && Mebibytes::new(64).is_ok());
        assert!(Mebibytes::new(u32::MAX).is_err());
        assert!(Cpus::new(0).is_err() && Cpus::new(255).is_ok());
    }
}
