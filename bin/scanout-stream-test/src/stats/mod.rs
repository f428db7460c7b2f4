//! Numbers about a stream, without a clock of their own.

mod gaps;
mod latency;
mod samples;

pub use gaps::{GapTally, Gaps};
pub use latency::{Latency, LatencyMeter};
pub use samples::{Percentiles, Samples, Sizes};

use std::time::Duration;

/// Milliseconds with their fraction, for people and JSON.
pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
