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
    /// Whether the compositor is to be asked for the next one when this was taken.
    pub(super) asks: bool,
}

/// Where the newest picture is, taken or not.
#[derive(Debug)]
pub(super) struct Last {
    pub(super) memory: Arc<File>,
    pub(super) layout: Layout,
    pub(super) captured: Pts,
}

impl Last {
    /// The same picture for somebody who has not seen it, while the compositor is asked for the next one already.
    pub(super) fn again(&self) -> Ready {
        let Self { ref memory, layout, captured } = *self;
        Ready { memory: Arc::clone(memory), layout, damage: Damage::full(layout.size), captured, asks: false }
    }
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) layout: Option<Layout>,
    pub(super) ready: Option<Ready>,
    pub(super) doorbell: Option<Arc<Doorbell>>,
    pub(super) pictures: u64,
    pub(super) last: Option<Last>,
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
