//! A desktop's seat: a Unix socket where its compositor asks for devices in seatd's protocol.
//!
//! ```text
//!  container                                │ outside
//!  compositor ─ libseat ─▶ seat.sock ───────┼─▶ SeatServer ─▶ task per connection ─▶ Connection (lunette-seat)
//!        ▲                                  │                        │
//!        └────────── descriptor ────────────┼────────────────────────┴─▶ Devices: a copy of the lease, an input node
//! ```
//!
//! The compositor needs no right to any node: it is given descriptors. Each answer carries one, which is closed here as
//! soon as it is sent.

#![forbid(unsafe_code)]

mod client;
mod devices;
mod server;
mod socket;

pub use devices::{Devices, OwnDevices};
pub use lunette_seat::{Activity, Dialect};
pub use server::{Config, IdRange, SeatServer};
pub use socket::{BindError, Owner};
