//! One scanout's stream: where its pipeline thread and its subscribers' tasks meet.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lunette_capture::Doorbell;
use lunette_frame::{AccessUnit, BitRate, FrameRate, Pts, ScanoutId};
use lunette_net::{StreamEnd, StreamHandle, Units};
use lunette_session::{Counters, Demand, Entry, Fanout, Flow, IdrReason, Limits, Passage, Slot, SubscriberId, Totals};
use lunette_wire::hxfr::{ConfigRequest, CursorUpdate, ErrorCode};
use tokio::sync::watch;

use crate::metrics::{ScanoutMetrics, StreamStanding};

/// One scanout's stream.
#[derive(Debug)]
pub struct Stream {
    id: ScanoutId,
    // A Mutex, since joining must see the units so far and miss none that follows: both happen under it, and so do
    // publishing and popping. It is held for queue operations only, never while encoding or writing.
    shared: Mutex<Shared>,
    progress: watch::Sender<Progress>,
    doorbell: Arc<Doorbell>,
    metrics: Arc<ScanoutMetrics>,
    cursor: watch::Sender<Option<CursorUpdate>>,
    /// Whether anybody ever asked for the pointer.
    cursor_wanted: AtomicBool,
}

#[derive(Debug)]
struct Shared {
    fanout: Fanout,
    /// The rate that subscribers asked the encoders to plan for since the pipeline last looked.
    fps: Option<FrameRate>,
}

/// Wakes subscribers.
#[derive(Debug, Clone)]
enum Progress {
    Units(u64),
    Ended(StreamEnd),
}

impl Stream {
    pub(crate) fn new(id: ScanoutId, limits: Limits, doorbell: Arc<Doorbell>, metrics: Arc<ScanoutMetrics>) -> Self {
        Self {
            id,
            shared: Mutex::new(Shared { fanout: Fanout::new(limits), fps: None }),
            progress: watch::Sender::new(Progress::Units(0)),
            doorbell,
            metrics,
            cursor: watch::Sender::new(None),
            cursor_wanted: AtomicBool::new(false),
        }
    }

    /// Which scanout it shows.
    #[must_use]
    pub fn id(&self) -> ScanoutId {
        self.id
    }

    pub(crate) fn doorbell(&self) -> &Arc<Doorbell> {
        &self.doorbell
    }

    pub(crate) fn metrics(&self) -> &ScanoutMetrics {
        &self.metrics
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a subscriber.
    pub(crate) fn join(self: &Arc<Self>, entry: Entry) -> (Subscription, Wishes) {
        let progress = self.progress.subscribe();
        let id = self.shared().fanout.join_as(entry, clock(lunette_capture::now()));
        self.doorbell.ring();
        let subscription = Subscription { stream: Arc::clone(self), id, progress };
        (subscription, Wishes { stream: Arc::clone(self), id })
    }

    /// Whether anybody subscribes.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        !self.shared().fanout.is_empty()
    }

