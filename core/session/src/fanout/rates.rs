//! What each subscriber can take, and who follows which encoder for that.
//!
//! ```text
//!            takes less than half of what the fastest does
//!   live ──────────────────────────────────────────────────▶ rescue, at its next IDR
//!     ▲                                                        │ takes three quarters again, after a while
//!     └── next IDR of live, or of the merge ── may go back ◀───┘
//! ```
//! Live spends what the fastest of its followers takes, the rescue what the slowest of its does. Half apart, QP 24
//! becomes 32 for everybody if all share one ceiling; nearer than that, a second encoder is not worth its time. Nobody
//! moves before there is a picture to move for.

use std::time::Duration;

use lunette_frame::BitRate;

use super::{Fanout, Slot, SubscriberId};
use crate::lane::IdrReason;
use crate::subscriber::Subscriber;

impl Fanout {
    /// Says what a subscriber can take; `None` takes what the encoder spends by itself, and nobody takes more than that.
    /// Unknown ids are ignored.
    pub fn set_rate(&mut self, id: SubscriberId, rate: Option<BitRate>) {
        let open = self.limits.open_rate;
        if let Some(subscriber) = self.subscribers.get_mut(&id) {
            subscriber.rate = rate.filter(|rate| *rate < open);
        }
    }

    /// What the encoder of `slot` may spend; `None` is what it spends by itself, since no follower said anything.
    #[must_use]
    pub fn ceiling(&self, slot: Slot) -> Option<BitRate> {
        let followers = || self.active().filter(|subscriber| subscriber.slot == slot);
        if followers().all(|subscriber| subscriber.rate.is_none()) {
            return None;
        }
        let rates = followers().map(|subscriber| subscriber.rate.unwrap_or(self.limits.open_rate));
        if slot == self.live { rates.max() } else { rates.min() }
    }

    /// Sends those who are too slow for live to the rescue, and finds out who may leave it.
    pub(super) fn part_by_rate(&mut self, now: Duration) {
        let Some(fastest) = self.fastest() else { return };
        let rescue = self.live.other();
        let mut moved = false;
        for subscriber in self.subscribers.values_mut().filter(|subscriber| subscriber.is_active()) {
            let takes = subscriber.takes(self.limits.open_rate);
            match subscriber.slow_since {
                None if is_slow(takes, fastest) => {
                    subscriber.slow_since = Some(now);
                    if subscriber.slot != rescue {
                        subscriber.move_to(rescue);
                        moved = true;
                    }
                }
                Some(since) if has_recovered(takes, fastest) && now >= since + self.limits.slow_for => {
                    subscriber.slow_since = None;
                }
                _ => {}
            }
        }
        if moved {
            self.lanes[rescue.index()].want_idr(IdrReason::Slow);
        }
        self.note_rescued(now);
    }

    /// Whether somebody who resumes at `now` is too slow for live.
    pub(super) fn judge_resuming(&mut self, id: SubscriberId, now: Duration) -> bool {
        let fastest = self.fastest().unwrap_or(0);
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return false };
        let takes = subscriber.takes(self.limits.open_rate);
        subscriber.slow_since = is_slow(takes, fastest).then(|| subscriber.slow_since.unwrap_or(now));
        subscriber.slow_since.is_some()
    }

    /// Takes note of whether somebody is on the rescue who could follow live.
    pub(super) fn note_rescued(&mut self, now: Duration) {
        let live = self.live;
        let waits = self.active().any(|subscriber| subscriber.slot != live && subscriber.slow_since.is_none());
        self.rescue_since = waits.then(|| self.rescue_since.unwrap_or(now));
    }

    /// When live makes an IDR for those on the rescue who could follow it: soon, if they get what slow ones can take.
    pub(super) fn merge_at(&self) -> Option<Duration> {
        let beside_slow = self.active().any(|subscriber| subscriber.slow_since.is_some());
        let wait = if beside_slow { self.limits.blurred_for } else { self.limits.rescue_for };
        self.rescue_since.map(|since| since + wait)
    }

    /// Nobody is slow among those who are alone with each other.
    pub(super) fn forget_slowness(&mut self) {
        self.subscribers.values_mut().for_each(|subscriber| subscriber.slow_since = None);
    }

    /// Bits per second that the fastest takes.
    fn fastest(&self) -> Option<u64> {
        self.active().map(|subscriber| subscriber.takes(self.limits.open_rate)).max()
    }

    fn active(&self) -> impl Iterator<Item = &Subscriber> {
        self.subscribers.values().filter(|subscriber| subscriber.is_active())
    }
}

const fn is_slow(takes: u64, fastest: u64) -> bool {
    takes * 2 < fastest
}

const fn has_recovered(takes: u64, fastest: u64) -> bool {
    takes * 4 >= fastest * 3
}
