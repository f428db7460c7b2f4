//! Error numbers that go over the wire.

use std::fmt;

/// An error number of Linux.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Errno(i32);

impl Errno {
    /// Not permitted.
    pub const EPERM: Self = Self(1);
    /// An error of the device or its driver.
    pub const EIO: Self = Self(5);
    /// No such descriptor or id.
    pub const EBADF: Self = Self(9);
    /// Somebody else's.
    pub const EACCES: Self = Self(13);
    /// Not now.
    pub const EBUSY: Self = Self(16);
    /// No such device.
    pub const ENODEV: Self = Self(19);
    /// Not a sensible argument.
    pub const EINVAL: Self = Self(22);
    /// Too many are open.
    pub const EMFILE: Self = Self(24);

    /// This number as it is.
    #[must_use]
    pub const fn new(number: i32) -> Self {
        Self(number)
    }

    /// As a number.
    #[must_use]
    pub const fn get(self) -> i32 {
        self.0
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "errno {}", self.0)
    }
}
