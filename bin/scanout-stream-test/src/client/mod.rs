//! The client's side of a subscription.
//!
//! ```text
//!   connect ──▶ AUTHORIZE (with a token), SUBSCRIBE ──▶ SUBSCRIBE_RESP ──▶ FRAME_RESPONSE … ──▶ end of stream, or ERROR
//!   └ limits.connect ┘└──────── limits.answer ────────────────────────┘└─ no limit: a still screen sends nothing ─┘
//! ```

mod dial;
mod error;

use std::fmt;
use std::io;

use bytes::BytesMut;
use lunette_frame::ScanoutId;
use lunette_wire::Token;
use lunette_wire::hxfr::{
    Authorize, FrameResponse, Framer, Message, Received, SessionId, Subscribe, SubscribeResponse, TooLarge,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

pub use dial::Limits;
pub use error::{ConnectError, StreamError};

use crate::{Address, Monotonic};
use dial::Stream;

/// One picture as it arrived.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The picture with its times and its keyframe flag.
    pub unit: FrameResponse,
    /// When its last byte was read.
    pub received_at: Monotonic,
}

/// A connection that is subscribed to one scanout. Dropping it ends the subscription.
pub struct Subscriber {
    scanout: ScanoutId,
    stream: Box<dyn Stream>,
    framer: Framer,
    connecting_since: Monotonic,
    subscribed_at: Monotonic,
    last_read: Monotonic,
    skipped: u64,
}

impl Subscriber {
    /// Connects to `address` and subscribes to `scanout`.
    ///
    /// # Errors
    /// When there is no server, or it does not accept the subscription within `limits`.
    pub async fn connect(address: &Address, scanout: ScanoutId, limits: Limits) -> Result<Self, ConnectError> {
        Self::connect_showing(None, address, scanout, limits).await
    }

    /// Connects to `address`, shows `token` there, and subscribes to `scanout`.
    ///
    /// # Errors
    /// As [`Subscriber::connect`]; a strict server answers a token that does not allow it as it answers a scanout that
    /// it does not have.
    pub async fn connect_showing(
        token: Option<Token>,
        address: &Address,
        scanout: ScanoutId,
        limits: Limits,
    ) -> Result<Self, ConnectError> {
        let connecting_since = Monotonic::now();
        let stream = dial::dial(address, limits.connect).await?;
        let mut subscriber = Self {
            scanout,
            stream,
            framer: Framer::new(),
            connecting_since,
            subscribed_at: connecting_since,
            last_read: connecting_since,
            skipped: 0,
        };
        let answer = tokio::time::timeout(limits.answer, subscriber.subscribe(token)).await;
        answer.unwrap_or(Err(ConnectError::NoAnswer { scanout, limit: limits.answer }))?;
        // Not the time now: pictures may have come in the same read.
        subscriber.subscribed_at = subscriber.last_read;
        Ok(subscriber)
    }

    /// The scanout.
    #[must_use]
    pub const fn scanout(&self) -> ScanoutId {
        self.scanout
    }

    /// When connecting began.
    #[must_use]
    pub const fn connecting_since(&self) -> Monotonic {
        self.connecting_since
    }

    /// When the server's consent arrived.
    #[must_use]
    pub const fn subscribed_at(&self) -> Monotonic {
        self.subscribed_at
    }

    /// Messages that were skipped so far: of an unknown type, or without a meaning on a subscribed connection.
    #[must_use]
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }

    /// The next picture; `None` when the server closed the connection between two messages.
    ///
    /// Waits without a limit. Can be dropped while it waits: no byte is lost.
    ///
    /// # Errors
    /// When the server sent ERROR or something that is not HXFR, or the connection broke. There is no picture after
    /// that.
    pub async fn next(&mut self) -> Result<Option<Frame>, StreamError> {
        while let Some(received) = self.receive().await? {
            match received.body {
                Ok(Message::FrameResponse(unit)) => return Ok(Some(Frame { unit, received_at: self.last_read })),
                Ok(Message::Error(reply)) => return Err(StreamError::Server(reply)),
                Ok(_) | Err(_) => self.skipped += 1,
            }
        }
        Ok(None)
    }

    /// Sends a message about the scanout, such as KEYFRAME_REQ.
    ///
    /// # Errors
    /// When the connection is broken, or the message is larger than servers take.
    pub async fn send(&mut self, message: &Message) -> io::Result<()> {
        self.send_as(self.scanout.into(), message).await
    }

    async fn send_as(&mut self, session: SessionId, message: &Message) -> io::Result<()> {
        let mut bytes = BytesMut::new();
        let too_large = |error: TooLarge| io::Error::new(io::ErrorKind::InvalidInput, error);
        message.encode(session, &mut bytes).map_err(too_large)?;
        self.stream.write_all(&bytes).await
    }

    async fn ask(&mut self, token: Option<Token>) -> io::Result<()> {
        if let Some(token) = token {
            self.send_as(SessionId::NONE, &Message::Authorize(Authorize { token })).await?;
        }
        self.send(&Message::Subscribe(Subscribe { scanout: self.scanout })).await
    }

    async fn subscribe(&mut self, token: Option<Token>) -> Result<(), ConnectError> {
        let scanout = self.scanout;
        let broken = |source| ConnectError::Broken { scanout, source };
        self.ask(token).await.map_err(|error| broken(StreamError::Socket(error)))?;
        while let Some(received) = self.receive().await.map_err(broken)? {
            match received.body {
                Ok(Message::SubscribeResponse(answer)) => return judge(scanout, answer),
                Ok(Message::Error(reply)) => return Err(broken(StreamError::Server(reply))),
                Ok(other) => return Err(ConnectError::Unexpected { scanout, kind: other.kind() }),
                Err(_) => self.skipped += 1,
            }
        }
        Err(ConnectError::Closed { scanout })
    }

    async fn receive(&mut self) -> Result<Option<Received>, StreamError> {
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

fn judge(scanout: ScanoutId, answer: SubscribeResponse) -> Result<(), ConnectError> {
    match answer {
        SubscribeResponse { scanout: other, .. } if other != scanout => Err(ConnectError::Mistaken { scanout, other }),
        SubscribeResponse { success: false, .. } => Err(ConnectError::Refused { scanout }),
        SubscribeResponse { success: true, .. } => Ok(()),
    }
}

impl fmt::Debug for Subscriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscriber").field("scanout", &self.scanout).finish_non_exhaustive()
    }
}
