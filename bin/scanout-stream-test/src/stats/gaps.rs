//! Silences between pictures.

use std::time::Duration;

use serde::Serialize;

use super::millis;
use crate::Monotonic;

/// Watches for silences from one picture to the next, and from the last one to the end.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gaps {
    last: Option<Monotonic>,
    long: u64,
    longest: Duration,
}

/// The silences of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct GapTally {
    /// Silences above 100 ms.
    pub over_100_ms: u64,
    /// The longest silence of any length, in milliseconds.
    pub longest_ms: f64,
}

impl Gaps {
    /// Silences up to this are not counted: ten pictures a second, which still looks like motion.
    pub const LIMIT: Duration = Duration::from_millis(100);

    /// A picture arrived at `at`. The time before the first one is not a gap.
    pub fn add(&mut self, at: Monotonic) {
        self.count_until(at);
        self.last = Some(at);
    }

    /// The tally of a run that ended at `end`.
    #[must_use]
    pub fn tally(mut self, end: Monotonic) -> GapTally {
        self.count_until(end);
        GapTally { over_100_ms: self.long, longest_ms: millis(self.longest) }
    }

    fn count_until(&mut self, at: Monotonic) {
        let gap = self.last.map_or(Duration::ZERO, |last| at.since(last));
        self.long += u64::from(gap > Self::LIMIT);
        self.longest = self.longest.max(gap);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(arrivals: &[u64], end: u64) -> (u64, f64) {
        let at = |ms: u64| Monotonic::from_nanos(ms * 1_000_000);
        let mut gaps = Gaps::default();
        arrivals.iter().for_each(|ms| gaps.add(at(*ms)));
        let GapTally { over_100_ms, longest_ms } = gaps.tally(at(end));
        (over_100_ms, longest_ms)
    }

    #[test]
    fn only_silences_above_the_limit_count() {
        assert_eq!(tally(&[500, 600, 701, 710, 1110], 1120), (2, 400.0));
    }

    #[test]
    fn the_silence_at_the_end_counts_and_the_one_before_the_first_picture_does_not() {
        assert_eq!(tally(&[5000], 5010), (0, 10.0));
        assert_eq!(tally(&[5000], 8000), (1, 3000.0));
        assert_eq!(tally(&[], 8000), (0, 0.0));
    }
}
