//! One display lease over a Unix socket.
//!
//! ```text
//!   client                                   drm-manager
//!     │ ── Request::Lease (9 bytes) ────────────▶ │
//!     │ ◀─ Reply::Granted (69 bytes) + lease fd ─ │   one sendmsg: bytes and fd together
//!     │            connection stays open          │   the lease lives exactly as long
//!     │ ── end of stream ───────────────────────▶ │
//! ```
//!
//! Both messages have a fixed size, so a full read is all the framing there is. The fd travels beside the bytes,
//! as ancillary data; whoever owns the socket passes it.

mod reply;
mod request;

pub use reply::{Reply, ReplyError};
pub use request::{Request, RequestError};
