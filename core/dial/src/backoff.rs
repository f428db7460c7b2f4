//! How long to wait before the next try: longer each time, and not the same for everybody.

use std::time::Duration;

use crate::timing::{FIRST_PAUSE, LONGEST_PAUSE};

/// Pauses between tries.
#[derive(Debug)]
pub(crate) struct Backoff {
    tries: u32,
    state: u64,
}

impl Backoff {
    /// `seed` differs between runners, or all of them come at once.
    pub(crate) fn new(seed: u64) -> Self {
        Self { tries: 0, state: seed }
    }

    /// The next pause: between a quarter of what is due and all of it.
    pub(crate) fn next(&mut self) -> Duration {
        let due = FIRST_PAUSE.saturating_mul(1 << self.tries.min(10)).min(LONGEST_PAUSE);
        self.tries = self.tries.saturating_add(1);
        due / 4 + self.part_of(due * 3 / 4)
    }

    /// The next pause is a first one.
    pub(crate) fn reset(&mut self) {
        self.tries = 0;
    }

    /// Anything between nothing and `all`.
    pub(crate) fn part_of(&mut self, all: Duration) -> Duration {
        // SplitMix64: even a seed of 1, 2, 3 … spreads.
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        all.mul_f64((mixed >> 40) as f64 / (1_u64 << 24) as f64)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Backoff;

    #[test]
    fn pauses_double_up_to_half_a_minute() {
        let mut backoff = Backoff::new(1);
        for due in [1, 2, 4, 8, 16, 30, 30, 30].map(Duration::from_secs) {
            let pause = backoff.next();
            assert!(pause >= due / 4 && pause <= due, "{pause:?} of {due:?}");
        }
        backoff.reset();
        assert!(backoff.next() <= Duration::from_secs(1));
    }

    #[test]
    fn a_hundred_runners_do_not_come_at_once() {
        let mut first: Vec<Duration> = (0..100).map(|seed| Backoff::new(seed).next()).collect();
        first.sort_unstable();
        let busiest = first.windows(20).map(|some| some[19] - some[0]).min().unwrap();
        assert!(busiest > Duration::from_millis(40), "20 within {busiest:?}");
    }
}
