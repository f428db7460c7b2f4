//! Values and their percentiles.

use std::time::Duration;

use serde::Serialize;

use super::millis;

/// Every value of a run: eight bytes for each picture, so that percentiles are exact.
#[derive(Debug, Clone, Default)]
pub struct Samples(Vec<u64>);

/// Count and sizes of a kind of picture, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// How many.
    pub count: usize,
    /// The smallest; 0 when there is none.
    pub min: u64,
    /// The median; 0 when there is none.
    pub median: u64,
    /// The largest; 0 when there is none.
    pub max: u64,
}

/// Percentiles of a time, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Percentiles {
    /// How many values.
    pub count: usize,
    /// The median.
    pub p50_ms: f64,
    /// 95 of 100 are at most this.
    pub p95_ms: f64,
    /// 99 of 100 are at most this.
    pub p99_ms: f64,
    /// The largest.
    pub max_ms: f64,
}

impl Samples {
    /// Adds a value.
    pub fn push(&mut self, value: u64) {
        self.0.push(value);
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values as sizes in bytes.
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        let sorted = self.sorted();
        let at = |percent| nearest_rank(&sorted, percent).unwrap_or(0);
        Sizes { count: sorted.len(), min: at(0), median: at(50), max: at(100) }
    }

    /// The values as nanoseconds; `None` when there is none.
    #[must_use]
    pub fn percentiles(&self) -> Option<Percentiles> {
        let sorted = self.sorted();
        let at = |percent| nearest_rank(&sorted, percent).map(|nanos| millis(Duration::from_nanos(nanos)));
        Some(Percentiles { count: sorted.len(), p50_ms: at(50)?, p95_ms: at(95)?, p99_ms: at(99)?, max_ms: at(100)? })
    }

    fn sorted(&self) -> Vec<u64> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        sorted
    }
}

/// The smallest value that `percent` of 100 values do not exceed: always one that was measured, never a mean of two.
fn nearest_rank(sorted: &[u64], percent: usize) -> Option<u64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn samples(values: impl IntoIterator<Item = u64>) -> Samples {
        Samples(values.into_iter().collect())
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        let ms = |n: u64| n * 1_000_000;
        let all = samples((1..=200).rev().map(ms)).percentiles().expect("not empty");
        assert_eq!(all, Percentiles { count: 200, p50_ms: 100.0, p95_ms: 190.0, p99_ms: 198.0, max_ms: 200.0 });
        let one = samples([ms(7)]).percentiles().expect("not empty");
        assert_eq!((one.p50_ms, one.p99_ms), (7.0, 7.0));
        assert_eq!(samples([]).percentiles(), None);
    }

    #[test]
    fn sizes_of_nothing_are_zero() {
        assert_eq!(samples([]).sizes(), Sizes::default());
        assert_eq!(samples([9, 1, 4, 2]).sizes(), Sizes { count: 4, min: 1, median: 2, max: 9 });
    }

    proptest! {
        #[test]
        fn a_percentile_splits_the_values(mut values in prop::collection::vec(any::<u64>(), 1..300), percent in 0..=100usize) {
            values.sort_unstable();
            let found = nearest_rank(&values, percent).expect("not empty");
            let not_above = values.iter().filter(|value| **value <= found).count();
            let below = values.iter().filter(|value| **value < found).count();
            prop_assert!(not_above * 100 >= values.len() * percent);
            prop_assert!(below * 100 <= values.len() * percent);
        }
    }
}
