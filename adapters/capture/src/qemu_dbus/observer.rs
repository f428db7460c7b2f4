//! Telling whoever depends on the machine what happens to it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// What happens to the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MachineEvent {
    /// QEMU was reached, for the first time or again. It need not be the same machine as before.
    Connected,
    /// The guest starts anew, and its scanouts are about to be disabled. What it was allowed before is void: whoever
    /// enables a scanout by that now would have it enabled in the new guest.
    Resetting,
    /// Every scanout but 0 is disabled since the guest starts anew; their sources have ended.
    Reset,
    /// QEMU is gone: every source has ended.
    Lost,
}

type Callback = dyn Fn(MachineEvent) + Send + Sync;

/// Who wants to be told.
#[derive(Default)]
pub(super) struct Observer {
    // A Mutex, since it is set by another thread than the one that tells; it is not held while telling.
    callback: Mutex<Option<Arc<Callback>>>,
}

impl Observer {
    pub(super) fn set(&self, callback: Box<Callback>) {
        *self.callback.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::from(callback));
    }

    pub(super) fn tell(&self, event: MachineEvent) {
        let callback = self.callback.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(callback) = callback {
            callback(event);
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observer").finish_non_exhaustive()
    }
}
