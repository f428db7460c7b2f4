//! What a link carries, seen from what is confirmed while something is on its way.

use std::time::Duration;

use lunette_frame::BitRate;

/// Time over which the rate of arrival is taken.
const SAMPLE: Duration = Duration::from_millis(200);
/// How long an arrival may have been known to the viewer before it is to us: it tells every 20 ms.
const GRAIN: Duration = Duration::from_millis(20);
/// Shortest time that is divided by: what takes less is not told apart from chance.
const SHORTEST: Duration = Duration::from_millis(5);
/// Slowest link that is believed, in bits per second.
const SLOWEST: f64 = 64_000.0;
/// Fastest that is told.
const FASTEST: f64 = 1e9;

/// What a stretch of time told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sample {
    /// Bits per second.
    pub(super) rate: f64,
    /// Bits per second that it was at least, whatever the times of arrival hide.
    pub(super) least: f64,
    /// Whether the link was all that held it up: then it carries no more.
    pub(super) limited: bool,
}

/// A stretch of time in which something was always on the way.
#[derive(Debug, Default)]
pub(super) struct Seen {
    stretch: Option<Stretch>,
}

#[derive(Debug, Clone, Copy)]
struct Stretch {
    since: Duration,
    /// What was confirmed then.
    confirmed: u64,
    /// It began when nothing was on its way: the first confirmation comes one round trip late, whatever the width.
    after_rest: bool,
    limited: bool,
}

impl Seen {
    /// Something is on its way again.
    pub(super) fn begin(&mut self, now: Duration, confirmed: u64) {
        self.stretch = Some(Stretch { since: now, confirmed, after_rest: true, limited: false });
    }

    /// More would have been sent, if the link took it.
    pub(super) fn limited(&mut self) {
        if let Some(stretch) = &mut self.stretch {
            stretch.limited = true;
        }
    }

    /// So much is confirmed now; `rests` when that is everything.
    pub(super) fn confirmed(&mut self, now: Duration, total: u64, rests: bool, round_trip: Duration) -> Option<Sample> {
        let stretch = self.stretch?;
        let waited = if stretch.after_rest { round_trip } else { Duration::ZERO };
        let time = now.saturating_sub(stretch.since).saturating_sub(waited);
        let got = total - stretch.confirmed;
        // A single picture's time, too, is a bound from below.
        let told = time >= SAMPLE || rests;
        if rests {
            self.stretch = None;
        } else if told {
            self.stretch = Some(Stretch { since: now, confirmed: total, after_rest: false, limited: false });
        }
        told.then(|| Sample {
            rate: per_second(got, time),
            least: per_second(got, time + GRAIN),
            limited: stretch.limited,
        })
    }

    /// The rate of the stretch that is not over yet.
    pub(super) fn so_far(&self, now: Duration, confirmed: u64) -> f64 {
        self.stretch
            .map_or(SLOWEST, |stretch| per_second(confirmed - stretch.confirmed, now.saturating_sub(stretch.since)))
    }
}

fn per_second(got: u64, time: Duration) -> f64 {
    (bytes(got) * 8.0 / time.max(SHORTEST).as_secs_f64()).clamp(SLOWEST, FASTEST)
}

#[expect(clippy::cast_precision_loss, reason = "byte counts of a window are far below 2^52")]
pub(super) const fn bytes(count: u64) -> f64 {
    count as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
pub(super) fn bit_rate(rate: f64) -> BitRate {
    BitRate::from_bits_per_second(rate.clamp(SLOWEST, FASTEST) as u32)
}
