//! Where the lanes of a hub and its viewers meet.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lunette_frame::{AccessUnit, BitRate, Pts, ScanoutId, Size};
use lunette_net::client::Monotonic;
use lunette_session::{Demand, Fanout, Limits, Slot, SubscriberId};
use lunette_wire::hxfr::{CursorUpdate, Standing};
use lunette_wire::stream::HopReport;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::hops::{STALE, Sight, Told};
use super::pointer::Pointer;
use crate::{Lounge, VideoStats};

/// For so long after somebody asked how the hops are doing, frame-export is asked.
const CURIOUS: Duration = Duration::from_secs(15);

/// What lanes and viewers share.
pub(super) struct Shared {
    // A Mutex, since joining must see the units so far and miss none that follows. Held for queue operations only.
    inner: Mutex<Inner>,
    /// Rung when a viewer wants something of the lanes.
    pub(super) wishes: [Notify; 2],
    /// Counts units, to wake viewers.
    pub(super) progress: watch::Sender<u64>,
    started: Instant,
    grace: Duration,
}

struct Inner {
    fanout: Fanout,
    size: Option<Size>,
    newest: Option<Newest>,
    /// The least that a capture time was behind our clock: how the two clocks differ, at most.
    offset: Option<i128>,
    links: [Link; 2],
    pointer: Pointer,
    empty_since: Option<Duration>,
    lounge: Option<Arc<Lounge>>,
    pictures: u64,
    told: Option<(Instant, Told)>,
    /// When somebody last asked how the hops are doing.
    curious: Option<Instant>,
}

struct Newest {
    arrived: Instant,
}

/// How the way to frame-export is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Link {
    /// Nobody watches.
    Idle,
    /// Being tried, after this happened.
    Down(String),
    /// Subscribed.
    Up,
}

/// What a lane is to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Wanted {
    /// Nothing: it should not be subscribed.
    pub(super) idle: bool,
    /// Whether a unit that a decoder can start at is due.
    pub(super) idr: bool,
    /// Whether nobody takes pictures now.
    pub(super) hold: bool,
    /// Whether frame-export should be asked how the scanout is doing.
    pub(super) ask: bool,
    /// What its followers can take.
    pub(super) rate: Option<BitRate>,
    /// When to ask again, at the latest.
    pub(super) again: Option<Duration>,
}

impl Shared {
    pub(super) fn new(grace: Duration) -> Self {
        let inner = Inner {
            fanout: Fanout::new(Limits::default()),
            size: None,
            newest: None,
            offset: None,
            links: [Link::Idle, Link::Idle],
            pointer: Pointer::default(),
            empty_since: None,
            lounge: None,
            pictures: 0,
            told: None,
            curious: None,
        };
        Self {
            inner: Mutex::new(inner),
            wishes: [Notify::new(), Notify::new()],
            progress: watch::Sender::new(0),
            started: Instant::now(),
            grace,
        }
    }

