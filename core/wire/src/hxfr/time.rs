//! Times and durations as frame messages carry them.

use lunette_frame::Pts;

/// Nanoseconds in an `i64`; the wire's −1 means "none" and is [`None`] here.
///
/// Peers have no other use for negative values, but they are kept, so that a reply can carry them back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Nanos(i64);

impl Nanos {
    const NONE: i64 = -1;

    /// What the wire's `value` stands for.
    #[must_use]
    pub const fn from_wire(value: i64) -> Option<Self> {
        if value == Self::NONE { None } else { Some(Self(value)) }
    }

    /// The wire's value for `nanos`.
    #[must_use]
    pub const fn to_wire(nanos: Option<Self>) -> i64 {
        match nanos {
            Some(Self(value)) => value,
            None => Self::NONE,
        }
    }

    /// The nanoseconds, never −1.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// As a capture time; [`None`] when it is negative.
    #[must_use]
    pub fn pts(self) -> Option<Pts> {
        u64::try_from(self.0).ok().map(Pts::from_nanos)
    }
}

impl From<Pts> for Nanos {
    /// Times above `i64::MAX` (292 years of uptime) become `i64::MAX`.
    fn from(pts: Pts) -> Self {
        Self(i64::try_from(pts.as_nanos()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_minus_one_is_none() {
        assert_eq!(Nanos::from_wire(-1), None);
        for value in [i64::MIN, -2, 0, 1, i64::MAX] {
            assert_eq!(Nanos::to_wire(Nanos::from_wire(value)), value);
        }
        assert_eq!(Nanos::to_wire(None), -1);
    }

    #[test]
    fn negative_times_are_no_capture_times() {
        assert_eq!(Nanos::from_wire(-2).and_then(Nanos::pts), None);
        assert_eq!(Nanos::from_wire(7).and_then(Nanos::pts), Some(Pts::from_nanos(7)));
        assert_eq!(Nanos::from(Pts::from_nanos(u64::MAX)).get(), i64::MAX);
    }
}
