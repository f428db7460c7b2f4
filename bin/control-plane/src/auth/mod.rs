//! Who may come in, and what for.
//!
//! ```text
//!   a request ─▶ Gate ─ Host, Origin ─ rate ─▶ Keys: bearer token, or cookie ─▶ Caller ─ scope, desktop ─▶ operation
//!                  └ 403      └ 403    └ 429      └ 401                                  └ 403
//! ```

mod caller;
mod gate;
mod keys;
mod passwords;
mod scopes;

pub(crate) use caller::{Caller, Through};
pub(crate) use gate::{Gate, Need, Peer};
pub(crate) use keys::{Keys, NewToken};
pub(crate) use scopes::{Scope, Scopes};
