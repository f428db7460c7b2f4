//! What programs learn of devices: the kernel's events, what udevd makes of them, and udevd's database.
//!
//! ```text
//!   kernel ── "change@/devices/…" ──▶ kernel::parse ──▶ Event ── Watch::concerns ──▶ Event::as_udevd ──▶ message::encode
//!                                                                                         ▲
//!   InputKind, DeviceNumber ──▶ Entry ── text ──▶ data/c226:0, tags/seat/c226:0 ──────────┘
//! ```
//!
//! A desktop has no udevd: its libudev reads the files of [`Entry`] and hears the messages of [`message`].

#![forbid(unsafe_code)]

mod entry;
mod event;
mod hash;
pub mod kernel;
pub mod message;
mod number;
mod watch;

pub use entry::{Entry, InputKind, PREFERRED_TAG, SEAT_TAG};
pub use event::{Event, EventError};
pub use number::{DeviceKey, DeviceNumber, DeviceNumberError};
pub use watch::Watch;
