//! The clock that arrival is measured with.

use std::time::Duration;

/// Nanoseconds of this machine's CLOCK_MONOTONIC, the clock that a server on the same machine takes capture times
/// from.
///
/// [`std::time::Instant`] reads the same clock, but does not give the number away that a capture time compares with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Monotonic(u64);

impl Monotonic {
    /// The time `nanos` nanoseconds after the clock's start.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Now.
    #[must_use]
    pub fn now() -> Self {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let part = |value: i64| u64::try_from(value).unwrap_or(0);
        Self(part(time.tv_sec).saturating_mul(1_000_000_000).saturating_add(part(time.tv_nsec)))
    }

    /// Nanoseconds since the clock's start.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Time since `earlier`; zero when `earlier` is the later one.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_does_not_go_back() {
        let first = Monotonic::now();
        assert!(first.as_nanos() > 0);
        assert!(Monotonic::now() >= first);
        assert_eq!(Monotonic(3).since(Monotonic(5)), Duration::ZERO);
    }
}
