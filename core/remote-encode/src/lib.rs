//! The guest's side of FRAME_REQUEST: pictures go out, access units come back, in order.
//!
//! ```text
//!            offer()                    room, connected                 answer
//!   picture ────────▶ next ─────────────────────────────▶ in flight ───────────▶ Deliver
//!              │        ▲                                    │
//!              │        └──── the newest of those lost ◀─────┤ connection lost, ERROR
//!              └─▶ Unchanged: nothing travels                └─▶ Drop
//!
//!   Waiting(until) ──▶ Dialling ──▶ Up ──▶ Waiting, twice as long each time until a picture came back
//! ```
//! No clock and no socket: the driver passes times as they pass on a clock of its own, and does what
//! [`Client::poll_output`] says. Pixels stay with the driver, which has the newest picture only; so of several requests that
//! were lost the newest is made again, and the others are told to be dropped.

#![forbid(unsafe_code)]

mod client;
mod output;
mod settings;

pub use client::Client;
pub use output::{Body, Offer, Output, Request, Taken, Ticket, Trouble};
pub use settings::{Reconnect, Settings};
