//! What the holder of a lease asks the host about its scanout: how it is doing, and another size.
//!
//! ```text
//!   Screen::connect(address, token) ──▶ AUTHORIZE, PING ──▶ status(scanout) ──▶ STATUS
//!                                                     └──▶ resize(scanout, size) ──▶ ENABLE_SCANOUT
//! ```
//!
//! Blocking, each call within the same limit. A connection that failed once stays failed: [`ScreenError::remedy`] says
//! whether to connect again, to ask again, or to give up.

#![forbid(unsafe_code)]

mod error;
mod screen;
mod socket;

pub use error::{Remedy, ScreenError};
pub use lunette_wire::hxfr::{Presence, Standing};
pub use screen::Screen;
