//! Viewers' sockets: moves messages between browsers and the state machines of `lunette-session`.
//!
//! ```text
//!   WebSocket ──▶ serve_viewer: one task reads, one writes ──▶ Viewer ──▶ Lounge ──▶ Room ──▶ the desktop's sink
//!                      ▲                                         ▲ one picture at a time
//!                      └── letters of the Room                   └── Watching ◀── Video: a stream that everybody shares
//! ```
//! Nothing here decides what a message means. A viewer whose socket takes nothing holds up its own two tasks and nobody
//! else's.

#![forbid(unsafe_code)]

mod attendance;
mod connection;
mod desk;
mod farewell;
mod hub;
mod input;
mod lateness;
mod lounge;
mod throttle;
mod video;
mod way;
mod writer;

pub use attendance::{Attending, Connections};
pub use connection::serve_viewer;
pub use desk::{Closing, Desk};
pub use farewell::farewell;

pub use hub::{Hub, Resizer, Uplink};
pub use input::serve_input;
pub use lateness::LatenessMeter;
pub use lounge::{Lounge, Seat};
pub use video::{NoVideo, StreamFacts, Unit, Video, VideoStats, Waiting, Watching};
pub use way::{Accepts, MOST_EVENTS};
