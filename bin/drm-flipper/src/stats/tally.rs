//! Flips and the times between them.

use std::num::NonZeroU32;
use std::time::Duration;

use super::{Histogram, Times};

/// Counts flips and measures how regular they are.
#[derive(Debug, Clone)]
pub struct FlipTally {
    /// What the time between two flips should be, when that is known.
    interval: Option<Duration>,
    flips: u64,
    first: Duration,
    last: Duration,
    gap: Option<Duration>,
    gaps: Histogram,
    jitter: Histogram,
}

impl FlipTally {
    /// Expects this many flips per second; [`None`] is flat out.
    #[must_use]
    pub fn new(fps: Option<NonZeroU32>) -> Self {
        Self {
            interval: fps.map(|fps| Duration::from_secs(1) / fps.get()),
            flips: 0,
            first: Duration::ZERO,
            last: Duration::ZERO,
            gap: None,
            gaps: Histogram::default(),
            jitter: Histogram::default(),
        }
    }

    /// Counts a flip that was done at `time` of any clock that goes forward.
    pub fn add(&mut self, time: Duration) {
        self.flips += 1;
        if self.flips == 1 {
            self.first = time;
        } else {
            let gap = time.saturating_sub(self.last);
            if let Some(expected) = self.interval.or(self.gap) {
                self.jitter.add(gap.abs_diff(expected));
            }
            self.gaps.add(gap);
            self.gap = Some(gap);
        }
        self.last = time;
    }

    /// Flips so far.
    #[must_use]
    pub const fn flips(&self) -> u64 {
        self.flips
    }

    /// From the first to the last flip.
    #[must_use]
    pub fn span(&self) -> Duration {
        self.last.saturating_sub(self.first)
    }

    /// Flips per second from the first to the last; 0 when there are not two.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "no run has 2^52 flips")]
    pub fn rate(&self) -> f64 {
        let seconds = self.span().as_secs_f64();
        if seconds > 0.0 { (self.flips - 1) as f64 / seconds } else { 0.0 }
    }

    /// The time from one flip to the next.
    #[must_use]
    pub fn gaps(&self) -> Option<Times> {
        self.gaps.times()
    }

    /// How far that time is off: from the rate asked for, or flat out from the time before.
    #[must_use]
    pub fn jitter(&self) -> Option<Times> {
        self.jitter.times()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(fps: u32, millis: &[u64]) -> FlipTally {
        let mut tally = FlipTally::new(NonZeroU32::new(fps));
        millis.iter().for_each(|time| tally.add(Duration::from_millis(1000 + time)));
        tally
    }

    #[test]
    fn regular_flips_have_no_jitter() {
        let tally = tally(50, &[0, 20, 40, 60]);
        assert_eq!(tally.jitter(), Some(Times { p50_ms: 0.0, p99_ms: 0.0, max_ms: 0.0 }));
        assert!((tally.rate() - 50.0).abs() < 1e-9);
        assert_eq!((tally.flips(), tally.span()), (4, Duration::from_millis(60)));
    }

    #[test]
    fn paced_jitter_is_the_distance_from_the_rate() {
        let tally = tally(50, &[0, 23, 40]);
        assert_eq!(tally.gaps().map(|gaps| gaps.max_ms), Some(23.0));
        assert_eq!(tally.jitter().map(|jitter| jitter.max_ms), Some(3.0));
    }

    #[test]
    fn flat_out_jitter_is_the_distance_from_the_gap_before() {
        assert_eq!(tally(0, &[0, 5]).jitter(), None);
        assert_eq!(tally(0, &[0, 5, 10, 25]).jitter().map(|jitter| jitter.max_ms), Some(10.0));
    }

    #[test]
    fn one_flip_has_no_rate() {
        let tally = tally(0, &[7]);
        assert_eq!((tally.flips(), tally.rate(), tally.gaps()), (1, 0.0, None));
        assert_eq!(super::FlipTally::new(None).rate(), 0.0);
    }
}
