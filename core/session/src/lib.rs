//! Who receives a stream, and how the two ends of a connection talk: sans-IO, driven by the drivers.
//!
//! * [`Fanout`]: one encoded stream to any number of subscribers; none of them ever gets a unit that it cannot
//!   decode, and none of them slows another.
//! * [`Connection`]: the server's side of one HXFR connection;
//! * [`Access`]: whose token is good for what;
//! * [`Viewer`]: the server's side of one browser; [`Room`]: everybody at one desktop; [`Pacing`]: a viewer's link.

#![forbid(unsafe_code)]

mod access;
mod connection;
mod counters;
mod fanout;
mod lane;
mod mailbox;
mod pacing;
mod room;
mod subscriber;
mod viewer;

pub use access::{Access, NotAllowed, Right, Wish};
pub use connection::{Action, Connection, Flow, Role};
pub use counters::{Counters, DropReason, Drops, InputCounters, RoundTrips, Totals, ViewerCounters};
pub use fanout::{Demand, Entry, Fanout, Limits, Slot};
pub use lane::IdrReason;
pub use mailbox::Letter;
pub use pacing::Pacing;
pub use room::{Hears, Joining, Presence, Room};
pub use subscriber::{Passage, SubscriberId};
pub use viewer::{Facts, Out, Payload, Picture, Viewer, ViewerLimits};
