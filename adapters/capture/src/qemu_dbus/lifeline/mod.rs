//! What keeps QEMU from waiting for a capture that stands still: a child process that hangs up in its stead.
//!
//! ```text
//!   thread "qemu-display"                                child process
//!   Lifeline ─hold─▶ Wanted ─▶ keep ──Hold + socket──▶ run ─▶ Holder
//!              (Held: forget)    │ ──Forget──▶              │ nothing heard for 600 ms:
//!                                └───Beat every 150 ms──▶   └ shuts what it holds, so that QEMU drops those listeners
//! ```
//!
//! A process that is stopped stops with all its threads, while QEMU goes on queueing whole pictures for it, in its own
//! memory and without a limit. The child holds duplicates of our ends of the listeners' sockets and nothing else. A
//! capture that goes on finds its listeners closed and registers them anew, as it does after any other end.

mod channel;
mod error;
mod hold;
mod holder;
mod keep;
mod message;
mod process;
mod run;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

pub use error::LifelineError;
pub(super) use hold::{Held, Lifeline};
pub(super) use keep::keep;
pub use run::run;

/// From one sign of life to the next.
const BEAT: Duration = Duration::from_millis(150);

/// Silence after which a capture stands still. QEMU gives a new map one second before it goes over to queueing.
const PATIENCE: Duration = Duration::from_millis(600);

/// A program that calls [`run`] with its standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifelineProgram {
    /// Where it is.
    pub path: PathBuf,
    /// What lists of processes call it.
    pub name: OsString,
    /// What it is told.
    pub arguments: Vec<OsString>,
}
