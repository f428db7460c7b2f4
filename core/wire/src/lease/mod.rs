//! One display lease over a Unix socket.
//!
//! ```text
//!   client                                   drm-manager
//!     │ ── Request::Lease (9 or 13 bytes) ──────▶ │
//!     │ ◀─ Reply (69) or LongReply (101) + fd ─── │   one sendmsg: bytes and fd together
//!     │            connection stays open          │   the lease lives exactly as long
//!     │ ── end of stream ───────────────────────▶ │
//! ```
//!
//! The first byte of a request tells its length and its reply's, so a full read is all the framing there is. The fd
//! travels beside the bytes, as ancillary data; whoever owns the socket passes it.

mod long_reply;
mod reply;
mod request;

pub use long_reply::LongReply;
pub use reply::{Reply, ReplyError};
pub use request::{LeaseOptions, Request, RequestError};
