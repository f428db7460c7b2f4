//! A histogram that any thread may add to.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counts by upper bound, in the unit that its owner says.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [f64],
    counts: Box<[AtomicU64]>,
    /// Sum in millionths of the unit.
    micros: AtomicU64,
}

/// What a histogram holds at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// Upper bound and how many values are at or below it.
    pub buckets: Vec<(f64, u64)>,
    /// How many values in all.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
}

impl Histogram {
    /// Bounds for steps of the frame path, in seconds.
    pub const SECONDS: &'static [f64] = &[
        0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002, 0.003, 0.004, 0.005, 0.007_5, 0.01, 0.015, 0.025, 0.05,
        0.1, 0.25,
    ];
    /// Bounds for parts of a picture, 0 to 1.
    pub const SHARES: &'static [f64] = &[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0];

    /// An empty histogram with these upper bounds, in rising order.
    #[must_use]
    pub fn new(bounds: &'static [f64]) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { bounds, counts, micros: AtomicU64::new(0) }
    }

    /// Counts a value that is not negative.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sum of parts, saturating")]
    pub fn observe(&self, value: f64) {
        let at = self.bounds.iter().position(|bound| value <= *bound).unwrap_or(self.bounds.len());
        self.counts[at].fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add((value * 1e6) as u64, Ordering::Relaxed);
    }

    /// Counts a time, in seconds.
    pub fn observe_time(&self, time: Duration) {
        self.observe(time.as_secs_f64());
    }

    /// Everything counted so far.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a sum for a graph")]
    pub fn snapshot(&self) -> Snapshot {
        let mut count = 0;
        let mut buckets = Vec::with_capacity(self.bounds.len());
        for (at, counted) in self.counts.iter().enumerate() {
            count += counted.load(Ordering::Relaxed);
            if let Some(bound) = self.bounds.get(at) {
                buckets.push((*bound, count));
            }
        }
        Snapshot { buckets, count, sum: self.micros.load(Ordering::Relaxed) as f64 / 1e6 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_count_at_and_below_their_bound() {
        let histogram = Histogram::new(&[0.5, 1.0]);
        for value in [0.25, 0.5, 0.75, 9.0] {
            histogram.observe(value);
        }
        let Snapshot { buckets, count, sum } = histogram.snapshot();
        assert_eq!(buckets, [(0.5, 2), (1.0, 3)]);
        assert_eq!((count, sum), (4, 10.5));
    }
}
