//! What is wanted of every desktop of every host, what was seen of it, and what is to be done about the difference.
//!
//! ```text
//!   a person ──▶ Desired ─┐                       ┌─▶ Create, Remove, Resize ──▶ hydra of that host
//!                         ├─▶ Fleet ── Action ────┼─▶ Look: what is there now?
//!   hydra ─────▶ Seen ────┘                       └─▶ Adopt, Forget ──▶ the store
//! ```
//! What is wanted and what was seen are never mixed: the first is kept in a store, the second is asked for again at any
//! time. So whoever begins anew, with a store or without one, finds what runs. Pure: times are handed in.

#![forbid(unsafe_code)]

mod desired;
mod fleet;
mod host;
mod place;
mod seen;
mod state;

pub use desired::{Desired, Wanted};
pub use fleet::{Action, Failure, Fleet};
pub use host::{HostFacts, HostName, HostNameError, HostState, Scanouts};
pub use place::{NoRoom, Unfit};
pub use seen::Seen;
pub use state::{Stage, State};
