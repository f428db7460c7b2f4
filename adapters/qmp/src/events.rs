//! What QEMU tells unasked.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::Value;

/// How many notices wait for their reader. When it is full new ones are dropped and counted.
const QUEUE: usize = 256;

/// An event of the machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// QEMU's name for it, like `RESET`.
    pub name: String,
    /// What comes with it; `Null` when nothing does.
    pub data: Value,
    /// When it happened by the host's clock, since 1970.
    pub timestamp: Option<Duration>,
}

/// What a reader of events learns.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// Something happened.
    Event(Event),
    /// The reader was too slow: this many events in a row were dropped.
    Missed(u64),
    /// The connection ended, for this reason; nothing else follows.
    Closed(String),
}

/// The receiving end of a connection's events.
#[derive(Debug)]
pub struct Events {
    queue: Receiver<Notice>,
    reason: Arc<OnceLock<String>>,
}

impl Events {
    /// Waits for the next notice; `None` when none came in time. After the end it is always [`Notice::Closed`].
    pub fn next(&self, limit: Duration) -> Option<Notice> {
        match self.queue.recv_timeout(limit) {
            Ok(notice) => Some(notice),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Notice::Closed(self.reason())),
        }
    }

    fn reason(&self) -> String {
        self.reason.get().cloned().unwrap_or_else(|| "the connection was dropped".to_owned())
    }
}

/// The sending end, held by the reading thread.
#[derive(Debug)]
pub(crate) struct EventSink {
    queue: SyncSender<Notice>,
    reason: Arc<OnceLock<String>>,
    missed: u64,
}

/// A queue of events; dropping the sink ends it.
pub(crate) fn events() -> (EventSink, Events) {
    let (sender, receiver) = sync_channel(QUEUE);
    let reason = Arc::new(OnceLock::new());
    (EventSink { queue: sender, reason: reason.clone(), missed: 0 }, Events { queue: receiver, reason })
}

impl EventSink {
    /// Queues an event, or counts it as missed.
    pub(crate) fn send(&mut self, event: Event) {
        if self.missed > 0 && self.queue.try_send(Notice::Missed(self.missed)).is_ok() {
            self.missed = 0;
        }
        if self.missed > 0 {
            self.missed += 1;
        } else if let Err(TrySendError::Full(_)) = self.queue.try_send(Notice::Event(event)) {
            self.missed = 1;
        }
    }

    /// Ends the queue.
    pub(crate) fn close(self, reason: String) {
        // Nobody else sets it, so it is empty.
        let _ = self.reason.set(reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(5);

    fn event(name: &str) -> Event {
        Event { name: name.to_owned(), data: Value::Null, timestamp: None }
    }

    #[test]
    fn a_slow_reader_learns_how_many_it_missed() {
        let (mut sink, events) = events();
        for _ in 0..QUEUE + 3 {
            sink.send(event("STOP"));
        }
        for _ in 0..QUEUE {
            assert_eq!(events.next(SOON), Some(Notice::Event(event("STOP"))));
        }
        sink.send(event("RESUME"));
        assert_eq!(events.next(SOON), Some(Notice::Missed(3)));
        assert_eq!(events.next(SOON), Some(Notice::Event(event("RESUME"))));
    }

    #[test]
    fn the_end_is_told_after_what_is_queued_and_stays() {
        let (mut sink, events) = events();
        sink.send(event("SHUTDOWN"));
        sink.close("gone".to_owned());
        assert_eq!(events.next(SOON), Some(Notice::Event(event("SHUTDOWN"))));
        assert_eq!(events.next(SOON), Some(Notice::Closed("gone".to_owned())));
        assert_eq!(events.next(SOON), Some(Notice::Closed("gone".to_owned())));
    }
}
