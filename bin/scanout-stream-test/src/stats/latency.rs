//! Time from capture to arrival, where both clocks are the same.

use std::time::Duration;

use lunette_wire::hxfr::Nanos;
use serde::Serialize;

use super::{Percentiles, Samples};
use crate::Monotonic;

/// Latency of the pictures that were captured while we listened.
///
/// A server may start a subscription with all pictures since the last keyframe, and may encode a still screen again
/// for somebody else, both with the old capture time: the age of those says nothing about latency.
#[derive(Debug, Clone)]
pub struct LatencyMeter {
    subscribed_at: Monotonic,
    live: Samples,
    negative: u64,
    stale: u64,
}

/// What can be said about latency.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Latency {
    /// From capture to arrival.
    Measured(Percentiles),
    /// Capture times are not of this machine's clock: another machine, or a server that counts differently.
    OtherClock,
    /// No picture was captured after the subscription.
    NothingLive,
}

impl LatencyMeter {
    /// Nothing that is alive takes longer.
    const PLAUSIBLE: Duration = Duration::from_secs(60);

    /// A meter of a subscription that began at `subscribed_at`.
    #[must_use]
    pub fn new(subscribed_at: Monotonic) -> Self {
        Self { subscribed_at, live: Samples::default(), negative: 0, stale: 0 }
    }

    /// A picture captured at `pts` arrived at `received_at`.
    pub fn add(&mut self, pts: Nanos, received_at: Monotonic) {
        let Some(captured) = pts.pts().map(|pts| Monotonic::from_nanos(pts.as_nanos())) else {
            self.negative += 1;
            return;
        };
        let age = received_at.since(captured);
        if captured > received_at {
            self.negative += 1;
        } else if age > Self::PLAUSIBLE {
            // Right after the subscription that is a picture of a still screen.
            let joining = received_at.since(self.subscribed_at) < Duration::from_secs(1);
            self.stale += u64::from(!joining);
        } else if captured >= self.subscribed_at {
            self.live.push(u64::try_from(age.as_nanos()).unwrap_or(u64::MAX));
        }
    }

    /// The verdict on all of them.
    #[must_use]
    pub fn latency(&self) -> Latency {
        let stale_prevail = self.stale > u64::try_from(self.live.len()).unwrap_or(u64::MAX);
        match self.live.percentiles() {
            _ if self.negative > 0 || stale_prevail => Latency::OtherClock,
            Some(percentiles) => Latency::Measured(percentiles),
            None => Latency::NothingLive,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;
    const SUBSCRIBED: i64 = 1000 * SECOND;

    /// Pairs of capture and arrival, in nanoseconds after the subscription.
    fn latency(pictures: &[(i64, i64)]) -> Latency {
        let at = |nanos: i64| Monotonic::from_nanos((SUBSCRIBED + nanos).cast_unsigned());
        let mut meter = LatencyMeter::new(at(0));
        for (captured, arrived) in pictures {
            meter.add(Nanos::from_wire(SUBSCRIBED + captured).expect("not -1"), at(*arrived));
        }
        meter.latency()
    }

    #[test]
    fn live_pictures_are_measured() {
        let Latency::Measured(found) = latency(&[(10, 2_000_010), (SECOND, SECOND + 4_000_000)]) else {
            panic!("same clock")
        };
        assert_eq!((found.count, found.p50_ms, found.max_ms), (2, 2.0, 4.0));
    }

    #[test]
    fn a_picture_from_the_future_is_of_another_clock() {
        assert_eq!(latency(&[(10, 20), (50, 40)]), Latency::OtherClock);
        assert_eq!(latency(&[(-2 - SUBSCRIBED, 40)]), Latency::OtherClock);
    }

    #[test]
    fn pictures_that_stay_older_than_a_minute_are_of_another_clock() {
        let offset = 61 * SECOND;
        assert_eq!(latency(&[(-offset, 5), (2 * SECOND - offset, 2 * SECOND)]), Latency::OtherClock);
    }

    #[test]
    fn what_was_captured_before_the_subscription_is_not_measured() {
        assert_eq!(latency(&[(-500 * SECOND, 1000)]), Latency::NothingLive, "a still screen");
        assert_eq!(latency(&[(-SECOND, 1000), (-7, 1001)]), Latency::NothingLive, "what came since the keyframe");
        assert_eq!(latency(&[]), Latency::NothingLive);
    }

    #[test]
    fn one_old_picture_among_live_ones_does_not_condemn_the_clock() {
        let late = 100 * SECOND;
        let Latency::Measured(found) = latency(&[(late, late + 5), (late + 10, late + 15), (0, late + 20)]) else {
            panic!("same clock")
        };
        assert_eq!(found.count, 2);
    }
}
