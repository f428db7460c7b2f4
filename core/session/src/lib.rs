//! Who receives a stream, and how the two ends of a connection talk: sans-IO, driven by the drivers.
//!
//! * [`Fanout`]: one encoded stream to any number of subscribers; none of them ever gets a unit that it cannot
//!   decode, and none of them slows another.
//! * [`Connection`]: the server's side of one HXFR connection;
//! * [`Access`]: whose token is good for what.

#![forbid(unsafe_code)]

mod access;
mod connection;
mod fanout;
mod lane;
mod pacing;
mod subscriber;

pub use access::{Access, NotAllowed, Right, Wish};
pub use connection::{Action, Connection, Role};
pub use fanout::{Demand, Fanout, Limits, Slot};
pub use lane::IdrReason;
pub use pacing::Pacing;
pub use subscriber::{Counters, SubscriberId};
