//! The process between supervisor and QEMU.
//!
//! ```text
//!            plan (one line), then orders: t = SIGTERM, k = SIGKILL, end = release
//!  Link ──────────────────────────────────────────────────────────▶ guard ──spawns──▶ QEMU
//!       ◀──────────────────────────────────────────────────────────       ◀─console,
//!            reports, one line each: started, ready, exited                complaints
//! ```
//!
//! On release it ends QEMU, if that still runs, removes the run directory and ends itself.

mod link;
mod log;
mod plan;
mod process;

use std::path::PathBuf;

pub(crate) use link::{Link, Report};
pub use log::LOG_CAP;
pub(crate) use log::tail;
pub(crate) use plan::Plan;
pub use process::{GuardError, run};

/// Who guards a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    /// A process: a program that calls [`run`] with its standard input and output when it is given these arguments.
    Program {
        /// The program.
        program: PathBuf,
        /// Its arguments.
        arguments: Vec<String>,
    },
    /// A thread of this process. When this process is killed QEMU ends with it (on Linux), but the run directory
    /// stays until the next start.
    Thread,
}
