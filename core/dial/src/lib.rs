//! Reverse dial: machines that nobody can connect to keep a connection open, over which they are asked to connect.
//!
//! ```text
//!   runner (a desktop, a hydra)                               control plane
//!   ┌────────┐  control channel: JSON lines in a WebSocket   ┌──────────┐  dial(runner)   ┌───────────┐
//!   │ Runner │ ────────────────────────────────────────────▶ │ Exchange │ ◀────────────── │ a request │
//!   │        │ ◀── conn-ready dialer=… req=… ─────────────── │          │                 │           │
//!   │        │ ══ data channel: a WebSocket of its own ════▶ │ answer() │ ══ bytes ═════▶ │           │
//!   └───┬────┘                                               └──────────┘                 └───────────┘
//!       └══▶ the local target                         Relay: a browser's WebSocket, carried through by whole frames
//! ```
//! Each dial has an id of its own and is answered by who presents that id, from the same owner as the control channel:
//! nobody gets the connection of another. A dial waits for a runner that was just there, is asked for once more when the
//! channel is lost before it was answered, and always ends by its time. `docs/protocol-dial.md` is normative.
//!
//! Pure: no clock, no socket, no randomness. Times count from any moment, the same for all calls.

#![forbid(unsafe_code)]

mod backoff;
mod exchange;
mod id;
mod line;
mod path;
mod relay;
mod runner;
pub mod timing;

pub use exchange::{
    AnswerError, CloseWhy, DialError, DialId, Event, Exchange, Limits, LinkId, RegisterError, Registration,
};
pub use id::{DialerId, Dice, IdError, InstanceId, Owner, RequestId, RunnerId};
pub use line::{LineError, Lines, MAX_LINE, Message};
pub use path::{ConnPath, PathError};
pub use relay::{Frame, FrameError, Frames, MAX_FRAME, Outcome, Relay, Side};
pub use runner::{Order, PickUp, Runner, Status};
