//! What the decoding thread found, for whoever asks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lunette_frame::Picture;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::history::History;
use crate::shot::Shot;

/// Shared between the thread that decodes and the callers.
///
/// The lock is held for look-ups and for taking over a picture, never while something is decoded or encoded: callers
/// need picture and history as of one moment, which no channel gives.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    version: watch::Sender<u64>,
    /// Held by the thread that decodes, for as long as it lives: the next one waits until the last one is done.
    pub(crate) decoding: Mutex<()>,
}

/// What is known.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) history: History,
    picture: Option<Arc<Picture>>,
    /// Whether the newest picture is what the stream shows now, not what was left when nobody looked.
    pub(crate) live: bool,
    /// Units that wait to be decoded.
    pub(crate) waiting: usize,
    /// Why the stream ended.
    pub(crate) failure: Option<Failure>,
}

/// Why there is nothing to look at.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    Feed(String),
    Decode(String),
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::default(), version: watch::Sender::new(0), decoding: Mutex::default() }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something and wakes those who wait.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state());
        self.version.send_modify(|version| *version = version.wrapping_add(1));
        result
    }

    /// Tells of changes.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }
}

impl State {
    /// The newest picture.
    pub(crate) fn shot(&self) -> Option<Shot> {
        Some(Shot::new(self.history.newest()?, Arc::clone(self.picture.as_ref()?)))
    }

    /// The newest picture, if it is what the stream shows now.
    pub(crate) fn live_shot(&self) -> Option<Shot> {
        self.live.then(|| self.shot()).flatten()
    }

    pub(crate) fn put_picture(&mut self, picture: Arc<Picture>) {
        self.picture = Some(picture);
    }

    /// Watching begins.
    pub(crate) fn begin(&mut self) {
        (self.live, self.waiting, self.failure) = (false, 0, None);
    }

    /// The thread has caught up with the stream.
    pub(crate) fn caught_up(&mut self, at: Instant) {
        if !self.live && self.picture.is_some() {
            self.history.resume(at);
            self.live = true;
        }
    }
}
