//! Who receives a stream, and how the two ends of a connection talk: sans-IO, driven by the drivers.
//!
//! * [`Fanout`]: one encoded stream to any number of subscribers; none of them ever gets a unit that it cannot
//!   decode, and none of them slows another.
//! * [`Connection`]: the server's side of one HXFR connection.

#![forbid(unsafe_code)]

mod connection;
mod fanout;
mod lane;
mod subscriber;

pub use connection::{Action, Connection, Role};
pub use fanout::{Demand, Fanout, Limits, Slot};
pub use lane::IdrReason;
pub use subscriber::{Counters, SubscriberId};
