//! Values and what summarises them.

use std::time::Duration;

use serde::Serialize;

/// Every value of a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Samples(Vec<f64>);

/// What summarises a run; percentiles are nearest ranks, so each is a value that was measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) count: usize,
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
    pub(crate) mean: f64,
}

impl Samples {
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// Adds a time, in milliseconds.
    pub(crate) fn push_time(&mut self, time: Duration) {
        self.push(millis(time));
    }

    /// Adds all values of another run.
    pub(crate) fn extend(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    pub(crate) fn sum(&self) -> f64 {
        self.0.iter().sum()
    }

    /// `None` when there is no value.
    #[expect(clippy::cast_precision_loss, reason = "a count of frames")]
    pub(crate) fn spread(&self) -> Option<Spread> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let at = |percent| nearest_rank(&sorted, percent);
        Some(Spread {
            count: sorted.len(),
            min: at(0)?,
            median: at(50)?,
            p99: at(99)?,
            max: at(100)?,
            mean: self.sum() / sorted.len() as f64,
        })
    }
}

impl FromIterator<f64> for Samples {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

/// Milliseconds with their fraction.
pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The smallest value that `percent` of 100 values do not exceed.
fn nearest_rank(sorted: &[f64], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let spread = (1..=200).rev().map(f64::from).collect::<Samples>().spread().unwrap();
        let expected = Spread { count: 200, min: 1.0, median: 100.0, p99: 198.0, max: 200.0, mean: 100.5 };
        assert_eq!(spread, expected);
    }

    #[test]
    fn one_value_is_all_of_them() {
        let spread = [7.5].into_iter().collect::<Samples>().spread().unwrap();
        assert_eq!((spread.min, spread.median, spread.p99, spread.max), (7.5, 7.5, 7.5, 7.5));
    }

    #[test]
    fn nothing_has_no_spread() {
        assert_eq!(Samples::default().spread(), None);
    }

    proptest! {
        #[test]
        fn a_spread_is_in_order(values in prop::collection::vec(-1e9..1e9f64, 1..300)) {
            let spread = values.iter().copied().collect::<Samples>().spread().unwrap();
            prop_assert!(spread.min <= spread.median && spread.median <= spread.p99 && spread.p99 <= spread.max);
            prop_assert!(values.contains(&spread.median) && values.contains(&spread.p99));
        }
    }
}
