//! Capture time.

use std::time::Duration;

/// When a picture was captured: nanoseconds of the capturing host's monotonic clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pts(u64);

impl Pts {
    /// The time `nanos` nanoseconds after the clock's start.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the clock's start.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The time `wait` later.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// Time since `earlier`; zero when `earlier` is the later one.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Makes the capture times of one stream strictly increasing, whatever the source reports.
///
/// Every stream has one of these, and nothing else sets its times.
#[derive(Debug, Default)]
pub struct PtsStamper {
    last: Option<Pts>,
}

impl PtsStamper {
    /// The time to put on a picture that the source says was captured at `captured`.
    pub fn stamp(&mut self, captured: Pts) -> Pts {
        let pts = match self.last {
            Some(last) if captured <= last => Pts(last.0.saturating_add(1)),
            _ => captured,
        };
        self.last = Some(pts);
        pts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_increase_strictly_even_when_the_source_repeats_or_goes_back() {
        let mut stamper = PtsStamper::default();
        let given = [5, 5, 3, 9, 0, 10].map(Pts::from_nanos);
        let stamped = given.map(|pts| stamper.stamp(pts).as_nanos());
        assert_eq!(stamped, [5, 6, 7, 9, 10, 11]);
    }

    #[test]
    fn honest_times_pass_unchanged() {
        let mut stamper = PtsStamper::default();
        let third = 333_333_333;
        assert!((1..10).all(|n| stamper.stamp(Pts(n * third)).as_nanos() == n * third));
    }
}
