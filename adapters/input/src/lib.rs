//! The keyboard, pointer, mouse and touch screen of one desktop, and the socket through which they are used.
//!
//! ```text
//!   input.sock ── line ──▶ line::parse ──▶ Action ──▶ Hands::act ──▶ frames ──▶ Sink
//!   one task per client                    │ one owner: who holds which key      ├ InputDevices: uinput
//!   client gone ───────────────────────────▶ Hands::release                      └ a test's list
//! ```
//!
//! What a line may say is in [`mod@line`]. Devices exist before a desktop's compositor starts, so that no first key is lost.

#![forbid(unsafe_code)]

mod devices;
mod error;
mod hands;
mod held;
pub mod line;
mod lines;
mod server;
mod touches;
mod wheel;

pub use devices::{InputDevice, InputDevices, InputReaders, Sink};
pub use error::{InputError, Refusal};
pub use hands::{ClientId, Frame, Hands};
pub use line::{Action, LONGEST_LINE};
pub use server::{IDLE, MOST_CLIENTS, serve};
