//! What a server does behind its sockets.

use std::future::Future;
use std::sync::Arc;

use lunette_frame::{AccessUnit, ScanoutId};
use lunette_session::Flow;
use lunette_wire::Token;
use lunette_wire::hxfr::{
    ConfigRequest, CursorUpdate, EnableScanout, ErrorCode, FrameRequest, Grant, Message, SessionId, Standing,
};
use tokio::sync::{mpsc, watch};

use crate::outgoing::Replies;
use crate::room::Room;

/// Why the backend will not do what a peer asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The protocol's code.
    pub code: ErrorCode,
    /// What to tell a person.
    pub reason: String,
}

/// Why a stream ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamEnd {
    /// The protocol's code.
    pub code: ErrorCode,
    /// What to tell a person.
    pub reason: String,
}

/// One subscriber's units, in order.
pub trait Units: Send + 'static {
    /// Waits for the next unit. Dropping the future loses nothing.
    fn next(&mut self) -> impl Future<Output = Result<AccessUnit, StreamEnd>> + Send;
}

/// What a subscriber may ask of its stream.
pub trait StreamHandle: Send + Sync + 'static {
    /// Asks for an IDR.
    fn request_idr(&self);
    /// Says whether the subscriber takes pictures.
    fn hold(&self, flow: Flow);
    /// The pointer from now on, with its shape; `None` while nothing is known of one.
    fn cursor(&self) -> watch::Receiver<Option<CursorUpdate>>;
    /// Retunes the stream.
    fn configure(&self, config: &ConfigRequest);
}

/// One thing for a connection's own encoder.
#[derive(Debug)]
pub enum EncodeJob {
    /// Encode this picture, and reply exactly once. The last part is dropped with the pixels.
    Picture(SessionId, FrameRequest, Room),
    /// Send this after the replies to what came before.
    Reply(SessionId, Message),
    /// Use these settings from the next picture on.
    Configure(ConfigRequest),
    /// Make the next picture an IDR.
    ForceKeyframe,
}

/// Something worth counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A connection was accepted.
    Accepted,
    /// A connection was turned away: there are too many.
    TurnedAway,
    /// A connection ended.
    Closed,
    /// A message was refused, the connection goes on.
    BadMessage,
    /// Bytes that are no message, or half of one, ended the connection.
    BadStream,
    /// A peer took nothing for too long, or did not finish a message.
    TimedOut,
}

/// What a server does behind its sockets. Calls that return at once may be made on a socket task.
///
/// `shown` is the token that the peer shows; what it is good for is the backend's to say.
pub trait Backend: Send + Sync + 'static {
    /// A subscriber's units.
    type Units: Units;
    /// A subscriber's wishes.
    type Handle: StreamHandle;

    /// Subscribes to a scanout; returns at once. Logs why not, which the peer is not told.
    ///
    /// # Errors
    /// When the token does not allow it, there is no such scanout, or its pictures cannot be had.
    fn subscribe(&self, scanout: ScanoutId, shown: Option<&Token>) -> Result<(Self::Units, Self::Handle), Refused>;

    /// Enables a scanout; may take seconds. Returns the guest's name for it.
    ///
    /// # Errors
    /// When the token does not allow it, or the display device cannot.
    fn enable(&self, enable: &EnableScanout, shown: Option<&Token>) -> Result<String, Refused>;

    /// Disables a scanout; may take seconds. Returns the guest's name for it.
    ///
    /// # Errors
    /// When the token does not allow it, or the scanout is not enabled.
    fn disable(&self, scanout: ScanoutId, shown: Option<&Token>) -> Result<String, Refused>;

    /// How a scanout is doing; returns at once.
    ///
    /// # Errors
    /// When the token does not allow it.
    fn status(&self, scanout: ScanoutId, shown: Option<&Token>) -> Result<Standing, Refused>;

    /// Says who owns a scanout; returns at once.
    ///
    /// # Errors
    /// When the token does not allow it.
    fn grant(&self, grant: &Grant, shown: Option<&Token>) -> Result<(), Refused>;

    /// A peer shows this token from now on; returns at once, and must not let the peer feel what it is good for.
    ///
    /// When what it returns changes, the peer is closed unless it subscribes: all that it has asked for is void, and it
    /// is to connect and ask anew.
    fn shows(&self, token: &Token) -> Option<watch::Receiver<u64>>;

    /// Starts an encoder for one connection's requests. It ends when the sender is dropped.
    ///
    /// # Errors
    /// When there are too many, or none can be started.
    fn open_encoder(&self, replies: Replies) -> Result<mpsc::Sender<EncodeJob>, Refused>;

    /// Something worth counting happened.
    fn count(&self, event: Event);
}

impl<T: Backend> Backend for Arc<T> {
    type Units = T::Units;
    type Handle = T::Handle;

    fn subscribe(&self, scanout: ScanoutId, shown: Option<&Token>) -> Result<(Self::Units, Self::Handle), Refused> {
        (**self).subscribe(scanout, shown)
    }

    fn enable(&self, enable: &EnableScanout, shown: Option<&Token>) -> Result<String, Refused> {
        (**self).enable(enable, shown)
    }

    fn disable(&self, scanout: ScanoutId, shown: Option<&Token>) -> Result<String, Refused> {
        (**self).disable(scanout, shown)
    }

    fn status(&self, scanout: ScanoutId, shown: Option<&Token>) -> Result<Standing, Refused> {
        (**self).status(scanout, shown)
    }

    fn grant(&self, grant: &Grant, shown: Option<&Token>) -> Result<(), Refused> {
        (**self).grant(grant, shown)
    }

    fn shows(&self, token: &Token) -> Option<watch::Receiver<u64>> {
        (**self).shows(token)
    }

    fn open_encoder(&self, replies: Replies) -> Result<mpsc::Sender<EncodeJob>, Refused> {
        (**self).open_encoder(replies)
    }

    fn count(&self, event: Event) {
        (**self).count(event);
    }
}
