//! Where pictures come from.
//!
//! ```text
//!   ScanoutControl ──open(id, doorbell)──▶ Source ──poll(now)──▶ Frame (newest picture, damage, capture time)
//!        │                                   │
//!        └ enable, disable, list             └ rings the doorbell when there is something to poll for
//! ```
//!
//! A [`Source`] hands out its newest picture: what nobody polled for in time is never delivered. That is the one
//! place where pictures are dropped; after it nothing is. A replayed file is the exception: it waits for whoever polls,
//! since a file has no newest picture.

#![forbid(unsafe_code)]

mod clock;
mod control;
mod cursor;
mod doorbell;
mod gauge;
pub mod pattern;
pub mod qemu_dbus;
pub mod replay;
mod source;

pub use clock::now;
pub use control::{ControlError, Mode, ScanoutControl, ScanoutInfo, connector_name};
pub use cursor::{Cursor, CursorShape};
pub use doorbell::Doorbell;
pub use gauge::{Presence, ScanoutStatus};
pub use source::{Frame, Polled, Source, SourceError};
