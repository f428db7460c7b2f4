//! Having sockets held.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::message::HeldId;

/// Has sockets held, if there is anybody to hold them.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Lifeline(Option<Arc<Wanted>>);

impl Lifeline {
    /// Has sockets held by whoever looks at `wanted`.
    pub(in super::super) fn new(wanted: Arc<Wanted>) -> Self {
        Self(Some(wanted))
    }

    /// Has a socket held until the returned value is dropped.
    ///
    /// # Errors
    /// When the system has no descriptor left.
    pub(in super::super) fn hold(&self, socket: &UnixStream) -> io::Result<Held> {
        let Some(wanted) = &self.0 else { return Ok(Held(None)) };
        let id = wanted.add(socket.try_clone()?.into());
        Ok(Held(Some((Arc::clone(wanted), id))))
    }
}

/// A socket that is held. Dropping it has the socket forgotten, not shut.
#[derive(Debug)]
pub(in super::super) struct Held(Option<(Arc<Wanted>, HeldId)>);

impl Drop for Held {
    fn drop(&mut self) {
        if let Some((wanted, id)) = &self.0 {
            wanted.remove(*id);
        }
    }
}

/// The sockets that are to be held: one per listener.
#[derive(Debug, Default)]
pub(in super::super) struct Wanted {
    // A Mutex, since tasks share it; they are all of one thread, so nobody waits.
    sockets: Mutex<Sockets>,
    changed: Notify,
}

#[derive(Debug, Default)]
pub(super) struct Sockets {
    pub(super) by_id: BTreeMap<HeldId, OwnedFd>,
    next: u64,
}

impl Wanted {
    pub(super) fn sockets(&self) -> MutexGuard<'_, Sockets> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sockets().by_id.is_empty()
    }

    /// Returns when there may be a change that was not looked at.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    fn add(&self, socket: OwnedFd) -> HeldId {
        let mut sockets = self.sockets();
        let id = HeldId(sockets.next);
        sockets.next += 1;
        sockets.by_id.insert(id, socket);
        self.changed.notify_one();
        id
    }

    fn remove(&self, id: HeldId) {
        self.sockets().by_id.remove(&id);
        self.changed.notify_one();
    }
}
