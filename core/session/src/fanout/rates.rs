//! What each subscriber can take, and who follows which encoder for that.
//!
//! ```text
//!            takes less than half of what the fastest does
//!   live ──────────────────────────────────────────────────▶ rescue, at its next IDR
//!     ▲                                                        │ takes three quarters again, after a while
//!     └── next IDR of live, or of the merge ── may go back ◀───┘
//! ```
//! Live spends what the fastest of its followers takes, the rescue what the slowest of its does who is not far below the
//! others there. Half apart, QP 24 becomes 32 for everybody if all share one ceiling; nearer than that, a second encoder is
//! not worth its time. Nobody moves before there is a picture to move for. Onlookers have no say in any of it.

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
        let takes = |subscriber: &Subscriber| subscriber.rate.unwrap_or(self.limits.open_rate);
        if slot == self.live {
            return followers().map(takes).max();
        }
        // Who is here for another reason gets what those get who need it.
        let slow = || followers().filter(|subscriber| subscriber.slow_since.is_some()).map(takes);
        shared_by_slow(slow).or_else(|| shared_by_slow(|| followers().map(takes)))
    }

    /// Sends those who are too slow for live to the rescue, and finds out who may leave it.
    pub(super) fn part_by_rate(&mut self, now: Duration) {
        let Some(fastest) = self.fastest() else { return };
        let rescue = self.live.other();
        let mut moved = false;
        for subscriber in self.subscribers.values_mut().filter(|subscriber| subscriber.has_a_say()) {
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

    /// Whether somebody is on `slot` for being slow.
    pub(super) fn has_slow(&self, slot: Slot) -> bool {
        self.active().any(|subscriber| subscriber.slot == slot && subscriber.slow_since.is_some())
    }

    fn active(&self) -> impl Iterator<Item = &Subscriber> {
        self.subscribers.values().filter(|subscriber| subscriber.has_a_say())
    }
}

/// Who takes less than this part of what the fastest of the slow takes drops pictures instead of blurring theirs.
const FAR: u32 = 8;
/// Less is spent for nobody but those who all take less.
const FLOOR: BitRate = BitRate::from_bits_per_second(300_000);

/// What the slow share: the least that any of them takes, within reason.
fn shared_by_slow<I: Iterator<Item = BitRate>>(rates: impl Fn() -> I) -> Option<BitRate> {
    let fastest = rates().max()?;
    let near = fastest.bits_per_second() / FAR;
    let least = rates().filter(|rate| rate.bits_per_second() >= near).min()?;
    Some(least.max(FLOOR.min(fastest)))
}

const fn is_slow(takes: u64, fastest: u64) -> bool {
    takes * 2 < fastest
}

const fn has_recovered(takes: u64, fastest: u64) -> bool {
    takes * 4 >= fastest * 3
}
