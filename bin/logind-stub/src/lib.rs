//! `org.freedesktop.login1` for one desktop: what Mutter needs to be given its lease and its input devices.
//!
//! ```text
//!  container                            │ outside
//!  gnome-shell ──▶ dbus-daemon ◀────────┼── service ◀── manager, session, seat, user: one interface each
//!                  /run/lunette/bus     │                     │ Ask
//!                                       │                     ▼
//!                                       │               Login: who is in control, what is taken
//!                                       │                     │ Policy, Devices
//!                                       │                     ▼
//!                                       │               a copy of the lease, an input node
//! ```
//!
//! It runs outside of the container, where the devices are, and connects to the bus inside as the desktop's user. That
//! bus may be anybody's work, so by the time it is spoken to the stub has no rights left but to open device nodes.

#![forbid(unsafe_code)]

mod bus;
pub mod config;
mod identity;
mod login;
mod manager;
mod refused;
mod seat;
pub mod service;
mod session;
mod user;

pub use bus::{BusError, BusPath, connect};
pub use identity::Identity;
pub use login::Nodes;
