//! libudev, opened at run time: as much of it as tests need to see a desktop's devices as its programs see them.

#![deny(unsafe_code)]

#[allow(unsafe_code, reason = "a C library")]
mod library;
#[allow(unsafe_code, reason = "a C library")]
mod monitor;

pub use library::{Libudev, NAME, Properties};
pub use monitor::Monitor;
