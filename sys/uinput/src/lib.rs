//! Input devices that a program makes: `/dev/uinput`.
//!
//! ```text
//!   Blueprint ── Device::create ──▶ Device ── emit(events) ──▶ kernel ──▶ /dev/input/eventN
//!                                     │ node() ──▶ input5, event3, 13:67              │ to one reader alone
//!                                     │ reader() ◀────────────────────────────────────┘
//!                                     └ drop: keys go up, the device vanishes
//! ```

#![deny(unsafe_code)]

mod blueprint;
mod codes;
mod device;
mod error;
mod event;
mod kernel;
mod node;
mod reader;

pub use blueprint::{Blueprint, Identity, LONGEST_NAME, Range};
pub use codes::{Absolute, Key, Property, Relative};
pub use device::{DEVICE, Device};
pub use error::UinputError;
pub use event::Event;
pub use node::Node;
pub use reader::Reader;
