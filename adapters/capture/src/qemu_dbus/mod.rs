//! The scanouts of a stock QEMU, captured over its display bus (QEMU 10 or newer).
//!
//! ```text
//!                         thread "qemu-display"                                    pipeline threads
//!  QEMU ──p2p or bus──▶ Machine ── SetUIInfo, one at a time ──▶ QEMU
//!    │                     │ one task per enabled or watched console
//!    └─listener socket──▶ Watch ─▶ Canvas ─▶ Pool of 3 pictures ─▶ Store ─newest─▶ QemuSource ─▶ Frame
//!                          listener, listener_map      copy of what changed          (no copy)
//! ```
//!
//! QEMU's main loop waits for a listener, and the guest for QEMU: an update is copied out of the shared memory and
//! answered at once, whatever the pipelines do. What changes before a source looks is one change to it.

mod calls;
mod canvas;
mod config;
mod console;
mod error;
pub mod lifeline;
mod link;
mod listener;
mod listener_map;
mod machine;
mod observer;
mod output;
mod outputs;
mod pixels;
mod pixman;
mod properties;
mod screens;
mod source;
mod state;
mod store;
mod vm;
mod watch;

pub use config::{QemuAddress, QemuConfig, Timings};
pub use error::{Fault, QemuError};
pub use observer::MachineEvent;
use observer::Observer;
pub use screens::QemuScreens;
pub use state::ScanoutState;