    pub(super) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    pub(super) fn at(&self, time: Duration) -> Instant {
        self.started + time
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something to the fan-out, and lets the lanes see what comes of it.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut Fanout, Duration) -> T) -> T {
        let done = act(&mut self.inner().fanout, self.now());
        self.wishes.iter().for_each(Notify::notify_one);
        done
    }

    /// The same, where nothing can come of it.
    pub(super) fn look<T>(&self, look: impl FnOnce(&Fanout, Duration) -> T) -> T {
        look(&self.inner().fanout, self.now())
    }

    /// The next unit for a viewer. The lanes hear of it only when it changes what they do.
    pub(super) fn pop(&self, id: SubscriberId) -> Option<AccessUnit> {
        let now = self.now();
        let mut inner = self.inner();
        let fanout = &mut inner.fanout;
        let before = (fanout.is_stalled(id), Slot::ALL.map(|slot| fanout.is_held_back(slot)));
        let unit = fanout.pop(id, now);
        let after = (fanout.is_stalled(id), Slot::ALL.map(|slot| fanout.is_held_back(slot)));
        drop(inner);
        if before != after {
            self.wishes.iter().for_each(Notify::notify_one);
        }
        unit
    }

    pub(super) fn wanted(&self, slot: Slot) -> Wanted {
        let now = self.now();
        let mut inner = self.inner();
        let demand = inner.fanout.demand(slot, now);
        let empty = inner.fanout.is_empty();
        inner.empty_since = if empty { inner.empty_since.or(Some(now)) } else { None };
        // The live lane stays for whoever fell behind, and a while for who comes back.
        let grace_ends = inner.empty_since.map(|since| since + self.grace);
        let keeps = slot == inner.fanout.slots()[0] && inner.pictures > 0 && grace_ends.is_none_or(|end| now < end);
        let is_live = slot == inner.fanout.slots()[0];
        Wanted {
            ask: is_live && inner.curious.is_some_and(|asked| asked.elapsed() < CURIOUS),
            idle: demand == Demand::Idle && !keeps,
            idr: matches!(demand, Demand::Idr(_)),
            hold: demand == Demand::Wait || demand == Demand::Idle,
            rate: inner.fanout.ceiling(slot),
            again: inner.fanout.next_idr_at().into_iter().chain(grace_ends).filter(|at| *at > now).min(),
        }
    }

    pub(super) fn restart(&self, slot: Slot) {
        let mut inner = self.inner();
        inner.fanout.restart(slot);
        // It may be another machine, with another clock.
        inner.offset = None;
        inner.told = None;
    }

    pub(super) fn publish(&self, slot: Slot, unit: &AccessUnit, arrived: Monotonic) {
        let now = self.now();
        let mut inner = self.inner();
        inner.fanout.publish(slot, now, unit);
        inner.size = Some(unit.size);
        inner.newest = Some(Newest { arrived: Instant::now() });
        inner.pictures += 1;
        let behind = i128::from(arrived.as_nanos()) - i128::from(unit.pts.as_nanos());
        inner.offset = Some(inner.offset.map_or(behind, |least| least.min(behind)));
        let (rescue, now) = (inner.fanout.slots()[1], self.now());
        let others_wait = inner.fanout.demand(rescue, now) != Demand::Idle;
        drop(inner);
        if others_wait {
            self.wishes[rescue.index()].notify_one();
        }
        self.progress.send_modify(|count| *count += 1);
    }

    pub(super) fn point(&self, cursor: &CursorUpdate) {
        let mut inner = self.inner();
        let message = inner.pointer.update(cursor);
        let lounge = inner.lounge.clone();
        drop(inner);
        if let (Some(lounge), Some(message)) = (lounge, message) {
            lounge.set_cursor(message);
        }
    }

    pub(super) fn set_lounge(&self, lounge: Arc<Lounge>) {
        self.inner().lounge = Some(lounge);
    }

    pub(super) fn set_link(&self, slot: Slot, link: Link) {
        self.inner().links[slot.index()] = link;
    }

    pub(super) fn size(&self) -> Option<Size> {
        self.inner().size
    }

    /// Where the host's clock is another one, this is early by the least that a picture took to come here.
    pub(super) fn clock(&self) -> Option<Pts> {
        let offset = self.inner().offset?;
        // On one machine the clocks are the same, and what is left is the fastest way.
        let offset = if offset.unsigned_abs() < 1_000_000_000 { 0 } else { offset };
        let now = i128::from(Monotonic::now().as_nanos()) - offset;
        u64::try_from(now).ok().map(Pts::from_nanos)
    }

    pub(super) fn stats(&self, scanout: ScanoutId) -> VideoStats {
        let inner = self.inner();
        let running = inner.links.contains(&Link::Up);
        VideoStats {
            scanout,
            running,
            pending_stop: running && inner.fanout.is_empty(),
            totals: inner.fanout.totals(),
            kept_units: inner.fanout.kept_units(),
            queue_units: inner.fanout.queue_units(),
            subscribers: inner.fanout.counters().collect(),
        }
    }

    pub(super) fn set_standing(&self, standing: Option<Standing>) {
        let told = standing.map_or(Told::Nothing, Told::Standing);
        self.inner().told = Some((Instant::now(), told));
    }

    /// From the capture of a picture to the end of its encoding, as frame-export said lately.
    pub(super) fn encode_latency(&self) -> Option<Duration> {
        let (at, Told::Standing(standing)) = self.inner().told? else { return None };
        let latency = standing.encoder?.latency_us?;
        (at.elapsed() < STALE).then(|| Duration::from_micros(latency.get().into()))
    }

    /// How the hops are doing. Whoever asks once is told what is known already, and makes frame-export be asked.
    pub(super) fn hops(&self) -> Vec<HopReport> {
        let mut inner = self.inner();
        let was_curious = inner.curious.replace(Instant::now()).is_some_and(|asked| asked.elapsed() < CURIOUS);
        let down = inner.links.iter().find_map(|link| if let Link::Down(why) = link { Some(why) } else { None });
        let sight = Sight {
            is_up: inner.links.contains(&Link::Up),
            down: down.cloned(),
            pictures: inner.pictures,
            age: inner.newest.as_ref().map(|newest| newest.arrived.elapsed()),
            told: inner.told.as_ref().map(|(at, told)| (at.elapsed(), *told)),
            is_held: inner.fanout.is_held_back(inner.fanout.slots()[0]),
        };
        drop(inner);
        if !was_curious {
            self.wishes.iter().for_each(Notify::notify_one);
        }
        sight.report()
    }
}
