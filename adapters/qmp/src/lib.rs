//! QEMU's machine protocol, from the client's side, on blocking calls and one thread.
//!
//! ```text
//!  any thread ── execute, pass_fd ──▶ socket ──▶ QEMU
//!      ▲                                          │ one JSON object per line
//!      └── reply by id ──┐                        ▼
//!  Events ◀── 256 ───────┴── thread "qmp-read" ◀──┘
//! ```

#![forbid(unsafe_code)]

mod connection;
mod error;
mod events;
mod handshake;
mod lines;
mod message;
mod pending;
mod reader;
mod socket;

pub use connection::{COMMAND_LIMIT, Qmp};
pub use error::QmpError;
pub use events::{Event, Events, Notice};
pub use message::Version;
