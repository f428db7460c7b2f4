//! The stream between a viewer and a desktop's bridge, as messages of a WebSocket.
//!
//! ```text
//!   client                                                          server
//!     │ ── text: Init ───────────────────────────────────────────────▶ │
//!     │ ◀───────────────────────── StreamInit, ConnectionComplete, … ─ │  ServerMessage, ServerText
//!     │ ◀─────────────────────────────────────────────── video, … ──── │  ServerMessage
//!     │ ── keys, pointers, ping, … ──────────────────────────────────▶ │  ClientMessage ─▶ Event
//!     │ ◀─────────────────────────────────── StreamError, CloseCode ── │
//! ```
//!
//! A message starts with its type, and is exactly one binary message of the WebSocket. Integers are big-endian, except
//! those of pointers and presence and all floats. One message family per file; [`ServerMessage`], [`ClientMessage`] and
//! [`InputMessage`] are the sums. A message that is wrong is dropped alone: no error here ends a connection.
//! `docs/protocol-stream.md` is the page to it.

mod client;
mod clock;
mod close;
mod colour;
mod control;
mod cursor;
mod error;
mod event;
mod fields;
mod init;
mod input;
mod presence;
mod server;
mod server_control;
mod session;
mod types;
mod video;
mod video_mode;

use bytes::{BufMut, BytesMut};
use serde::de::DeserializeOwned;

use crate::text::cut;

pub use client::{ClientMessage, InputMessage, PageScroll, ScrollUnit};
pub use clock::{Feedback, Lateness, Ping, Pong, StreamClock, Timing};
pub use close::CloseCode;
pub use colour::{Colour, ColourError};
pub use control::{Ceiling, ClientControl, InputRequest, Question, Resize};
pub use cursor::{AgentAction, AgentCursor, CursorBitmap, CursorImage, CursorName, RemoteCursor};
pub use error::StreamWireError;
pub use init::{Init, InitError};
pub use input::Input;
pub use presence::{RemoteTouch, RemoteUser};
pub use server::ServerMessage;
pub use server_control::{
    ClipboardChange, Holder, Hop, HopReport, HopState, InputStanding, InputState, Playing, Refused, RefusedThing,
    ServerControl, VideoState, Waiting,
};
pub use session::{Capabilities, ConnectionComplete, ServerText, StreamError, StreamInit};
pub use video::{Codec, VideoFrame, VideoHead};
pub use video_mode::VideoMode;

/// Appends the length of a text and the text, cut to what a byte can count.
fn put_short_text(out: &mut BytesMut, text: &str) {
    let kept = cut(text, u8::MAX.into());
    out.put_u8(u8::try_from(kept.len()).expect("cut to what fits"));
    out.put_slice(kept.as_bytes());
}

/// Reads a JSON object of at most `limit` bytes.
fn json<T: DeserializeOwned>(message: &'static str, json: &[u8], limit: usize) -> Result<T, StreamWireError> {
    let size = json.len();
    if size > limit {
        return Err(StreamWireError::Oversize { message, size, limit });
    }
    // Serde takes a list for an object whose members it has in order.
    if !json.trim_ascii_start().starts_with(b"{") {
        return Err(StreamWireError::Json { message, why: "no object".to_owned() });
    }
    serde_json::from_slice(json).map_err(|error| StreamWireError::json(message, &error))
}
