//! A machine as QEMU's command line.

use serde_json::json;

use crate::accelerator::Accelerator;
use crate::error::VmError;
use crate::machine::arch::{Arch, HostOs};
use crate::machine::config::{Access, Boot, Disk, DiskFormat, MachineConfig, Share};
use crate::machine::option::{QemuOption, utf8};
use crate::machine::units::Label;
use crate::qemu::Features;
use crate::rundir::RunPaths;

/// Where a machine runs.
#[derive(Debug, Clone, Copy)]
pub struct Placement<'a> {
    /// The machine's name.
    pub name: &'a Label,
    /// The system under QEMU.
    pub host: HostOs,
    /// What QEMU can do.
    pub features: Features,
    /// What runs the guest's code.
    pub accelerator: Accelerator,
    /// Where its sockets are.
    pub paths: &'a RunPaths,
}

impl MachineConfig {
    /// QEMU's arguments, without the program.
    ///
    /// # Errors
    /// When a setting has no words in QEMU.
    pub fn arguments(&self, placement: &Placement<'_>) -> Result<Vec<String>, VmError> {
        let mut line = CommandLine { config: self, placement, words: Vec::new() };
        line.base();
        line.processor_and_memory();
        line.boot()?;
        line.control()?;
        line.display();
        line.network();
        line.ports()?;
        for (index, disk) in self.disks.iter().enumerate() {
            line.disk(index, disk)?;
        }
        for (index, share) in self.shares.iter().enumerate() {
            line.share(index, share)?;
        }
        line.firmware_files()?;
        Ok(line.words)
    }
}

struct CommandLine<'a> {
    config: &'a MachineConfig,
    placement: &'a Placement<'a>,
    words: Vec<String>,
}

