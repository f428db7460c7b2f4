//! Sockets: listens, moves bytes between peers and the state machines of `core`, and gives up on who does not move.
//!
//! ```text
//!   Endpoint ──▶ Listener ──accept──▶ serve() one task per connection
//!                                        ├─ reads: Framer ──▶ Connection ──▶ Backend
//!                                        └─ writes: replies and frames, whole messages only
//! ```
//! [`client`] is the other end, for programs that subscribe.
//!
//! Nothing here decides what a message means; that is `lunette-session`'s. Nothing here encodes; that is behind
//! [`Backend`].

#![forbid(unsafe_code)]

mod backend;
pub mod client;
mod cursor;
mod endpoint;
mod listener;
mod outgoing;
mod reader;
mod room;
mod serve;
mod server;
mod unix;
mod writer;

pub use backend::{Backend, EncodeJob, Event, Refused, StreamEnd, StreamHandle, Units};
pub use endpoint::{Endpoint, EndpointError};
pub use listener::Listener;
pub use outgoing::{Outgoing, Replies};
pub use room::Room;
pub use server::{Limits, Server};
pub use unix::UnixSocket;
