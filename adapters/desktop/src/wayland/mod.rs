//! Connections to the compositor, each owned by a thread of its own.
//!
//! ```text
//!   Owner ──orders (bounded)──▶ thread: poll(compositor, wake) ──▶ Part: one job, its protocols and its state
//!     ▲                            │ lost: orders are refused, connect again with growing pauses
//!     └──── answers, state ◀───────┘
//! ```

mod link;
mod owner;
mod ping;
mod socket;

pub(crate) use link::{Globals, Handle, Link, Part};
pub(crate) use owner::Owner;
pub use socket::Display;