impl CommandLine<'_> {
    /// QEMU gives the lower slots to what says nothing about its own.
    const FIRST_CARD_SLOT: u8 = 0x10;

    fn push(&mut self, option: &str, value: impl Into<String>) {
        self.words.extend([option.to_owned(), value.into()]);
    }

    fn device(&mut self, option: QemuOption) {
        self.push("-device", option.finish());
    }

    fn base(&mut self) {
        self.push("-name", self.placement.name.as_str());
        self.words.extend(["-nodefaults", "-no-user-config"].map(str::to_owned));
        self.push("-vga", "none");
        if self.placement.features.sandbox {
            self.push("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
        }
    }

    fn processor_and_memory(&mut self) {
        let megabytes = format!("{}M", self.config.memory.get());
        let machine = QemuOption::new(self.config.arch.qemu_machine());
        let machine = match self.config.arch {
            Arch::Amd64 => machine,
            // The default's interrupt controller ends at eight processors.
            Arch::Arm64 => machine.with("gic-version", "max"),
        };
        match self.placement.host {
            HostOs::Linux => {
                // Shared, so that a device in another process could read pictures from it.
                let memory = QemuOption::new("memory-backend-memfd").with("id", "mem").with("size", &megabytes);
                self.push("-machine", machine.with("memory-backend", "mem").finish());
                self.push("-object", memory.with("share", "on").finish());
            }
            HostOs::Mac => self.push("-machine", machine.finish()),
        }
        self.push("-m", megabytes);
        self.push("-smp", self.config.cpus.get().to_string());
        self.push("-accel", self.placement.accelerator.qemu_option());
        self.push("-cpu", self.placement.accelerator.qemu_cpu());
    }

    fn boot(&mut self) -> Result<(), VmError> {
        match &self.config.boot {
            Boot::Firmware(None) => {}
            Boot::Firmware(Some(firmware)) => self.push("-bios", utf8(firmware)?),
            Boot::Kernel { kernel, initrd, command_line } => {
                self.push("-kernel", utf8(kernel)?);
                if let Some(initrd) = initrd {
                    self.push("-initrd", utf8(initrd)?);
                }
                // An emulated processor does not speculate; a real one runs programs of strangers.
                match self.placement.accelerator {
                    Accelerator::Tcg => self.push("-append", format!("{command_line} mitigations=off")),
                    Accelerator::Kvm | Accelerator::Hvf => self.push("-append", command_line),
                }
            }
        }
        Ok(())
    }

    fn control(&mut self) -> Result<(), VmError> {
        // One monitor serves one client, so frame-export has its own.
        for (id, path) in [("qmp", self.placement.paths.qmp()), ("export", self.placement.paths.export_qmp())] {
            let chardev = QemuOption::new("socket").with("id", id).with_path("path", &path)?;
            self.push("-chardev", chardev.with("server", "on").with("wait", "off").finish());
            self.push("-mon", QemuOption::new("").with("chardev", id).with("mode", "control").finish());
        }
        // The guard reads it, so that its log has a limit.
        self.push("-chardev", QemuOption::new("stdio").with("id", "console").with("signal", "off").finish());
        self.push("-serial", "chardev:console");
        Ok(())
    }

    /// A card for each output, since the kernel keeps leases of one card apart, but not the pictures on it.
    fn display(&mut self) {
        self.push("-display", "dbus,p2p=yes");
        for index in 0..self.config.outputs.count() {
            self.card(index);
        }
        self.device(QemuOption::new("virtio-rng-pci"));
    }

    fn card(&mut self, index: u8) {
        const FUNCTIONS: u8 = 8;
        const DRIVER: &str = "virtio-gpu-pci";
        // Three pictures of the largest size, 5120×2880: so much of the host one desktop may take.
        const PICTURES: u32 = 192 << 20;
        let id = format!("gpu{index}");
        // Eight to a slot, so that there is room for everything else; both sides count them by these addresses.
        let address = format!("{:#x}.{:x}", Self::FIRST_CARD_SLOT + index / FUNCTIONS, index % FUNCTIONS);
        let name = self.config.outputs.names().get(usize::from(index));
        match name.filter(|_| self.placement.features.output_names) {
            Some(name) => {
                let device = json!({ "driver": DRIVER, "id": id, "addr": address, "multifunction": true, "max_hostmem": PICTURES,
                    "outputs": [{ "name": name.as_str() }] });
                self.push("-device", device.to_string());
            }
            None => {
                let device = QemuOption::new(DRIVER).with("id", &id).with("addr", &address);
                self.device(device.with("multifunction", "on").with("max_hostmem", &PICTURES));
            }
        }
    }

    fn network(&mut self) {
        let network =
            self.config.forwards.iter().fold(QemuOption::new("user").with("id", "net0"), |network, forward| {
                network.with("hostfwd", &format!("tcp:127.0.0.1:{}-:{}", forward.host, forward.guest))
            });
        self.push("-netdev", network.finish());
        self.device(QemuOption::new("virtio-net-pci").with("netdev", "net0"));
    }

    fn ports(&mut self) -> Result<(), VmError> {
        if !self.config.ports.is_empty() {
            self.device(QemuOption::new("virtio-serial-pci").with("id", "serial0"));
        }
        for (index, name) in self.config.ports.iter().enumerate() {
            let (id, path) = (format!("port{index}"), self.placement.paths.port(name));
            let chardev = QemuOption::new("socket").with("id", &id).with_path("path", &path)?;
            self.push("-chardev", chardev.with("server", "on").with("wait", "off").finish());
            self.device(QemuOption::new("virtserialport").with("chardev", &id).with("name", name.as_str()));
        }
        Ok(())
    }

    fn disk(&mut self, index: usize, disk: &Disk) -> Result<(), VmError> {
        let id = format!("disk{index}");
        let drive = QemuOption::new("").with("if", "none").with("id", &id).with_path("file", &disk.path)?;
        let format = match disk.format {
            DiskFormat::Raw => "raw",
            DiskFormat::Qcow2 => "qcow2",
        };
        let drive = drive.with("format", format);
        let drive = match disk.access {
            Access::ReadOnly => drive.with("readonly", "on"),
            // QEMU unlinks the overlay as soon as it has opened it.
            Access::Overlay => drive.with("snapshot", "on"),
            Access::ReadWrite => drive,
        };
        self.push("-drive", drive.finish());
        let device = QemuOption::new("virtio-blk-pci").with("drive", &id);
        self.device(match &disk.serial {
            Some(serial) => device.with("serial", serial.as_str()),
            None => device,
        });
        Ok(())
    }

    fn share(&mut self, index: usize, share: &Share) -> Result<(), VmError> {
        let id = format!("share{index}");
        let folder = QemuOption::new("local").with("id", &id).with_path("path", &share.path)?;
        let folder = folder.with("security_model", "none");
        let folder = match share.access {
            Access::ReadWrite => folder,
            Access::ReadOnly => folder.with("readonly", "on"),
            Access::Overlay => {
                let (given, why) = (share.tag.to_string(), "only disks have overlays");
                return Err(VmError::Setting { what: "the access to a share", given, why });
            }
        };
        self.push("-fsdev", folder.finish());
        self.device(QemuOption::new("virtio-9p-pci").with("fsdev", &id).with("mount_tag", share.tag.as_str()));
        Ok(())
    }

    fn firmware_files(&mut self) -> Result<(), VmError> {
        for file in &self.config.firmware_files {
            let name = format!("opt/lunette/{}", file.name);
            let option = QemuOption::new("").with("name", &name).with_path("file", &file.path)?;
            self.push("-fw_cfg", option.finish());
        }
        Ok(())
    }
}
