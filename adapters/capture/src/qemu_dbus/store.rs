//! Where a listener leaves the newest picture of a scanout and sources find it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use lunette_frame::{Damage, Pts, Size};
use tokio::sync::Notify;

use super::error::Fault;
use super::pixels::Pixels;
use super::state::Counters;
use crate::gauge::Gauge;
use crate::{Cursor, CursorShape, Doorbell};

/// The newest picture of one scanout, from its enabling to its end.
#[derive(Debug, Default)]
pub(super) struct Store {
    // A Mutex, since the listener and the sources are different threads; it is held for moving a reference and adding
    // a few rectangles, never while pixels are copied.
    inner: Mutex<Inner>,
    wanted: Notify,
    pub(super) counters: Counters,
    /// Beside the Mutex: whoever asks how a scanout is doing must not hold up its pictures.
    pub(super) gauge: Gauge,
}

#[derive(Debug, Default)]
struct Inner {
    newest: Option<Newest>,
    number: u64,
    last_update: Option<Pts>,
    shown: Option<Size>,
    readers: Vec<Reader>,
    next_reader: u64,
    cursor: Cursor,
    fault: Option<Fault>,
    ended: bool,
}

#[derive(Debug)]
struct Newest {
    pixels: Arc<Pixels>,
    captured: Pts,
}

/// What one source has not seen yet.
#[derive(Debug)]
struct Reader {
    key: ReaderKey,
    unseen: Damage,
    seen: u64,
    doorbell: Weak<Doorbell>,
    /// Whether its doorbell is rung for the pointer too.
    follows_cursor: bool,
}

/// Tells the sources of a scanout apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReaderKey(u64);

/// What a source finds.
#[derive(Debug)]
pub(super) enum Taken {
    /// A picture with its capture time and number; the damage is where the source wanted it.
    Picture(Arc<Pixels>, Pts, u64),
    Nothing,
    Fault(Fault),
    Ended,
}

/// What is known about the newest picture.
#[derive(Debug, Clone)]
pub(super) struct Glance {
    pub(super) number: u64,
    pub(super) last_update: Option<Pts>,
    pub(super) shown: Option<Size>,
    pub(super) sources: usize,
    pub(super) fault: Option<Fault>,
    pub(super) cursor_changes: u64,
}

impl Store {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a source; the first picture that it takes counts as changed everywhere.
    pub(super) fn attach(&self, doorbell: &Arc<Doorbell>) -> ReaderKey {
        let key = {
            let mut inner = self.inner();
            let key = ReaderKey(inner.next_reader);
            inner.next_reader += 1;
            let unseen = Damage::none(Size::new(0, 0));
            let doorbell = Arc::downgrade(doorbell);
            inner.readers.push(Reader { key, unseen, seen: 0, doorbell, follows_cursor: false });
            key
        };
        self.wanted.notify_one();
        key
    }

    /// Removes a source; `true` when it was the last one.
    pub(super) fn detach(&self, key: ReaderKey) -> bool {
        let mut inner = self.inner();
        inner.readers.retain(|reader| reader.key != key);
        inner.readers.is_empty()
    }

    /// Whether anybody wants pictures.
    pub(super) fn is_watched(&self) -> bool {
        !self.inner().readers.is_empty()
    }

    /// Returns when a source was added that may find no picture.
    pub(super) async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// Leaves a picture that stands for `updates` updates of the machine.
    pub(super) fn publish(&self, pixels: Arc<Pixels>, size: Size, damage: &Damage, captured: Pts, updates: u64) {
        let replaced = {
            let mut inner = self.inner();
            inner.number += updates;
            inner.last_update = Some(captured);
            inner.shown = Some(size);
            inner.fault = None;
            for reader in &mut inner.readers {
                reader.unseen.accumulate(damage);
                ring(reader);
            }
            inner.newest.replace(Newest { pixels, captured })
        };
        drop(replaced);
    }

    /// The machine has a newer picture that nobody fetched, since nobody wants it.
    pub(super) fn skip(&self, size: Size, captured: Pts, updates: u64) {
        let mut inner = self.inner();
        inner.number += updates;
        inner.last_update = Some(captured);
        inner.shown = Some(size);
        inner.newest = None;
    }

    /// There is no picture, for this reason; sources fail until there is one.
    pub(super) fn fail(&self, fault: Fault) -> bool {
        let mut inner = self.inner();
        let is_new = inner.fault.as_ref() != Some(&fault);
        inner.fault = Some(fault);
        inner.readers.iter().for_each(ring);
        is_new
    }

    /// The machine shows nothing any more.
    pub(super) fn darken(&self) {
        self.inner().newest = None;
    }

    /// The scanout is gone: its sources end.
    pub(super) fn end(&self) {
        let mut inner = self.inner();
        inner.ended = true;
        inner.newest = None;
        inner.readers.iter().for_each(ring);
    }

    /// Hands the newest picture to a source, unless it has it already. `damage` becomes what has changed since the
    /// source took its last one.
    pub(super) fn take(&self, key: ReaderKey, damage: &mut Damage) -> Taken {
        let mut inner = self.inner();
        let Inner { newest, number, readers, fault, ended, .. } = &mut *inner;
        if *ended {
            return Taken::Ended;
        }
        if let Some(fault) = fault {
            return Taken::Fault(fault.clone());
        }
        let reader = readers.iter_mut().find(|reader| reader.key == key);
        let (Some(newest), Some(reader)) = (newest, reader) else { return Taken::Nothing };
        if reader.seen == *number {
            return Taken::Nothing;
        }
        if reader.seen == 0 {
            reader.unseen = Damage::full(newest.pixels.size());
        }
        reader.seen = *number;
        std::mem::swap(damage, &mut reader.unseen);
        reader.unseen.reset(newest.pixels.size());
        Taken::Picture(Arc::clone(&newest.pixels), newest.captured, *number)
    }

    pub(super) fn define_cursor(&self, shape: CursorShape) {
        self.gauge.cursor();
        let mut inner = self.inner();
        inner.cursor.shape = Some(Arc::new(shape));
        inner.cursor_changed();
    }

    pub(super) fn move_cursor(&self, x: i32, y: i32, visible: bool) {
        self.gauge.cursor();
        let mut inner = self.inner();
        let cursor = &mut inner.cursor;
        (cursor.x, cursor.y, cursor.visible) = (x, y, visible);
        inner.cursor_changed();
    }

    /// Rings a source's doorbell for the pointer too from now on.
    pub(super) fn follow_cursor(&self, key: ReaderKey) {
        let mut inner = self.inner();
        inner.readers.iter_mut().filter(|reader| reader.key == key).for_each(|reader| reader.follows_cursor = true);
    }

    pub(super) fn cursor(&self) -> Cursor {
        self.inner().cursor.clone()
    }

    pub(super) fn glance(&self) -> Glance {
        let inner = self.inner();
        Glance {
            number: inner.number,
            last_update: inner.last_update,
            shown: inner.shown,
            sources: inner.readers.len(),
            fault: inner.fault.clone(),
            cursor_changes: inner.cursor.changes,
        }
    }
}

impl Inner {
    fn cursor_changed(&mut self) {
        self.cursor.changes += 1;
        self.readers.iter().filter(|reader| reader.follows_cursor).for_each(ring);
    }
}

fn ring(reader: &Reader) {
    if let Some(doorbell) = reader.doorbell.upgrade() {
        doorbell.ring();
    }
}
