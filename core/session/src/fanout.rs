//! One scanout's encoded stream to any number of subscribers.
//!
//! Two slots can hold an encoder each. Everybody follows the **live** one. A subscriber that fell behind needs an
//! IDR when it reads again; taken from the live encoder it would cost every other subscriber a large picture, so
//! the second encoder, the **rescue**, makes it, and those who fell behind follow the rescue until the live
//! encoder has a reason of its own for an IDR. A subscriber that takes much less than the others follows the rescue
//! too, and stays there: see `rates`.
//!
//! ```text
//!   join ─▶ live ◀── next IDR of live ── rescue ◀── reads again ── stalled
//!             └──────────── queue full ───────────────────────────────▲
//!   live without subscribers: rescue becomes live
//! ```

mod rates;

use std::collections::BTreeMap;
use std::time::Duration;

use lunette_frame::{AccessUnit, BitRate, Pts};

use crate::connection::Flow;
use crate::counters::{Counters, DropReason, Totals};
use crate::lane::{IdrReason, Lane};
use crate::subscriber::{Passage, State, Subscriber, SubscriberId};

/// Units of two encoders of one scanout are never this far apart.
const APART: Duration = Duration::from_secs(1);

/// One of the two encoders that a stream may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Slot {
    /// The first.
    A,
    /// The second.
    B,
}

impl Slot {
    /// Both.
    pub const ALL: [Self; 2] = [Self::A, Self::B];

    /// Position in an array of two.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::A => 0,
            Self::B => 1,
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// What bounds a fan-out.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Units in one subscriber's queue.
    pub queue_units: usize,
    /// How old the oldest unit in one subscriber's queue may be when another comes.
    pub queue_time: Duration,
    /// Bytes in one subscriber's queue; a single larger unit still passes.
    pub queue_bytes: usize,
    /// Units in the queue of everybody who follows an encoder at which it waits.
    pub ahead: usize,
    /// Units kept since the last IDR for those who join.
    pub gop_units: usize,
    /// Bytes kept since the last IDR for those who join.
    pub gop_bytes: usize,
    /// Least time between two IDRs of one encoder that subscribers caused.
    pub idr_spacing: Duration,
    /// How long the rescue may run before the live encoder makes an IDR to end it.
    pub rescue_for: Duration,
    /// The same where the rescue spends no more than slow subscribers take.
    pub blurred_for: Duration,
    /// How long a subscriber follows the rescue at least once it was too slow for live.
    pub slow_for: Duration,
    /// What an encoder spends by itself, and so what a subscriber takes that has not said.
    pub open_rate: BitRate,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            queue_units: 600,
            queue_time: Duration::from_secs(1),
            queue_bytes: 8 << 20,
            ahead: 2,
            gop_units: 30,
            gop_bytes: 2 << 20,
            idr_spacing: Duration::from_millis(250),
            rescue_for: Duration::from_secs(60),
            blurred_for: Duration::from_secs(5),
            slow_for: Duration::from_secs(5),
            open_rate: BitRate::from_bits_per_second(20_000_000),
        }
    }
}

/// What a slot's encoder should do with the next picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// Nobody follows this slot: close its encoder.
    Idle,
    /// Encode what changed.
    Encode,
    /// Encode nothing yet: nobody has taken what there is. What changes meanwhile becomes one picture.
    Wait,
    /// Make an IDR, also of an unchanged picture.
    Idr(IdrReason),
}

/// How somebody comes to a stream when what came since the last IDR is not kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Entry {
    /// By an IDR of the live encoder: a large picture for everybody, and no second encoder.
    #[default]
    Live,
    /// By an IDR of the rescue, where others follow live: it costs them nothing.
    Aside,
    /// As [`Entry::Aside`]; and its stay changes nothing for the others. It takes whatever comes, and is not waited for.
    Onlooker,
}

