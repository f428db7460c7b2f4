//! The writing half of a subscription.

use std::fmt;
use std::io;

use bytes::{Buf, BytesMut};
use lunette_frame::{BitRate, ScanoutId};
use lunette_session::Flow;
use lunette_wire::Token;
use lunette_wire::hxfr::{Authorize, ConfigRequest, Message, SessionId, StatusRequest, Subscribe, TooLarge};
use tokio::io::{AsyncWriteExt, WriteHalf};

use super::Stream;

/// The writing half of a [`Subscriber`](super::Subscriber).
///
/// Every call can be dropped while it waits: what is left of its message goes out ahead of the next.
pub struct Sender {
    scanout: ScanoutId,
    stream: WriteHalf<Box<dyn Stream>>,
    unsent: BytesMut,
}

impl Sender {
    pub(super) fn new(scanout: ScanoutId, stream: WriteHalf<Box<dyn Stream>>) -> Self {
        Self { scanout, stream, unsent: BytesMut::new() }
    }

    /// The scanout.
    #[must_use]
    pub const fn scanout(&self) -> ScanoutId {
        self.scanout
    }

    /// Asks for a keyframe.
    ///
    /// # Errors
    /// When the connection is broken.
    pub async fn request_idr(&mut self) -> io::Result<()> {
        self.send(&Message::KeyframeRequest).await
    }

    /// Says how much this subscriber can take.
    ///
    /// # Errors
    /// When the connection is broken.
    pub async fn set_rate(&mut self, rate: BitRate) -> io::Result<()> {
        let config = ConfigRequest { bit_rate: Some(rate), realtime: true, ..ConfigRequest::UNCHANGED };
        self.send(&Message::ConfigRequest(config)).await
    }

    /// Says whether this subscriber takes pictures: while nobody does, none is encoded.
    ///
    /// # Errors
    /// When the connection is broken.
    pub async fn hold(&mut self, flow: Flow) -> io::Result<()> {
        let message = match flow {
            Flow::Held => Message::Hold,
            Flow::Going => Message::Go,
        };
        self.send(&message).await
    }

    /// Asks for the pointer: where it is and what it looks like now, and whenever that changes.
    ///
    /// # Errors
    /// When the connection is broken.
    pub async fn watch_cursor(&mut self) -> io::Result<()> {
        self.send(&Message::WatchCursor).await
    }

    /// Asks how the scanout is doing.
    ///
    /// # Errors
    /// When the connection is broken.
    pub async fn ask_standing(&mut self) -> io::Result<()> {
        self.send(&Message::StatusRequest(StatusRequest { scanout: self.scanout })).await
    }

    /// Sends a message about the scanout.
    ///
    /// # Errors
    /// When the connection is broken, or the message is larger than servers take.
    pub async fn send(&mut self, message: &Message) -> io::Result<()> {
        self.send_as(self.scanout.into(), message).await
    }

    pub(super) async fn subscribe(&mut self, token: Option<Token>) -> io::Result<()> {
        if let Some(token) = token {
            self.send_as(SessionId::NONE, &Message::Authorize(Authorize { token })).await?;
        }
        self.send(&Message::Subscribe(Subscribe { scanout: self.scanout })).await
    }

    async fn send_as(&mut self, session: SessionId, message: &Message) -> io::Result<()> {
        let too_large = |error: TooLarge| io::Error::new(io::ErrorKind::InvalidInput, error);
        message.encode(session, &mut self.unsent).map_err(too_large)?;
        while self.unsent.has_remaining() {
            if self.stream.write_buf(&mut self.unsent).await? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("scanout", &self.scanout).finish_non_exhaustive()
    }
}