    /// Whether it ended, and subscribing to it is useless.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(*self.progress.borrow(), Progress::Ended(_))
    }

    /// Both slots in the order in which to encode for them.
    pub(crate) fn slots(&self) -> [Slot; 2] {
        self.shared().fanout.slots()
    }

    pub(crate) fn demand(&self, slot: Slot, now: Pts) -> Demand {
        self.shared().fanout.demand(slot, clock(now))
    }

    /// When an IDR will be due by itself.
    pub(crate) fn next_idr_at(&self) -> Option<Pts> {
        let at = self.shared().fanout.next_idr_at()?;
        Some(Pts::from_nanos(u64::try_from(at.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// The rate that subscribers asked the encoders to plan for since the last call.
    pub(crate) fn take_fps(&self) -> Option<FrameRate> {
        self.shared().fps.take()
    }

    /// What the encoder of `slot` may spend; `None` is what the settings say.
    pub(crate) fn ceiling(&self, slot: Slot) -> Option<BitRate> {
        self.shared().fanout.ceiling(slot)
    }

    /// Whether somebody wants the pointer.
    pub(crate) fn wants_cursor(&self) -> bool {
        self.cursor_wanted.load(Relaxed)
    }

    /// Shows the pointer to who wants it.
    pub(crate) fn show_cursor(&self, cursor: CursorUpdate) {
        self.cursor.send_replace(Some(cursor));
    }

    /// How far the stream has come.
    #[must_use]
    pub fn standing(&self, now: Pts) -> StreamStanding {
        self.metrics.standing(now)
    }

    /// The encoder of `slot` was opened.
    pub(crate) fn restart(&self, slot: Slot) {
        self.shared().fanout.restart(slot);
    }

    /// Hands a unit to its subscribers.
    pub(crate) fn publish(&self, slot: Slot, unit: &AccessUnit, now: Pts) -> Option<IdrReason> {
        let reason = self.shared().fanout.publish(slot, clock(now), unit);
        self.progress.send_modify(|progress| {
            if let Progress::Units(count) = progress {
                *count += 1;
            }
        });
        reason
    }

    /// Ends the stream for every subscriber, once they have what is queued.
    pub(crate) fn end(&self, end: StreamEnd) {
        self.progress.send_replace(Progress::Ended(end));
    }

    /// What went through so far.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.shared().fanout.totals()
    }

    /// Units that are kept for those who join, and units that may wait for a subscriber.
    #[must_use]
    pub fn kept_and_queue_units(&self) -> (usize, usize) {
        let shared = self.shared();
        (shared.fanout.kept_units(), shared.fanout.queue_units())
    }

    /// What happened to each subscriber.
    #[must_use]
    pub fn subscribers(&self) -> Vec<(SubscriberId, Counters)> {
        self.shared().fanout.counters().collect()
    }
}

/// The fan-out's clock is the monotonic clock that pictures are stamped with.
fn clock(now: Pts) -> Duration {
    Duration::from_nanos(now.as_nanos())
}

/// A place among a stream's subscribers; dropping it leaves.
#[derive(Debug)]
pub struct Subscription {
    stream: Arc<Stream>,
    id: SubscriberId,
    progress: watch::Receiver<Progress>,
}

impl Units for Subscription {
    async fn next(&mut self) -> Result<AccessUnit, StreamEnd> {
        loop {
            let ended = match &*self.progress.borrow_and_update() {
                Progress::Ended(end) => Some(end.clone()),
                Progress::Units(_) => None,
            };
            let now = clock(lunette_capture::now());
            let (unit, concerns_pipeline) = {
                let mut shared = self.stream.shared();
                let fanout = &mut shared.fanout;
                let resumed = fanout.is_stalled(self.id);
                let held_back = Slot::ALL.map(|slot| fanout.is_held_back(slot));
                let unit = fanout.pop(self.id, now);
                (unit, resumed || held_back != Slot::ALL.map(|slot| fanout.is_held_back(slot)))
            };
            if concerns_pipeline {
                // It waits for an IDR now, or the pipeline waited for it.
                self.stream.doorbell.ring();
            }
            match (unit, ended) {
                (Some(unit), _) => return Ok(unit),
                (None, Some(end)) => return Err(end),
                (None, None) => {}
            }
            if self.progress.changed().await.is_err() {
                let reason = "the stream is gone".to_owned();
                return Err(StreamEnd { code: ErrorCode::Internal, reason });
            }
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let counters = self.stream.shared().fanout.leave(self.id);
        tracing::debug!(scanout = %self.stream.id, ?counters, "unsubscribed");
        self.stream.doorbell.ring();
    }
}

/// What a subscriber asks of its stream, and what it may know of it.
#[derive(Debug)]
pub struct Wishes {
    stream: Arc<Stream>,
    id: SubscriberId,
}

impl Wishes {
    /// Says what this subscriber can take; `None` takes what the encoder spends by itself.
    pub fn set_rate(&self, rate: Option<BitRate>) {
        self.stream.shared().fanout.set_rate(self.id, rate);
        self.stream.doorbell.ring();
    }

    /// Gives up what is queued, since it is too old to be of use: what [`Units::next`] gives next is an IDR, or what
    /// came since the last one.
    pub fn fall_behind(&self) {
        self.stream.shared().fanout.fall_behind(self.id);
        self.stream.progress.send_modify(|_| {});
    }

    /// How long the oldest unit that is queued has been waiting; `None` when none is.
    #[must_use]
    pub fn queued_age(&self) -> Option<Duration> {
        self.stream.shared().fanout.queued_age(self.id, clock(lunette_capture::now()))
    }

    /// How the last unit that was taken came; its time is on the clock of capture times.
    #[must_use]
    pub fn passage(&self) -> Option<Passage> {
        self.stream.shared().fanout.passage(self.id)
    }

    /// Which of the stream's subscribers it is.
    #[must_use]
    pub const fn id(&self) -> SubscriberId {
        self.id
    }

    /// Bytes that are queued.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.stream.shared().fanout.queued_bytes(self.id)
    }

    /// The stream.
    #[must_use]
    pub fn stream(&self) -> &Arc<Stream> {
        &self.stream
    }
}

impl StreamHandle for Wishes {
    fn request_idr(&self) {
        self.stream.shared().fanout.request_idr(self.id);
        self.stream.doorbell.ring();
    }

    fn hold(&self, flow: Flow) {
        self.stream.shared().fanout.hold(self.id, flow);
        self.stream.doorbell.ring();
    }

    fn cursor(&self) -> watch::Receiver<Option<CursorUpdate>> {
        let receiver = self.stream.cursor.subscribe();
        self.stream.cursor_wanted.store(true, Relaxed);
        self.stream.doorbell.ring();
        receiver
    }

    /// The size stays what the scanout has: a stream shows its scanout, whatever a subscriber would like.
    fn configure(&self, config: &ConfigRequest) {
        let mut shared = self.stream.shared();
        if config.bit_rate.is_some() {
            shared.fanout.set_rate(self.id, config.bit_rate);
        }
        shared.fps = config.frame_rate.or(shared.fps);
        drop(shared);
        self.stream.doorbell.ring();
    }
}
