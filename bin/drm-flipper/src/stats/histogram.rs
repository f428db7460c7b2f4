//! Percentiles of any number of times.

use std::time::Duration;

use serde::Serialize;

/// Each octave has so many buckets, so that a percentile is right to 1 in 1024.
const PER_OCTAVE: u64 = 1024;
/// Up to six days.
const OCTAVES: usize = 30;

/// Times in microseconds: single ones below 1024, then in buckets that grow with their values.
#[derive(Debug, Clone)]
pub struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    max: u64,
}

/// Percentiles of a time, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Times {
    /// The median.
    pub p50_ms: f64,
    /// 99 of 100 are at most this.
    pub p99_ms: f64,
    /// The largest.
    pub max_ms: f64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: vec![0; OCTAVES * bucket_number(PER_OCTAVE)], count: 0, max: 0 }
    }
}

impl Histogram {
    /// Adds a time.
    pub fn add(&mut self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let last = self.buckets.len() - 1;
        self.buckets[bucket_of(micros).min(last)] += 1;
        self.count += 1;
        self.max = self.max.max(micros);
    }

    /// The percentiles; [`None`] before the first time.
    #[must_use]
    pub fn times(&self) -> Option<Times> {
        let at = |percent| Some(millis(self.percentile(percent)?));
        Some(Times { p50_ms: at(50)?, p99_ms: at(99)?, max_ms: millis(self.max) })
    }

    /// The end of the bucket that holds the time which `percent` of 100 do not exceed.
    fn percentile(&self, percent: u64) -> Option<u64> {
        let rank = (self.count * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let full = self.buckets.iter().position(|bucket| {
            seen += bucket;
            seen >= rank
        })?;
        Some(end_of(full).min(self.max))
    }
}

fn bucket_number(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// The place of a value: its octave, and within it the ten bits below the leading one.
fn bucket_of(value: u64) -> usize {
    if value < PER_OCTAVE {
        return bucket_number(value);
    }
    let octave = value.ilog2() - PER_OCTAVE.ilog2();
    bucket_number(u64::from(octave) * PER_OCTAVE + (value >> octave))
}

/// The largest value in a bucket.
fn end_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < PER_OCTAVE {
        return bucket;
    }
    let octave = bucket / PER_OCTAVE - 1;
    ((bucket - octave * PER_OCTAVE + 1) << octave) - 1
}

#[expect(clippy::cast_precision_loss, reason = "the precision of a percentile is far lower")]
fn millis(micros: u64) -> f64 {
    micros as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn times(micros: impl IntoIterator<Item = u64>) -> Option<Times> {
        let mut histogram = Histogram::default();
        micros.into_iter().for_each(|micros| histogram.add(Duration::from_micros(micros)));
        histogram.times()
    }

    #[test]
    fn nothing_has_no_percentiles() {
        assert_eq!(times([]), None);
    }

    #[test]
    fn small_times_are_exact() {
        assert_eq!(times(1..=50), Some(Times { p50_ms: 0.025, p99_ms: 0.05, max_ms: 0.05 }));
        assert_eq!(times([0, 0, 7]), Some(Times { p50_ms: 0.0, p99_ms: 0.007, max_ms: 0.007 }));
    }

    #[test]
    fn one_time_is_every_percentile() {
        assert_eq!(times([16_667]), Some(Times { p50_ms: 16.667, p99_ms: 16.667, max_ms: 16.667 }));
    }

    #[test]
    fn times_beyond_the_last_bucket_count() {
        let histogram = times([u64::MAX, u64::MAX]).expect("two");
        assert!(histogram.p50_ms > 0.0 && histogram.max_ms > 1e15);
    }

    proptest! {
        #[test]
        fn a_bucket_holds_its_value_and_is_narrow(value in 0..1_u64 << 44) {
            let bucket = bucket_of(value);
            prop_assert!(end_of(bucket) >= value);
            prop_assert!(end_of(bucket) - value <= value / PER_OCTAVE);
            prop_assert!(bucket == 0 || end_of(bucket - 1) < value);
        }
    }
}
