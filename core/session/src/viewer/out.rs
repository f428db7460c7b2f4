//! What a viewer's connection asks of its driver, and what it is given.

use bytes::Bytes;
use lunette_frame::{AccessUnit, BitRate, Pts, Size};
use lunette_input_events::Event;
use lunette_wire::stream::{CloseCode, Init, InputRequest, Ping, ServerMessage};

/// One message of the WebSocket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// A binary one.
    Binary(Bytes),
    /// A text.
    Text(String),
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Out {
    /// Send this.
    Send(Payload),
    /// Send a ping of the WebSocket with these bytes.
    Ping(Bytes),
    /// Close; nothing follows.
    Close(CloseCode),
    /// Join the desktop, then say [`joined`](crate::Viewer::joined), or [`fail`](crate::Viewer::fail).
    Join(Box<Init>),
    /// Input of the viewer.
    Input(Event),
    /// Whatever the viewer holds down comes up.
    ReleaseKeys,
    /// Something about who has the input.
    Ask(InputRequest),
    /// Answer with [`pong`](crate::Viewer::pong).
    Pong(Ping),
    /// The viewer wants another size of the desktop.
    Resize(Size),
    /// Answer with how each part is doing.
    Hops,
    /// Leave the stream, or join it again.
    Video(bool),
    /// What the viewer can take.
    Rate(Option<BitRate>),
    /// What waits for this viewer is too old: newer pictures take its place.
    FallBehind,
    /// A message that makes no sense, for the log.
    Nonsense(String),
}

/// A picture for a viewer.
#[derive(Debug, Clone)]
pub struct Picture {
    /// The picture.
    pub unit: AccessUnit,
    /// Whether it was there before the viewer was.
    pub replay: bool,
    /// When it was encoded, on the clock of its capture time.
    pub encoded: Option<Pts>,
    /// When it is handed over, on the same clock.
    pub handed: Option<Pts>,
}

/// What a stream is, as far as that is known when a viewer joins.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Size of its pictures.
    pub size: Size,
    /// The most per second.
    pub fps: u8,
    /// How the pointer looks.
    pub cursor: Option<ServerMessage>,
    /// Whether the desktop takes another size.
    pub resizable: bool,
    /// Whether its clipboard is shared.
    pub clipboard: bool,
}

impl Facts {
    /// Facts about pictures of this size.
    #[must_use]
    pub const fn of(size: Size) -> Self {
        Self { size, fps: 60, cursor: None, resizable: false, clipboard: false }
    }
}
