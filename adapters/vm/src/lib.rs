//! A virtual machine on stock QEMU.
//!
//! ```text
//!   supervisor (Vm) ──── orders, EOF ────▶ guard ── kills with itself ──▶ QEMU
//!      ▲      ▲ ◀─ started, ready, exited ── │ ◀── console, complaints ──── │
//!      │      │                              └─▶ run directory: logs        │
//!      │      └──── run directory: QMP socket ◀─────────────────────────────┤
//!      └─ VmEvent   run directory: second QMP socket, for frame-export ◀────┘
//! ```
//!
//! Whichever of the three is killed, the others follow: the guard reads the end of its orders and ends QEMU; the kernel
//! kills QEMU with the guard (Linux); the guard reports that QEMU ended. The last one alive removes the run directory,
//! and if none is, the next start does.

#![forbid(unsafe_code)]

pub mod accelerator;
mod bounded;
mod error;
mod events;
pub mod guard;
mod machine;
mod qemu;
mod rundir;
mod secret;
mod shell;
mod stop;
mod vm;

pub use accelerator::Accelerator;
pub use error::VmError;
pub use events::VmEvent;
pub use guard::Guard;
pub use machine::{
    Access, Arch, Boot, Cpus, Disk, DiskFormat, FirmwareFile, Forward, HostOs, Label, MachineConfig, Mebibytes,
    Outputs, Placement, Serial, Share,
};
pub use qemu::{Features, Qemu};
pub use rundir::RunPaths;
pub use shell::{Finished, Shell};
pub use stop::Stopped;
pub use vm::{READY_LINE, Vm, VmConfig};
