//! What the capturing thread and the pipeline's thread both see.

use std::fs::File;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lunette_capture::Doorbell;
use lunette_frame::{Damage, Pts, Size};

/// How a picture lies in the memory that the compositor copies into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) size: Size,
    pub(super) stride: usize,
}

/// A copy that the compositor has finished.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) memory: Arc<File>,
    pub(super) layout: Layout,
    pub(super) damage: Damage,
    pub(super) captured: Pts,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) layout: Option<Layout>,
    pub(super) ready: Option<Ready>,
    pub(super) doorbell: Option<Arc<Doorbell>>,
    pub(super) pictures: u64,
    pub(super) newest: Option<Pts>,
    pub(super) ended: bool,
}

/// Both threads hold the lock for a few assignments only.
#[derive(Debug, Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets `change` at the state, then wakes who waits for it.
    pub(super) fn update(&self, change: impl FnOnce(&mut State)) {
        let doorbell = {
            let mut state = self.lock();
            change(&mut state);
            state.doorbell.clone()
        };
        self.changed.notify_all();
        if let Some(doorbell) = doorbell {
            doorbell.ring();
        }
    }

    /// The size of the first picture; `None` when none is announced in time.
    pub(super) fn first_layout(&self, limit: Duration) -> Option<Layout> {
        let unknown = |state: &mut State| state.layout.is_none() && !state.ended;
        let waited = self.changed.wait_timeout_while(self.lock(), limit, unknown);
        waited.unwrap_or_else(PoisonError::into_inner).0.layout
    }
}
