//! The client's side of a subscription.
//!
//! ```text
//!   connect ──▶ AUTHORIZE (with a token), SUBSCRIBE ──▶ SUBSCRIBE_RESP ──▶ FRAME_RESPONSE, CURSOR … ──▶ the end, or ERROR
//!   └ limits.connect ┘└──────── limits.answer ────────────────────────┘└─ no limit: a still screen sends nothing ─┘
//! ```

mod address;
mod arrivals;
mod clock;
mod dial;
mod error;
mod route;
mod sender;

use std::fmt;
use std::io;

use lunette_frame::ScanoutId;
use lunette_wire::Token;
use lunette_wire::hxfr::{Message, SubscribeResponse};

pub use address::{Address, AddressError};
pub use arrivals::{Arrival, Arrivals, Frame};
pub use clock::Monotonic;
pub use dial::Limits;
pub use error::{ConnectError, StreamError};
pub use route::{Carrier, Carrying, Route, Stream};
pub use sender::Sender;

/// A connection that is subscribed to one scanout. Dropping it ends the subscription.
pub struct Subscriber {
    arrivals: Arrivals,
    sender: Sender,
    connecting_since: Monotonic,
    subscribed_at: Monotonic,
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
        Self::connect_by(&Route::Address(address.clone()), token, scanout, limits).await
    }

    /// The same, however the server is reached.
    ///
    /// # Errors
    /// As [`Subscriber::connect_showing`].
    pub async fn connect_by(
        route: &Route,
        token: Option<Token>,
        scanout: ScanoutId,
        limits: Limits,
    ) -> Result<Self, ConnectError> {
        let connecting_since = Monotonic::now();
        let (read, write) = tokio::io::split(dial::dial(route, limits.connect).await?);
        let arrivals = Arrivals::new(read, connecting_since);
        let sender = Sender::new(scanout, write);
        let mut subscriber = Self { arrivals, sender, connecting_since, subscribed_at: connecting_since };
        let answer = tokio::time::timeout(limits.answer, subscriber.subscribe(token)).await;
        answer.unwrap_or(Err(ConnectError::NoAnswer { scanout, limit: limits.answer }))?;
        // Not the time now: pictures may have come in the same read.
        subscriber.subscribed_at = subscriber.arrivals.last_read();
        Ok(subscriber)
    }

    /// The scanout.
    #[must_use]
    pub const fn scanout(&self) -> ScanoutId {
        self.sender.scanout()
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
        self.arrivals.skipped()
    }

    /// The next picture; `None` when the server closed the connection between two messages.
    ///
    /// Waits without a limit. Can be dropped while it waits: no byte is lost. Whoever wants the pointer too uses
    /// [`Subscriber::split`].
    ///
    /// # Errors
    /// When the server sent ERROR or something that is not HXFR, or the connection broke. There is no picture after
    /// that.
    pub async fn next(&mut self) -> Result<Option<Frame>, StreamError> {
        loop {
            match self.arrivals.next().await? {
                Some(Arrival::Unit(frame)) => return Ok(Some(frame)),
                Some(Arrival::Cursor(_) | Arrival::Standing(_)) => {}
                None => return Ok(None),
            }
        }
    }

    /// Sends a message about the scanout, such as KEYFRAME_REQ.
    ///
    /// # Errors
    /// When the connection is broken, or the message is larger than servers take.
    pub async fn send(&mut self, message: &Message) -> io::Result<()> {
        self.sender.send(message).await
    }

    /// Its two halves, for who sends while it waits. The subscription ends when both are dropped.
    #[must_use]
    pub fn split(self) -> (Arrivals, Sender) {
        (self.arrivals, self.sender)
    }

    async fn subscribe(&mut self, token: Option<Token>) -> Result<(), ConnectError> {
        let scanout = self.scanout();
        let broken = |source| ConnectError::Broken { scanout, source };
        self.sender.subscribe(token).await.map_err(|error| broken(StreamError::Socket(error)))?;
        while let Some(received) = self.arrivals.receive().await.map_err(broken)? {
            match received.body {
                Ok(Message::SubscribeResponse(answer)) => return judge(scanout, answer),
                Ok(Message::Error(reply)) => return Err(broken(StreamError::Server(reply))),
                Ok(other) => return Err(ConnectError::Unexpected { scanout, kind: other.kind() }),
                Err(_) => self.arrivals.skip(),
            }
        }
        Err(ConnectError::Closed { scanout })
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
        f.debug_struct("Subscriber").field("scanout", &self.scanout()).finish_non_exhaustive()
    }
}