/// The subscribers of one stream and what each is still to get.
#[derive(Debug)]
pub struct Fanout {
    limits: Limits,
    lanes: [Lane; 2],
    live: Slot,
    /// Since when somebody is on the rescue who could follow live.
    rescue_since: Option<Duration>,
    /// Active subscribers of each slot.
    followers: [usize; 2],
    /// Capture time of the newest unit of either encoder.
    newest: Option<Pts>,
    subscribers: BTreeMap<SubscriberId, Subscriber>,
    next_id: u64,
    /// Of those who left only what happened to them.
    totals: Totals,
}

impl Fanout {
    /// A stream with no subscribers.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            lanes: <[Lane; 2]>::default(),
            live: Slot::A,
            rescue_since: None,
            followers: [0; 2],
            newest: None,
            subscribers: BTreeMap::new(),
            next_id: 0,
            totals: Totals::default(),
        }
    }

    /// Adds a subscriber. It starts with every unit since the last IDR, or else causes an IDR.
    pub fn join(&mut self, now: Duration) -> SubscriberId {
        self.join_as(Entry::Live, now)
    }

    /// The same, for one that comes in this way.
    pub fn join_as(&mut self, entry: Entry, now: Duration) -> SubscriberId {
        let id = SubscriberId(self.next_id);
        self.next_id += 1;
        let slot = self.entry_slot(entry);
        let lane = &mut self.lanes[slot.index()];
        let subscriber = Subscriber::new(slot, entry, now, lane.snapshot());
        if subscriber.state == State::Waiting {
            lane.want_idr(IdrReason::Join);
        }
        self.followers[slot.index()] += 1;
        self.subscribers.insert(id, subscriber);
        self.note_rescued(now);
        id
    }

    /// The rescue for who comes aside, unless that would cost those who are slow what it spares the others.
    fn entry_slot(&self, entry: Entry) -> Slot {
        let (live, rescue) = (&self.lanes[self.live.index()], self.live.other());
        let costs = self.is_followed(self.live) && !live.wants_idr() && live.snapshot().is_none();
        if entry == Entry::Live || !costs || self.has_slow(rescue) { self.live } else { rescue }
    }

    /// Removes a subscriber; returns what happened to it. Unknown ids are ignored.
    pub fn leave(&mut self, id: SubscriberId) -> Option<Counters> {
        let gone = self.subscribers.remove(&id)?;
        self.followers[gone.slot.index()] -= usize::from(gone.is_active());
        self.close_idle_slots();
        self.totals.subscribers.add_gone(&gone.counters());
        Some(gone.counters())
    }

    /// Gives up what is queued for a subscriber, since it is too old to be of use. When it is asked for a unit next it
    /// resumes as one whose queue was full.
    ///
    /// Unless what is queued is all there will be until it is taken, or less than the IDR that it would resume with: that
    /// would come even later, and while it travels the next pictures become too old as well.
    pub fn fall_behind(&mut self, id: SubscriberId) {
        let Some(subscriber) = self.subscribers.get(&id).filter(|subscriber| subscriber.is_active()) else { return };
        let (slot, queued) = (subscriber.slot, subscriber.queued_bytes());
        if queued < self.lanes[slot.index()].idr_bytes() || self.is_held_back(slot) {
            return;
        }
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return };
        subscriber.fall_behind(DropReason::Late);
        self.followers[subscriber.slot.index()] -= 1;
        self.close_idle_slots();
    }

    /// How long the oldest unit that is queued for a subscriber has been waiting; `None` when none is.
    #[must_use]
    pub fn queued_age(&self, id: SubscriberId, now: Duration) -> Option<Duration> {
        self.subscribers.get(&id)?.queued_age(now)
    }

    /// Bytes that are queued for a subscriber.
    #[must_use]
    pub fn queued_bytes(&self, id: SubscriberId) -> usize {
        self.subscribers.get(&id).map_or(0, Subscriber::queued_bytes)
    }

    /// The next unit for a subscriber; `None` when it has all there is.
    ///
    /// A stalled subscriber that asks reads again, so this is where its way back begins.
    pub fn pop(&mut self, id: SubscriberId, now: Duration) -> Option<AccessUnit> {
        if self.subscribers.get(&id)?.state == State::Stalled {
            self.resync(id, now);
        }
        self.subscribers.get_mut(&id)?.pop()
    }

    /// How a subscriber came by the unit that it took last.
    #[must_use]
    pub fn passage(&self, id: SubscriberId) -> Option<Passage> {
        self.subscribers.get(&id)?.passage()
    }

    /// Whether a subscriber fell behind and did not read since.
    #[must_use]
    pub fn is_stalled(&self, id: SubscriberId) -> bool {
        self.subscribers.get(&id).is_some_and(|subscriber| !subscriber.is_active())
    }

    /// A subscriber asks for an IDR of the stream that it follows.
    pub fn request_idr(&mut self, id: SubscriberId) {
        if let Some(subscriber) = self.subscribers.get(&id).filter(|subscriber| subscriber.is_active()) {
            self.lanes[subscriber.slot.index()].want_idr(IdrReason::Requested);
        }
    }

    /// Both slots, in the order in which a picture is encoded for them: the live one first, so that an IDR of it takes
    /// over those on the rescue before the rescue encodes the same picture for them.
    #[must_use]
    pub fn slots(&self) -> [Slot; 2] {
        [self.live, self.live.other()]
    }

    /// What `slot`'s encoder should do with a picture at `now`.
    #[must_use]
    pub fn demand(&self, slot: Slot, now: Duration) -> Demand {
        if !self.is_followed(slot) {
            return Demand::Idle;
        }
        if let Some(reason) = self.lanes[slot.index()].idr_due(now, &self.limits) {
            return Demand::Idr(reason);
        }
        match self.merge_at() {
            Some(at) if slot == self.live && now >= at => Demand::Idr(IdrReason::Merge),
            _ if self.is_held_back(slot) => Demand::Wait,
            _ => Demand::Encode,
        }
    }

    /// Says whether a subscriber takes pictures; one that does not counts as one whose queue is as long as it may be.
    pub fn hold(&mut self, id: SubscriberId, flow: Flow) {
        if let Some(subscriber) = self.subscribers.get_mut(&id) {
            subscriber.flow = flow;
        }
    }

    /// Whether every follower of `slot` has as much in its queue as is encoded ahead.
    #[must_use]
    pub fn is_held_back(&self, slot: Slot) -> bool {
        let followers = self.subscribers.values().filter(|one| one.is_active() && one.slot == slot);
        let mut waiting =
            followers.map(|follower| follower.flow == Flow::Held || follower.queued() >= self.limits.ahead).peekable();
        waiting.peek().is_some() && waiting.all(|waits| waits)
    }

    /// When [`Fanout::demand`] will next ask for an IDR by itself; `None` when it will not.
    #[must_use]
    pub fn next_idr_at(&self) -> Option<Duration> {
        let followed = Slot::ALL.into_iter().filter(|slot| self.is_followed(*slot));
        followed.filter_map(|slot| self.lanes[slot.index()].idr_due_at(&self.limits)).chain(self.merge_at()).min()
    }

    /// Hands a unit that `slot`'s encoder made to its followers; returns why an IDR was made.
    pub fn publish(&mut self, slot: Slot, now: Duration, unit: &AccessUnit) -> Option<IdrReason> {
        let unasked = match self.demand(slot, now) {
            Demand::Idr(reason) => reason,
            Demand::Idle | Demand::Encode | Demand::Wait => IdrReason::Encoder,
        };
        self.totals.units += 1;
        self.totals.bytes += unit.data.len() as u64;
        self.note_clock(unit.pts);
        let reason = self.lanes[slot.index()].record(now, unit, &self.limits);
        let is_live = slot == self.live;
        if is_live {
            self.part_by_rate(now);
        }
        self.deliver(slot, now, unit, is_live);
        self.close_idle_slots();
        self.note_rescued(now);
        unit.is_idr().then(|| reason.unwrap_or(unasked))
    }

    /// Captures of a machine that began again are not older than those before, though its clock says so.
    fn note_clock(&mut self, pts: Pts) {
        let is_another = self.newest.is_some_and(|newest| newest.since(pts) > APART);
        if is_another {
            self.subscribers.values_mut().for_each(Subscriber::forget_clock);
        }
        self.newest = self.newest.filter(|newest| !is_another && *newest > pts).or(Some(pts));
    }

    fn deliver(&mut self, slot: Slot, now: Duration, unit: &AccessUnit, is_live: bool) {
        self.followers = [0; 2];
        let mut missed = false;
        for subscriber in self.subscribers.values_mut() {
            let taken_back = is_live && subscriber.slow_since.is_none();
            let starts = unit.is_idr() && subscriber.is_before(unit);
            match subscriber.state {
                State::Stalled => subscriber.miss(),
                _ if subscriber.slot != slot => {
                    if taken_back && starts {
                        subscriber.start(slot, now, unit, &self.limits);
                    }
                }
                State::Waiting if starts => subscriber.start(slot, now, unit, &self.limits),
                State::Waiting => {
                    // An IDR of a picture that it has from the other encoder.
                    missed |= unit.is_idr();
                    subscriber.miss();
                }
                State::Following => subscriber.push(now, unit, &self.limits),
            }
            self.followers[subscriber.slot.index()] += usize::from(subscriber.is_active());
        }
        if missed {
            self.lanes[slot.index()].want_idr(IdrReason::Resync);
        }
    }

    /// The encoder of `slot` was opened anew: what it made before is no reference for what it makes next.
    ///
    /// Its next unit is an IDR; nobody who joins before then gets older units.
    pub fn restart(&mut self, slot: Slot) {
        self.lanes[slot.index()].forget_units();
    }

    /// Number of subscribers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.subscribers.len()
    }

    /// Whether nobody subscribes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.subscribers.is_empty()
    }

    /// What happened to each subscriber so far.
    pub fn counters(&self) -> impl Iterator<Item = (SubscriberId, Counters)> + '_ {
        self.subscribers.iter().map(|(id, subscriber)| (*id, subscriber.counters()))
    }

    /// What went through so far.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals = self.totals;
        self.subscribers.values().for_each(|subscriber| totals.subscribers.add(&subscriber.counters()));
        totals
    }

    /// Units that are kept for those who join.
    #[must_use]
    pub fn kept_units(&self) -> usize {
        self.lanes[self.live.index()].snapshot().map_or(0, <[AccessUnit]>::len)
    }

    /// Units that a subscriber's queue holds at most.
    #[must_use]
    pub const fn queue_units(&self) -> usize {
        self.limits.queue_units
    }

    /// The way back for a stalled subscriber: what live has since its IDR, else the next IDR of live if nobody else
    /// would notice it, else the rescue's. One that is slow takes the rescue's as long as others follow live.
    fn resync(&mut self, id: SubscriberId, now: Duration) {
        let is_slow = self.judge_resuming(id, now);
        let unnoticed = !self.is_followed(self.live) || (!is_slow && self.lanes[self.live.index()].wants_idr());
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return };
        let news = |lane: &Lane| lane.snapshot().is_some_and(|units| subscriber.has_use_for(units));
        let stays = unnoticed || (!is_slow && news(&self.lanes[self.live.index()]));
        let slot = if stays { self.live } else { self.live.other() };
        let lane = &mut self.lanes[slot.index()];
        let snapshot = lane.snapshot().filter(|_| news(lane));
        subscriber.enter(slot, now, snapshot);
        if subscriber.state == State::Waiting {
            lane.want_idr(IdrReason::Resync);
        }
        self.followers[slot.index()] += 1;
        self.note_rescued(now);
    }

    fn is_followed(&self, slot: Slot) -> bool {
        self.followers[slot.index()] > 0
    }

    /// Forgets the group of pictures of a slot that nobody follows, and makes the rescue live when it is alone.
    fn close_idle_slots(&mut self) {
        let rescue = self.live.other();
        if self.is_followed(rescue) {
            if self.is_followed(self.live) {
                return;
            }
            self.live = rescue;
        }
        self.forget_slowness();
        self.rescue_since = None;
        for slot in Slot::ALL {
            if !self.is_followed(slot) {
                self.lanes[slot.index()].clear();
            }
        }
    }
}
