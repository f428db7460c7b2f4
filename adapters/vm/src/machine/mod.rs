//! What a machine is made of, and QEMU's words for it.

mod arch;
mod arguments;
mod config;
mod option;
mod units;

pub use arch::{Arch, HostOs};
pub use arguments::Placement;
pub use config::{Access, Boot, Disk, DiskFormat, FirmwareFile, Forward, MachineConfig, Outputs, Share};
pub use units::{Cpus, Label, Mebibytes, Serial};
