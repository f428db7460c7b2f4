//! What waits to be written to one connection.

use bytes::{Buf, BytesMut};
use lunette_wire::hxfr::{CursorUpdate, Message, SessionId, TooLarge};
use tokio::sync::{mpsc, watch};

/// Something for a connection's writer; it is written whole, or the connection ends.
#[derive(Debug)]
pub enum Outgoing<U> {
    /// A message.
    Reply(SessionId, Message),
    /// A message, and then this scanout's units until the end.
    Follow(SessionId, Message, U),
    /// From now on this pointer too, between the units that are followed.
    Cursor(watch::Receiver<Option<CursorUpdate>>),
}

/// Where an encoder thread puts its replies. Full means that the peer does not read; the thread waits then.
#[derive(Debug)]
pub struct Replies {
    sender: Box<dyn ReplySender>,
}

impl Replies {
    pub(crate) fn new<U: Send + 'static>(sender: mpsc::Sender<Outgoing<U>>) -> Self {
        Self { sender: Box::new(sender) }
    }

    /// Queues a reply; `false` when the connection is gone. Call it from a thread, not from a task.
    #[must_use]
    pub fn send(&self, session: SessionId, message: Message) -> bool {
        self.sender.send(session, message)
    }
}

trait ReplySender: std::fmt::Debug + Send {
    fn send(&self, session: SessionId, message: Message) -> bool;
}

impl<U: Send + 'static> ReplySender for mpsc::Sender<Outgoing<U>> {
    fn send(&self, session: SessionId, message: Message) -> bool {
        self.blocking_send(Outgoing::Reply(session, message)).is_ok()
    }
}

/// A message as bytes.
pub(crate) fn bytes_of(session: SessionId, message: &Message) -> Result<impl Buf + use<>, TooLarge> {
    let mut bytes = BytesMut::new();
    message.encode(session, &mut bytes)?;
    Ok(bytes)
}
