//! One subscriber's queue.
//!
//! ```text
//!           IDR of its slot                queue full, or given up
//!  Waiting ─────────────────▶ Following ───────────────────────────▶ Stalled
//!     ▲ ▲                         │ ▲                                   │
//!     │ └──── another slot ───────┘ │                                   │ the reader takes again:
//!     └─── wait for an IDR ─────────┴─── snapshot of live ──────────────┘
//! ```
//! A stalled subscriber asks for nothing: an IDR made while nobody reads it would only disturb the others.

use std::collections::VecDeque;
use std::time::Duration;

use lunette_frame::{AccessUnit, BitRate, Pts};

use crate::connection::Flow;
use crate::counters::{Counters, DropReason};
use crate::fanout::{Entry, Limits, Slot};

/// Names a subscriber of one [`Fanout`](crate::Fanout); never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubscriberId(pub(crate) u64);

impl SubscriberId {
    /// The number, for logs and metrics.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Waiting,
    Following,
    Stalled,
}

#[derive(Debug)]
pub(crate) struct Subscriber {
    pub(crate) slot: Slot,
    pub(crate) state: State,
    entry: Entry,
    /// What it can take; `None` while it has not said.
    pub(crate) rate: Option<BitRate>,
    /// Since when it follows the rescue for its rate.
    pub(crate) slow_since: Option<Duration>,
    /// Whether it takes pictures at the moment.
    pub(crate) flow: Flow,
    queue: VecDeque<Queued>,
    queued_bytes: usize,
    /// Capture time of the last unit that was taken.
    taken: Option<Pts>,
    /// How it came by that unit.
    passage: Option<Passage>,
    counters: Counters,
}

/// How a subscriber came by a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passage {
    /// When it was queued: for a live one, when it was encoded.
    pub queued: Duration,
    /// Whether it was there before the subscriber was.
    pub replay: bool,
}

#[derive(Debug)]
struct Queued {
    passage: Passage,
    unit: AccessUnit,
}

impl Queued {
    fn live(queued: Duration, unit: &AccessUnit) -> Self {
        Self { passage: Passage { queued, replay: false }, unit: unit.clone() }
    }
}

impl Subscriber {
    /// A subscriber of `slot` that has everything in `snapshot` to come, or waits for an IDR when there is none.
    pub(crate) fn new(slot: Slot, entry: Entry, now: Duration, snapshot: Option<&[AccessUnit]>) -> Self {
        let mut subscriber = Self {
            slot,
            state: State::Waiting,
            entry,
            rate: None,
            slow_since: None,
            flow: Flow::Going,
            queue: VecDeque::new(),
            queued_bytes: 0,
            taken: None,
            passage: None,
            counters: Counters::default(),
        };
        subscriber.enter(slot, now, snapshot);
        subscriber
    }

    /// Whether what it takes decides what others get.
    pub(crate) fn has_a_say(&self) -> bool {
        self.is_active() && self.entry != Entry::Onlooker
    }

    /// Whether everything in `snapshot` is news: capture time never goes back.
    pub(crate) fn has_use_for(&self, snapshot: &[AccessUnit]) -> bool {
        snapshot.first().is_some_and(|unit| self.taken.is_none_or(|taken| unit.pts > taken))
    }

    /// Whether `unit` is later than all that it has or will get.
    pub(crate) fn is_before(&self, unit: &AccessUnit) -> bool {
        let last = self.queue.back().map(|queued| queued.unit.pts).or(self.taken);
        last.is_none_or(|last| unit.pts > last)
    }

    /// Bits per second that it can take, where `open` is what one takes that has not said.
    pub(crate) fn takes(&self, open: BitRate) -> u64 {
        u64::from(self.rate.unwrap_or(open).bits_per_second())
    }

    /// Goes on in `slot`, from its next IDR on; what is queued stays.
    pub(crate) fn move_to(&mut self, slot: Slot) {
        self.slot = slot;
        self.state = State::Waiting;
    }

