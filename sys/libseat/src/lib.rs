//! libseat, as compositors use it: opened at run time, its seatd backend only. The seat server is tested against it.

#![deny(unsafe_code)]

#[allow(unsafe_code, reason = "C functions, and the environment that they read")]
mod library;
#[allow(unsafe_code, reason = "C functions")]
mod seat;

pub use library::{Libseat, LoadError};
pub use seat::{Events, Seat};
