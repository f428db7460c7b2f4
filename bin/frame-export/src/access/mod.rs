//! Who may use what, where sockets and scanouts meet.
//!
//! ```text
//!   wish, token ──▶ Gate ──▶ Pass: unlimited ──────────────────────▶ until the stream ends
//!                    │  └──▶ Pass: by a grant ─┐
//!                    │                         ▼
//!   GRANT, DISABLE, reset ─▶ the grant ends ─▶ the subscription ends with a reason
//! ```
//! The rule itself is [`lunette_session::Access`].

mod gate;
mod pass;

pub use gate::Gate;
pub use pass::{Admitted, Pass, Revoked};
