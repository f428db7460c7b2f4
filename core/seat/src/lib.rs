//! Who may open which device of a desktop, and seatd's protocol, in which compositors ask.
//!
//! ```text
//!  bytes ──▶ Inbox ──Request──▶ Connection ──Action──▶ the driver: sends a Reply, or opens a Device
//!                                   │    ▲
//!                                   ▼    └── opened, refused
//!                                Policy ◀── logind's TakeDevice asks the same one
//! ```
//!
//! A [`Policy`] names one desktop's devices. It answers by path for seatd's protocol and by number for logind's, so
//! that both services give out the same things. A [`Connection`] is the server's side of one compositor's connection.

#![forbid(unsafe_code)]

mod connection;
mod errno;
mod inbox;
mod message;
mod names;
mod policy;

pub use connection::{Action, Activity, Connection, Dialect, MAX_DEVICES, Violation};
pub use errno::Errno;
pub use inbox::Inbox;
pub use message::{DecodeError, DeviceId, MAX_BODY, MAX_PATH, Reply, Request};
pub use names::{CardName, DeviceNumber, EventName, NameError, RenderName, SeatName};
pub use policy::{Device, Policy, Refusal};
