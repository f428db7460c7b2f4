//! The client's side of the lease protocol (`docs/protocol-lease.md`): blocking, within a limit, ended early by any
//! descriptor.
//!
//! ```text
//!   take(socket, terms, cancel) ──▶ Held { card, scanout, connector, token, connection }
//!                                          │                                   └─ ends when the lease does
//!                                          └─ what the compositor draws on
//! ```
//!
//! A lease lives as long as its [`Connection`]: whoever drops it gives the output back, and whoever polls it learns that
//! the lease was ended. A lease manager that restarts keeps both.

#![forbid(unsafe_code)]

mod error;
mod held;
mod take;
mod wait;

pub use error::LeaseError;
pub use held::{Connection, Held};
pub use take::{Terms, take};
pub use wait::readable;
