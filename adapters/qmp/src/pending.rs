//! Commands that wait for their reply.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::message::Reply;

/// Who waits for which reply. Each entry belongs to a thread that is blocked, so their number is bounded by the callers.
#[derive(Debug)]
pub(crate) struct Pending {
    // A lock, because callers on any thread register and the reading thread answers; held for a map operation only.
    waiting: Mutex<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    open: bool,
    last_id: u64,
    replies: HashMap<u64, SyncSender<Reply>>,
}

impl Pending {
    pub(crate) fn new() -> Self {
        Self { waiting: Mutex::new(Waiting { open: true, last_id: 0, replies: HashMap::new() }) }
    }

    /// Registers a command; `None` when the connection has ended.
    pub(crate) fn register(&self) -> Option<(u64, Receiver<Reply>)> {
        let mut waiting = self.lock();
        if !waiting.open {
            return None;
        }
        waiting.last_id += 1;
        let id = waiting.last_id;
        let (sender, receiver) = sync_channel(1);
        waiting.replies.insert(id, sender);
        Some((id, receiver))
    }

    /// Stops waiting; a reply that still comes is dropped.
    pub(crate) fn forget(&self, id: u64) {
        self.lock().replies.remove(&id);
    }

    /// Hands a reply to who waits for it; false when nobody does.
    pub(crate) fn answer(&self, id: u64, reply: Reply) -> bool {
        self.lock().replies.remove(&id).is_some_and(|sender| sender.try_send(reply).is_ok())
    }

    /// Ends every wait, now and later.
    pub(crate) fn close(&self) {
        let mut waiting = self.lock();
        waiting.open = false;
        waiting.replies.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // A panic elsewhere cannot leave the map half-changed.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_reply_reaches_only_its_own_command() {
        let pending = Pending::new();
        let (first, first_reply) = pending.register().unwrap();
        let (second, second_reply) = pending.register().unwrap();
        assert!(pending.answer(second, Ok(Value::Bool(true))));
        assert_eq!(second_reply.recv().unwrap(), Ok(Value::Bool(true)));
        assert!(first_reply.try_recv().is_err());
        assert_ne!(first, second);
    }

    #[test]
    fn a_late_reply_is_dropped() {
        let pending = Pending::new();
        let (id, _reply) = pending.register().unwrap();
        pending.forget(id);
        assert!(!pending.answer(id, Ok(Value::Null)));
    }

    #[test]
    fn closing_ends_present_and_future_waits() {
        let pending = Pending::new();
        let (_, reply) = pending.register().unwrap();
        pending.close();
        assert!(reply.recv().is_err());
        assert!(pending.register().is_none());
    }
}
