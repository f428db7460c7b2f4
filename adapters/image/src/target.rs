//! Which image.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// An image that the recipe describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageName {
    /// Kernel and initramfs: for tests, up in seconds.
    Test,
    /// Debian with systemd on a disk of its own.
    Desktop,
}

/// The architecture of a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arch {
    /// x86-64.
    Amd64,
    /// AArch64.
    Arm64,
}

/// Which of Debian's kernels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kernel {
    /// The newest: it paces page flips.
    Backports,
    /// That of the release: for measurements that pacing would hide.
    Stable,
}

/// One image, for one architecture, with one kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Target {
    /// Which image.
    pub image: ImageName,
    /// For which machine.
    pub arch: Arch,
    /// With which kernel.
    pub kernel: Kernel,
}

/// The root of one profile, for one architecture.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RootTarget {
    /// The profile's name.
    pub profile: String,
    /// For which machine.
    pub arch: Arch,
}

/// What an image in the cache is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Subject {
    /// What a machine boots.
    Machine(Target),
    /// What desktops of a profile begin with.
    Root(RootTarget),
}

impl ImageName {
    /// As the recipe and people write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Desktop => "desktop",
        }
    }
}

impl Arch {
    /// Debian's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// That of this machine.
    ///
    /// # Errors
    /// When there is no image for it.
    pub fn of_this_machine() -> Result<Self> {
        match std::env::consts::ARCH {
            "x86_64" => Ok(Self::Amd64),
            "aarch64" => Ok(Self::Arm64),
            other => Err(Error::UnknownArch(other.to_owned())),
        }
    }
}

impl Kernel {
    /// As the recipe and people write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Backports => "backports",
            Self::Stable => "stable",
        }
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {} kernel)", self.image, self.arch, self.kernel)
    }
}

impl fmt::Display for RootTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "profile {} ({})", self.profile, self.arch)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Machine(target) => target.fmt(f),
            Self::Root(target) => target.fmt(f),
        }
    }
}

impl FromStr for Arch {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "amd64" => Ok(Self::Amd64),
            "arm64" => Ok(Self::Arm64),
            other => Err(Error::UnknownArch(other.to_owned())),
        }
    }
}
