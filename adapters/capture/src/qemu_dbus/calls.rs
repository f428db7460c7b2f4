//! What QEMU calls on a listener, in order.

use std::future::poll_fn;
use std::net::Shutdown;
use std::num::NonZeroUsize;
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use futures_core::Stream;
use tokio::time::timeout;
use zbus::connection::Builder;
use zbus::message::Flags;
use zbus::{Connection, DynamicType, Message, MessageStream};

use super::console::Console;
use super::error::QemuError;
use super::lifeline::{Held, Lifeline};

/// Messages that wait in memory, of which each may hold a picture; more wait in the socket.
const QUEUE: NonZeroUsize = NonZeroUsize::new(4).expect("it is not zero");

/// The connection of one listener. Dropping it ends the listener at QEMU's side at once.
#[derive(Debug)]
pub(super) struct Calls {
    stream: MessageStream,
    connection: Connection,
    hang_up: UnixStream,
    /// Whoever hangs up when we cannot.
    _held: Held,
}

/// The next message; `None` after the last.
pub(super) async fn next(stream: &mut MessageStream) -> Option<zbus::Result<Message>> {
    poll_fn(|context| Pin::new(&mut *stream).poll_next(context)).await
}

impl Calls {
    /// Registers a listener. Whatever QEMU calls from its first message on is queued: nothing is lost.
    pub(super) async fn register(console: &Console, lifeline: &Lifeline, limit: Duration) -> Result<Self, QemuError> {
        let (ours, theirs) = UnixStream::pair().map_err(QemuError::Socket)?;
        let hang_up = ours.try_clone().map_err(QemuError::Socket)?;
        let held = lifeline.hold(&ours).map_err(QemuError::Socket)?;
        // Both at once: QEMU's main loop waits for our half of the greeting.
        let greeting = async {
            let stream = Builder::unix_stream(ours).p2p().max_queued(QUEUE).build_message_stream().await;
            stream.map_err(|source| QemuError::Greeting(Box::new(source)))
        };
        let registering = async { tokio::try_join!(greeting, console.register_listener(theirs.into())) };
        let (stream, ()) =
            timeout(limit, registering).await.unwrap_or(Err(QemuError::Silent { what: "a new listener", limit }))?;
        let connection = Connection::from(&stream);
        Ok(Self { stream, connection, hang_up, _held: held })
    }

    /// The next call; `None` after the last.
    pub(super) async fn next(&mut self) -> Option<zbus::Result<Message>> {
        next(&mut self.stream).await
    }

    /// The next call if it is there already.
    pub(super) async fn next_waiting(&mut self) -> Option<zbus::Result<Message>> {
        // Lets the task that reads the socket have a look.
        tokio::task::yield_now().await;
        let stream = &mut self.stream;
        poll_fn(|context| match Pin::new(&mut *stream).poll_next(context) {
            Poll::Ready(message) => Poll::Ready(message),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }

    /// Answers a call, unless no answer is wanted.
    pub(super) async fn answer<B>(&self, call: &Message, body: &B) -> zbus::Result<()>
    where
        B: serde::Serialize + DynamicType,
    {
        if call.primary_header().flags().contains(Flags::NO_REPLY_EXPECTED) {
            return Ok(());
        }
        self.connection.reply(&call.header(), body).await
    }

    /// Refuses a call, unless no answer is wanted.
    pub(super) async fn refuse(&self, call: &Message, name: &'static str, reason: &str) -> zbus::Result<()> {
        if call.primary_header().flags().contains(Flags::NO_REPLY_EXPECTED) {
            return Ok(());
        }
        self.connection.reply_error(&call.header(), name, &reason).await
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        // Fails when QEMU was faster.
        let _ = self.hang_up.shutdown(Shutdown::Both);
    }
}
