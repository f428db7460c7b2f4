//! When the next frame is due.

use std::num::NonZeroU32;
use std::time::Duration;

const NANOS: u128 = 1_000_000_000;

/// A schedule of slots, counted from its start so that no rounding adds up. Times are since the start.
#[derive(Debug, Clone)]
pub struct Pacer {
    fps: Option<NonZeroU32>,
    next: u64,
    missed: u64,
}

impl Pacer {
    /// This many slots per second; [`None`] is flat out.
    #[must_use]
    pub const fn new(fps: Option<NonZeroU32>) -> Self {
        Self { fps, next: 0, missed: 0 }
    }

    /// When the next frame may be shown; [`Duration::ZERO`] flat out.
    #[must_use]
    pub fn due(&self) -> Duration {
        let Some(fps) = self.fps else { return Duration::ZERO };
        let nanos = (u128::from(self.next) * NANOS).div_ceil(u128::from(fps.get()));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Takes the newest slot that has begun at `now`; those before it that nobody took are missed.
    pub fn take(&mut self, now: Duration) {
        let Some(fps) = self.fps else { return };
        let begun = now.as_nanos() * u128::from(fps.get()) / NANOS;
        let slot = u64::try_from(begun).unwrap_or(u64::MAX).max(self.next);
        self.missed += slot - self.next;
        self.next = slot.saturating_add(1);
    }

    /// Slots that passed with no frame.
    #[must_use]
    pub const fn missed(&self) -> u64 {
        self.missed
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pacer(fps: u32) -> Pacer {
        Pacer::new(NonZeroU32::new(fps))
    }

    #[test]
    fn slots_do_not_drift() {
        let mut pacer = pacer(60);
        for _ in 0..60 * 3600 {
            pacer.take(pacer.due());
        }
        assert_eq!((pacer.due(), pacer.missed()), (Duration::from_secs(3600), 0));
    }

    #[test]
    fn being_late_within_a_slot_misses_nothing() {
        let mut pacer = pacer(50);
        pacer.take(Duration::from_millis(19));
        pacer.take(Duration::from_millis(39));
        assert_eq!((pacer.due(), pacer.missed()), (Duration::from_millis(40), 0));
    }

    #[test]
    fn slots_that_passed_are_missed_and_not_made_up_for() {
        let mut pacer = pacer(50);
        pacer.take(Duration::ZERO);
        pacer.take(Duration::from_millis(65));
        assert_eq!((pacer.due(), pacer.missed()), (Duration::from_millis(80), 2));
    }

    #[test]
    fn flat_out_is_always_due() {
        let mut pacer = Pacer::new(None);
        pacer.take(Duration::from_secs(9));
        assert_eq!((pacer.due(), pacer.missed()), (Duration::ZERO, 0));
    }

    proptest! {
        #[test]
        fn every_slot_is_taken_or_missed(fps in 1..1000_u32, steps in prop::collection::vec(0..50_u64, 1..100)) {
            let mut pacer = pacer(fps);
            let mut now = Duration::ZERO;
            for step in &steps {
                now = now.max(pacer.due()) + Duration::from_millis(*step);
                pacer.take(now);
            }
            prop_assert!(pacer.due() > now);
            prop_assert_eq!(pacer.next, steps.len() as u64 + pacer.missed());
        }
    }
}
