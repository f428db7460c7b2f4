//! `lunette up`: from nothing to a wall of live desktops, and `lunette down`: the end of it.
//!
//! ```text
//!   check ─▶ image ─▶ boot: guard ─ QEMU, frame-export ─▶ control-plane ─▶ desktops ─▶ a link that logs in ─▶ Ctrl-C
//!                         └───────────── started again when one of them dies ─────────────┘
//! ```
//! Everything that it starts ends with it, also when it is killed: QEMU has its guard, the others the kernel.

mod args;
mod check;
mod down;
mod plane;
mod running;
mod start;
mod state;
mod steps;
mod tend;

pub(crate) use args::Up;
pub(crate) use check::{PROGRAMS, available_mib, disk_mib, port};
pub(crate) use down::Down;
pub(crate) use running::{Known, known};
pub(crate) use state::StateDir;
