//! Every byte layout that Lunette shares with other programs, as types.
//!
//! ```text
//!   socket ──bytes──▶ Framer ──Received──▶ driver ──Message::encode──▶ bytes ──▶ socket
//! ```
//!
//! * [`hxfr`]: frames, scanouts and subscriptions between guest and host (`docs/protocol.md`);
//! * [`lease`]: one display lease over a Unix socket (`docs/protocol-lease.md`);
//! * [`stream`]: what a viewer and a desktop's bridge say to each other (`docs/protocol-stream.md`);
//! * [`Token`]: what lets its bearer use a scanout, in both.
//!
//! No socket and no clock: whoever owns those feeds bytes in and writes bytes out. Whatever a peer sends, decoding
//! ends in a value or an error, and memory grows with what has arrived, never with what a header claims.

#![forbid(unsafe_code)]

pub mod hxfr;
pub mod lease;
pub mod stream;
mod text;
mod token;

pub use token::{Token, TokenError};
