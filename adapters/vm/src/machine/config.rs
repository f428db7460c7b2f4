//! What a machine is made of.

use std::path::PathBuf;

use crate::error::VmError;
use crate::machine::arch::Arch;
use crate::machine::units::{Cpus, Label, Mebibytes, Serial};

/// A machine, apart from where it runs.
#[derive(Debug, Clone)]
pub struct MachineConfig {
    /// Processor architecture of the guest.
    pub arch: Arch,
    /// Virtual processors.
    pub cpus: Cpus,
    /// Memory.
    pub memory: Mebibytes,
    /// What starts.
    pub boot: Boot,
    /// Disks, in the order in which the guest sees them.
    pub disks: Vec<Disk>,
    /// Outputs, each of a display card of its own.
    pub outputs: Outputs,
    /// TCP ports of the guest that the host's loopback shows.
    pub forwards: Vec<Forward>,
    /// Folders of the host that the guest may mount by 9p.
    pub shares: Vec<Share>,
    /// Serial ports named so in the guest's `/dev/virtio-ports`; each a Unix socket in the run directory.
    pub ports: Vec<Label>,
    /// Files that only root of the guest reads, under `opt/`.
    pub firmware_files: Vec<FirmwareFile>,
}

impl MachineConfig {
    /// A machine with 16 outputs, a network, and nothing else.
    pub fn new(arch: Arch, cpus: Cpus, memory: Mebibytes, boot: Boot) -> Self {
        Self {
            arch,
            cpus,
            memory,
            boot,
            disks: Vec::new(),
            outputs: Outputs::default(),
            forwards: Vec::new(),
            shares: Vec::new(),
            ports: Vec::new(),
            firmware_files: Vec::new(),
        }
    }
}

/// What starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Boot {
    /// The firmware, which looks for a disk. `None` is QEMU's own, which amd64 has and arm64 has not.
    Firmware(Option<PathBuf>),
    /// A kernel.
    Kernel {
        /// The kernel's image.
        kernel: PathBuf,
        /// Its initial file system.
        initrd: Option<PathBuf>,
        /// Its command line. Every user of the host can read it.
        command_line: String,
    },
}

/// A disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// Its image.
    pub path: PathBuf,
    /// How the image is written.
    pub format: DiskFormat,
    /// What the guest may do.
    pub access: Access,
    /// What the guest knows it by: `/dev/disk/by-id/virtio-SERIAL`.
    pub serial: Option<Serial>,
}

impl Disk {
    /// A raw image that the guest reads only.
    pub fn read_only(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), format: DiskFormat::Raw, access: Access::ReadOnly, serial: None }
    }

    /// The same with a serial.
    #[must_use]
    pub fn with_serial(self, serial: Serial) -> Self {
        Self { serial: Some(serial), ..self }
    }
}

/// How a disk image is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskFormat {
    /// Block by block.
    Raw,
    /// QEMU's own.
    Qcow2,
}

/// What the guest may do to something of the host's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Read.
    ReadOnly,
    /// Write to what is thrown away when the machine ends. For disks only.
    Overlay,
    /// Write.
    ReadWrite,
}

/// The outputs, 1 to 16, each of a display card of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outputs {
    count: u8,
    names: Vec<Label>,
}

impl Outputs {
    /// `names` go into the EDID of the first outputs, where QEMU can do that (11.0); it keeps 12 characters of each.
    ///
    /// # Errors
    /// When there are none, more than 16, or more names than outputs.
    pub fn new(count: u8, names: Vec<Label>) -> Result<Self, VmError> {
        let why = "there are 1 to 16, and no more names than outputs";
        let possible = (1..=16).contains(&count) && names.len() <= usize::from(count);
        let refused = || VmError::Setting { what: "the outputs", given: count.to_string(), why };
        possible.then_some(()).ok_or_else(refused)?;
        Ok(Self { count, names })
    }

    /// How many.
    pub fn count(&self) -> u8 {
        self.count
    }

    /// The first outputs' names.
    pub fn names(&self) -> &[Label] {
        &self.names
    }
}

impl Default for Outputs {
    fn default() -> Self {
        Self { count: 16, names: Vec::new() }
    }
}

/// A TCP port of the guest, shown on the host's 127.0.0.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forward {
    /// Port on the host; 0 lets the system choose.
    pub host: u16,
    /// Port in the guest.
    pub guest: u16,
}

/// A folder of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// What the guest mounts it by.
    pub tag: Label,
    /// The folder.
    pub path: PathBuf,
    /// What the guest may do.
    pub access: Access,
}

/// A file that only root of the guest reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirmwareFile {
    /// Name below `opt/lunette/`.
    pub name: Label,
    /// The file on the host.
    pub path: PathBuf,
}