    /// Starts over in `slot`: with `snapshot`, a group of pictures from its IDR on, or waiting for an IDR.
    pub(crate) fn enter(&mut self, slot: Slot, now: Duration, snapshot: Option<&[AccessUnit]>) {
        self.slot = slot;
        self.state = if snapshot.is_some() { State::Following } else { State::Waiting };
        let passage = Passage { queued: now, replay: true };
        self.queue.extend(snapshot.unwrap_or_default().iter().map(|unit| Queued { passage, unit: unit.clone() }));
        self.queued_bytes = self.queue.iter().map(|queued| queued.unit.data.len()).sum();
    }

    /// Takes part in its lane: the lane's encoder must run for it.
    pub(crate) fn is_active(&self) -> bool {
        self.state != State::Stalled
    }

    /// Starts at `unit`, an IDR of `slot`, after what is queued.
    pub(crate) fn start(&mut self, slot: Slot, now: Duration, unit: &AccessUnit, limits: &Limits) {
        self.slot = slot;
        self.state = State::Following;
        self.push(now, unit, limits);
    }

    /// Queues `unit`, the one after the last that was queued.
    pub(crate) fn push(&mut self, now: Duration, unit: &AccessUnit, limits: &Limits) {
        let bytes = self.queued_bytes + unit.data.len();
        let Some(Passage { queued: oldest, .. }) = self.queue.front().map(|queued| queued.passage) else {
            self.queued_bytes = bytes;
            self.queue.push_back(Queued::live(now, unit));
            return;
        };
        let late = now.saturating_sub(oldest) > limits.queue_time;
        if late || self.queue.len() >= limits.queue_units || bytes > limits.queue_bytes {
            self.counters.drops.count(DropReason::Full, 1);
            self.fall_behind(DropReason::Full);
        } else {
            self.queued_bytes = bytes;
            self.queue.push_back(Queued::live(now, unit));
        }
    }

    /// What comes next is later than what it has, whatever the capture times say.
    pub(crate) fn forget_clock(&mut self) {
        self.taken = None;
        if self.state == State::Waiting {
            self.counters.drops.count(DropReason::Waiting, self.queue.len() as u64);
            self.queue.clear();
            self.queued_bytes = 0;
        }
    }

    /// Gives up what is queued; nothing more comes until it reads again.
    pub(crate) fn fall_behind(&mut self, reason: DropReason) {
        self.counters.drops.count(reason, self.queue.len() as u64);
        self.counters.stalls += 1;
        self.queue.clear();
        self.queued_bytes = 0;
        self.state = State::Stalled;
    }

    /// How long the oldest unit in its queue has been there.
    pub(crate) fn queued_age(&self, now: Duration) -> Option<Duration> {
        self.queue.front().map(|queued| now.saturating_sub(queued.passage.queued))
    }

    pub(crate) fn queued_bytes(&self) -> usize {
        self.queued_bytes
    }

    /// Counts a unit that was not queued.
    pub(crate) fn miss(&mut self) {
        let reason = if self.is_active() { DropReason::Waiting } else { DropReason::Stalled };
        self.counters.drops.count(reason, 1);
    }

    pub(crate) fn pop(&mut self) -> Option<AccessUnit> {
        let Queued { passage, unit } = self.queue.pop_front()?;
        self.passage = Some(passage);
        self.queued_bytes -= unit.data.len();
        self.taken = Some(unit.pts);
        self.counters.delivered += 1;
        self.counters.delivered_bytes += unit.data.len() as u64;
        Some(unit)
    }

    /// How it came by the last unit that was taken.
    pub(crate) fn passage(&self) -> Option<Passage> {
        self.passage
    }

    /// Units that wait for the reader.
    pub(crate) fn queued(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn counters(&self) -> Counters {
        Counters { queued: self.queue.len(), ..self.counters }
    }
}
