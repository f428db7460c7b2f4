//! Where QEMU is, and how patient to be with it.

use std::path::PathBuf;
use std::time::Duration;

use super::lifeline::LifelineProgram;

/// How QEMU's display bus is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QemuAddress {
    /// Peer to peer, introduced over this QMP socket, which nobody else may use. Tells of resets too.
    Qmp(PathBuf),
    /// A message bus, as in `-display dbus,addr=…`. A bus does not tell of resets.
    Bus(String),
}

impl std::fmt::Display for QemuAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Qmp(path) => write!(f, "the QMP socket {}", path.display()),
            Self::Bus(address) => write!(f, "the bus {address}"),
        }
    }
}

/// A QEMU whose scanouts are captured.
#[derive(Debug, Clone)]
pub struct QemuConfig {
    /// How it is reached.
    pub address: QemuAddress,
    /// Most bytes for the pictures of all enabled scanouts.
    pub memory: u64,
    /// Limits and distances in time.
    pub timings: Timings,
    /// What hangs up on QEMU in our stead when this process is stopped; `None` lets QEMU grow then.
    pub lifeline: Option<LifelineProgram>,
}

impl QemuConfig {
    /// 448 MiB. A scanout keeps three pictures: sixteen of 1920×1080 take 380 MiB, sixteen of 1920×1200 take 422 MiB,
    /// two of the largest, 5120×2880, take 338 MiB.
    pub const MEMORY: u64 = 448 << 20;

    /// The usual limits.
    #[must_use]
    pub fn new(address: QemuAddress) -> Self {
        Self { address, memory: Self::MEMORY, timings: Timings::default(), lifeline: None }
    }
}

/// Limits and distances in time.
#[derive(Debug, Clone, Copy)]
pub struct Timings {
    /// From one switch of a display device to its next: a guest loses hot-plug events that come closer.
    pub spacing: Duration,
    /// How long QEMU may take for an answer.
    pub answer: Duration,
    /// How long answering QEMU may take before its listener is dropped and registered anew.
    pub stall: Duration,
    /// Wait before the first new attempt; it doubles with every further one.
    pub first_retry: Duration,
    /// Longest wait before a new attempt.
    pub last_retry: Duration,
    /// Shortest time between two registrations that are to win a listener its shared maps back.
    pub promotion: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            spacing: Duration::from_millis(100),
            answer: Duration::from_secs(5),
            stall: Duration::from_millis(500),
            first_retry: Duration::from_millis(50),
            last_retry: Duration::from_secs(1),
            promotion: Duration::from_secs(5),
        }
    }
}

impl Timings {
    /// The waits between attempts.
    pub(super) fn retries(&self) -> Retries {
        Retries::new(self.first_retry, self.last_retry)
    }
}

/// Waits that double up to a limit.
#[derive(Debug)]
pub(super) struct Retries {
    next: Duration,
    first: Duration,
    last: Duration,
}

impl Retries {
    pub(super) fn new(first: Duration, last: Duration) -> Self {
        Self { next: first, first, last }
    }

    pub(super) fn next(&mut self) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).min(self.last);
        wait
    }

    /// An attempt was successful.
    pub(super) fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_limit_and_start_again() {
        let mut retries = Timings::default().retries();
        let millis: Vec<_> = (0..7).map(|_| retries.next().as_millis()).collect();
        assert_eq!(millis, [50, 100, 200, 400, 800, 1000, 1000]);
        retries.reset();
        assert_eq!(retries.next().as_millis(), 50);
    }
}
