//! What a scanout can say about itself.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use lunette_frame::{Pts, ScanoutId, Size};

use super::error::Fault;
use super::store::Glance;

/// Why a scanout shows what it shows, or nothing.
#[derive(Debug, Clone)]
pub struct ScanoutState {
    /// The scanout.
    pub id: ScanoutId,
    /// Number of the machine's last update, which counts those that nobody took.
    pub last_number: u64,
    /// Time since that update; `None` when there was none.
    pub age: Option<Duration>,
    /// Size of the last picture.
    pub shown: Option<Size>,
    /// Why there is no picture.
    pub fault: Option<Fault>,
    /// Who looks at it.
    pub sources: usize,
    /// Times that the pointer moved or changed.
    pub cursor_changes: u64,
    /// Updates that came through shared memory.
    pub mapped: u64,
    /// Updates whose pixels came as messages.
    pub plain: u64,
    /// Times that a listener was registered.
    pub registrations: u64,
    /// Times that a listener was dropped, since it had kept QEMU waiting or had lost its shared memory.
    pub stalls: u64,
    /// Half of the updates were answered within this time.
    pub answered_p50: Duration,
    /// 99 of 100 updates were answered within this time.
    pub answered_p99: Duration,
}

/// What a listener counts.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) mapped: AtomicU64,
    pub(super) plain: AtomicU64,
    pub(super) registrations: AtomicU64,
    pub(super) stalls: AtomicU64,
    pub(super) answers: AnswerTimes,
}

impl Counters {
    /// Together with what a store knows.
    pub(super) fn state(&self, id: ScanoutId, glance: Glance, now: Pts) -> ScanoutState {
        ScanoutState {
            id,
            last_number: glance.number,
            age: glance.last_update.map(|at| now.since(at)),
            shown: glance.shown,
            fault: glance.fault,
            sources: glance.sources,
            cursor_changes: glance.cursor_changes,
            mapped: self.mapped.load(Relaxed),
            plain: self.plain.load(Relaxed),
            registrations: self.registrations.load(Relaxed),
            stalls: self.stalls.load(Relaxed),
            answered_p50: self.answers.quantile((1, 2)),
            answered_p99: self.answers.quantile((99, 100)),
        }
    }
}

/// How long answers took, in steps of an eighth of a power of two.
#[derive(Debug)]
pub(super) struct AnswerTimes([AtomicU64; Self::STEPS]);

impl Default for AnswerTimes {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; Self::STEPS])
    }
}

impl AnswerTimes {
    /// From 1 µs to about 17 minutes.
    const STEPS: usize = 8 * 28;

    pub(super) fn add(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(8);
        let power = micros.ilog2();
        let eighth = (micros >> (power - 3)) & 7;
        let step = (power as usize - 3) * 8 + usize::try_from(eighth).unwrap_or(0);
        self.0[step.min(Self::STEPS - 1)].fetch_add(1, Relaxed);
    }

    /// The time that `share` of all answers did not exceed, rounded up by at most an eighth; zero without any.
    pub(super) fn quantile(&self, share: (u64, u64)) -> Duration {
        let counts = self.0.each_ref().map(|count| count.load(Relaxed));
        let wanted = (counts.iter().sum::<u64>() * share.0).div_ceil(share.1);
        let mut below = 0;
        let step = counts.iter().position(|count| {
            below += count;
            below >= wanted && below > 0
        });
        let upper = |step: usize| (9 + step as u64 % 8) << (step / 8);
        step.map_or(Duration::ZERO, |step| Duration::from_micros(upper(step)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_within_an_eighth() {
        let times = AnswerTimes::default();
        assert_eq!(times.quantile((1, 2)), Duration::ZERO);
        for micros in 1..=1000 {
            times.add(Duration::from_micros(micros));
        }
        let within = |quantile: Duration, exact: u128| {
            let micros = quantile.as_micros();
            assert!(micros >= exact && micros <= exact * 9 / 8 + 1, "{micros} for {exact}");
        };
        within(times.quantile((1, 2)), 500);
        within(times.quantile((99, 100)), 990);
        times.add(Duration::MAX);
        assert!(times.quantile((1, 1)) > Duration::from_secs(600));
    }
}
