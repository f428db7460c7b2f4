//! Subscribes to one scanout of any HXFR server and says what arrives: how much, how regularly, how late, and
//! whether it is what the protocol promises.
//!
//! ```text
//!   server ──HXFR──▶ Subscriber ──Frame──▶ Observation ──▶ Report ──▶ table or JSON
//!                                  │                          ▲
//!                                  └─▶ Worker ──▶ Verifier ───┘   with --verify, on a thread of its own
//! ```
//!
//! [`observe`] is the whole program. Other tests take the parts: [`Subscriber`] to receive, [`Verifier`] to look at
//! single access units, [`Observation`] to count. Everything but the subscriber, the worker and [`observe`] is
//! without sockets, clocks and threads.

#![forbid(unsafe_code)]

pub mod cli;
mod observation;
pub mod report;
mod run;
pub mod stats;
mod stream_check;
pub mod verify;

pub use lunette_net::client::{Address, AddressError, ConnectError, Frame, Limits, Monotonic, StreamError, Subscriber};
pub use observation::{Ended, Observation};
pub use report::Report;
pub use run::{ObserveError, Plan, Until, Verification, observe};
pub use stream_check::{StreamCheck, StreamTally};
pub use verify::Verifier;
