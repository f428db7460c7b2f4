//! Why a desktop ended, or did not start.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// By itself, with this status.
    Status(i32),
    /// By this signal.
    Signal(i32),
}

impl Ending {
    /// Of a status as shells, runc and Docker tell it: 128 more than the signal that killed a process.
    #[must_use]
    pub const fn of_told_status(status: i32) -> Self {
        match status {
            129..=192 => Self::Signal(status - 128),
            _ => Self::Status(status),
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "ended with status {status}"),
            Self::Signal(signal) => write!(f, "was killed by signal {signal}"),
        }
    }
}

/// Why a desktop ended, or did not start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Reason {
    /// Somebody stopped it.
    Asked,
    /// A step of its start failed.
    StartFailed {
        /// What was being done.
        step: String,
        /// Why it failed, with causes.
        cause: String,
    },
    /// No picture in time.
    NoPicture {
        /// How long it was given.
        after_s: u32,
    },
    /// The compositor, and with it the container.
    CompositorEnded {
        /// How.
        ending: Ending,
    },
    /// The kernel ended a process of it for lack of memory, and with it the desktop.
    OutOfMemory {
        /// Its bound.
        limit_mib: u32,
    },
    /// A part outside of the container.
    ServiceEnded {
        /// Which.
        service: String,
        /// How.
        ending: Ending,
    },
    /// Its lease.
    LeaseLost {
        /// What was seen.
        cause: String,
    },
    /// It shows no new picture although it should.
    Frozen {
        /// Since when, in seconds.
        for_s: u32,
    },
    /// Its launcher died, and it with it.
    LauncherDied,
    /// Its end is not done: what is left of it cannot be removed.
    NotSwept {
        /// What prevents it.
        cause: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked => write!(f, "stopped on request"),
            Self::StartFailed { step, cause } => write!(f, "cannot {step}: {cause}"),
            Self::NoPicture { after_s } => write!(f, "no picture within {after_s} s; its log may say why"),
            Self::CompositorEnded { ending } => write!(f, "its compositor {ending}"),
            Self::OutOfMemory { limit_mib } => write!(f, "a process needed more than the {limit_mib} MiB of memory"),
            Self::ServiceEnded { service, ending } => write!(f, "its {service} {ending}"),
            Self::LeaseLost { cause } => write!(f, "its lease is lost: {cause}"),
            Self::Frozen { for_s } => write!(f, "its picture has stood still for {for_s} s although it should move"),
            Self::LauncherDied => write!(f, "its launcher died"),
            Self::NotSwept { cause } => write!(f, "what is left of it cannot be removed: {cause}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Ending;

    #[test]
    fn a_told_status_is_a_signal_where_there_is_one_of_that_number() {
        let told = [0, 1, 128, 129, 137, 192, 193, 255, -1].map(Ending::of_told_status);
        let (status, signal) = (Ending::Status, Ending::Signal);
        let expected =
            [status(0), status(1), status(128), signal(1), signal(9), signal(64), status(193), status(255), status(-1)];
        assert_eq!(told, expected);
    }
}
