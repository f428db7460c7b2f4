//! HXFR: frames, scanouts and subscriptions between a guest and its host.
//!
//! ```text
//!   0        4      5       6         8              12
//!   ┌────────┬──────┬───────┬─────────┬──────────────┬──────────────────────────┐
//!   │ "HXFR" │ type │ flags │ session │ payload_size │ payload_size bytes       │
//!   └────────┴──────┴───────┴─────────┴──────────────┴──────────────────────────┘
//!
//!   bytes ──▶ Framer ──┬─▶ Received { session, body: Ok(Message) }
//!                      ├─▶ Received { session, body: Err(Refusal) }   skipped; the stream goes on
//!                      └─▶ FrameError                                 close the connection
//! ```
//!
//! Integers are little-endian, nothing is padded. One message family per file; [`Message`] is the sum of all.
//! Readers are tolerant where that loses nothing: reserved bytes and unused flag bits are ignored, a flag byte that
//! is neither 0 nor 1 counts as 1.

mod authorization;
mod config;
mod cursor;
mod error;
mod frame_request;
mod frame_response;
mod framer;
mod header;
mod message;
mod nals;
mod pixels;
mod scanout;
mod standing;
mod status;
mod subscription;
mod tiles;
mod time;

pub use authorization::{Authorize, Grant};
pub use config::{ConfigRequest, Level, Profile};
pub use cursor::{CursorShape, CursorUpdate};
pub use error::{DecodeError, FrameError, Refusal, TooLarge};
pub use frame_request::{FrameRequest, ResourceId};
pub use frame_response::{FrameResponse, FrameResponseHead};
pub use framer::{Framer, Received};
pub use header::{Header, MessageKind, PayloadSize, SessionId};
pub use message::Message;
pub use nals::Nals;
pub use pixels::{Fourcc, PixelsError};
pub use scanout::{DisableScanout, EnableScanout, ScanoutResponse};
pub use standing::{EncoderStanding, Presence, Standing, StatusRequest, StatusResponse};
pub use status::{ErrorCode, ErrorReply};
pub use subscription::{Subscribe, SubscribeResponse};
pub use tiles::{Changes, MAX_MOVES, MAX_TILES, Moved, put_tile};
pub use time::Nanos;

/// Most payload bytes of a FRAME_REQUEST with pixels and of a FRAME_RESPONSE: a 5120x2880 BGRA picture fits.
pub const MAX_FRAME_PAYLOAD: u32 = 64 << 20;

/// Most payload bytes of any other message, skipped ones included.
pub const MAX_PAYLOAD: u32 = 16 << 20;
