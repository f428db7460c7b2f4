//! The reading half of a subscription.

use std::fmt;

use lunette_wire::hxfr::{CursorUpdate, FrameResponse, Framer, Message, Received, Standing};
use tokio::io::{AsyncReadExt, ReadHalf};

use super::{Monotonic, Stream, StreamError};

/// One picture as it arrived.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The picture with its times and its keyframe flag.
    pub unit: FrameResponse,
    /// When its last byte was read.
    pub received_at: Monotonic,
}

/// What a subscription brings.
#[derive(Debug, Clone)]
pub enum Arrival {
    /// A picture.
    Unit(Frame),
    /// The pointer moved or changed; only to who asked by [`Sender::watch_cursor`](super::Sender::watch_cursor).
    Cursor(CursorUpdate),
    /// How the scanout is doing; only to who asked by [`Sender::ask_standing`](super::Sender::ask_standing). `None` when
    /// that may not be known.
    Standing(Option<Standing>),
}

/// The reading half of a [`Subscriber`](super::Subscriber).
pub struct Arrivals {
    stream: ReadHalf<Box<dyn Stream>>,
    framer: Framer,
    last_read: Monotonic,
    skipped: u64,
}

impl Arrivals {
    pub(super) fn new(stream: ReadHalf<Box<dyn Stream>>, now: Monotonic) -> Self {
        Self { stream, framer: Framer::new(), last_read: now, skipped: 0 }
    }

    /// What comes next; `None` when the server closed the connection between two messages.
    ///
    /// Waits without a limit. Can be dropped while it waits: no byte is lost.
    ///
    /// # Errors
    /// When the server sent ERROR or something that is not HXFR, or the connection broke. Nothing comes after that.
    pub async fn next(&mut self) -> Result<Option<Arrival>, StreamError> {
        while let Some(received) = self.receive().await? {
            match received.body {
                Ok(Message::FrameResponse(unit)) => {
                    return Ok(Some(Arrival::Unit(Frame { unit, received_at: self.last_read })));
                }
                Ok(Message::Cursor(cursor)) => return Ok(Some(Arrival::Cursor(cursor))),
                Ok(Message::StatusResponse(status)) => return Ok(Some(Arrival::Standing(status.standing))),
                Ok(Message::Error(reply)) => return Err(StreamError::Server(reply)),
                Ok(_) | Err(_) => self.skip(),
            }
        }
        Ok(None)
    }

    /// Messages that were skipped so far: of an unknown type, or without a meaning on a subscribed connection.
    #[must_use]
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }

    pub(super) const fn skip(&mut self) {
        self.skipped += 1;
    }

    /// When something was last read.
    pub(super) const fn last_read(&self) -> Monotonic {
        self.last_read
    }

    pub(super) async fn receive(&mut self) -> Result<Option<Received>, StreamError> {
        loop {
            if let Some(received) = self.framer.next_message()? {
                return Ok(Some(received));
            }
            if self.stream.read_buf(self.framer.buffer()).await? == 0 {
                return if self.framer.is_mid_message() { Err(StreamError::CutShort) } else { Ok(None) };
            }
            // Taken here, so that messages that arrived together do not seem later for what we did with the first.
            self.last_read = Monotonic::now();
        }
    }
}

impl fmt::Debug for Arrivals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrivals").field("skipped", &self.skipped).finish_non_exhaustive()
    }
}
