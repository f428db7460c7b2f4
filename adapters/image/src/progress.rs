//! How far a build is.

use std::fmt;

/// A part of a build, in the order in which they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Phase {
    /// Waiting for another build to end.
    Wait,
    /// Reading the archive's package lists and choosing versions.
    Resolve,
    /// Fetching packages.
    Fetch,
    /// Unpacking the kernel and what the initrd takes.
    Unpack,
    /// Packing the initrd.
    Initrd,
    /// Installing the packages of the root.
    Install,
    /// Packing the root into a file system.
    Disk,
    /// Noting sizes and digests, and moving the image into place.
    Finish,
}

/// How much of a phase is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The phase.
    pub phase: Phase,
    /// 0 to 100.
    pub percent: u8,
}

impl Progress {
    /// `done` of `total`; nothing to do is all done.
    pub(crate) fn of(phase: Phase, done: u64, total: u64) -> Self {
        let percent = done.saturating_mul(100).checked_div(total).unwrap_or(100).min(100);
        Self { phase, percent: u8::try_from(percent).expect("at most 100") }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Wait => "waiting for another build",
            Self::Resolve => "choosing packages",
            Self::Fetch => "fetching packages",
            Self::Unpack => "unpacking",
            Self::Initrd => "packing the initrd",
            Self::Install => "installing packages",
            Self::Disk => "packing the root",
            Self::Finish => "checking",
        })
    }
}

/// Whoever wants to know.
pub(crate) type Watch<'a> = &'a mut dyn FnMut(Progress);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_between_0_and_100() {
        let percent = |done, total| Progress::of(Phase::Fetch, done, total).percent;
        assert_eq!([percent(0, 3), percent(2, 3), percent(3, 3), percent(4, 3), percent(0, 0)], [0, 66, 100, 100, 100]);
        assert!(percent(u64::MAX, u64::MAX) <= 100);
    }
}
