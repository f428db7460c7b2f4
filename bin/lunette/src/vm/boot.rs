//! What a machine of `lunette vm run` starts with.

use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use lunette_image::{Builder, Cache, Image, ImageName, Kernel, Overlay, Recipe, Target};
use lunette_vm::{Arch, Boot, Disk, Label};

use super::shell;
use crate::bridges;
use crate::image::bar::Bar;
use crate::image::what::Profile;

/// Options that say what starts.
#[derive(Debug, Args)]
pub(super) struct Start {
    /// An image to boot, built first when it is not there
    #[arg(long, value_enum, conflicts_with_all = ["kernel", "initrd"])]
    image: Option<Name>,
    /// A profile of desktops, by name or by its file; its root is a disk, built first when it is not there
    #[arg(long = "profile", value_name = "NAME|FILE", requires = "image")]
    profiles: Vec<Profile>,
    /// A program for the guest's /usr/local/bin
    #[arg(long = "program", value_name = "FILE", requires = "image")]
    programs: Vec<PathBuf>,
    /// A file for the guest, below /usr/local or /etc
    #[arg(long = "file", value_name = "PATH=FILE", requires = "image", value_parser = super::values::file)]
    files: Vec<(PathBuf, PathBuf)>,
    /// So many shells of root, which `lunette vm shell` reaches; for tests and trying
    #[arg(long, default_value_t = 0, requires = "image")]
    shells: u8,
    /// A kernel to boot, instead of an image
    #[arg(long)]
    kernel: Option<PathBuf>,
    /// Its initial file system
    #[arg(long, requires = "kernel")]
    initrd: Option<PathBuf>,
    /// What to add to the kernel's command line; every user of this machine can read it
    #[arg(long, default_value = "")]
    append: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Name {
    /// Kernel and initramfs, for tests
    Test,
    /// Debian with systemd, for desktops
    Desktop,
}

impl From<Name> for ImageName {
    fn from(name: Name) -> Self {
        match name {
            Name::Test => Self::Test,
            Name::Desktop => Self::Desktop,
        }
    }
}

impl Start {
    /// What starts, with which disks; `work` gets files that QEMU reads when it starts.
    pub(super) fn parts(&self, arch: Arch, work: &Path, bridges: Option<SocketAddrV4>) -> Result<(Boot, Vec<Disk>)> {
        if let Some(name) = self.image {
            return self.image(name.into(), work, bridges);
        }
        let Some(kernel) = self.kernel.clone() else { return Ok((Boot::Firmware(None), Vec::new())) };
        let command_line = format!("console={} drm_kms_helper.fbdev_emulation=0 {}", arch.console(), self.append);
        Ok((Boot::Kernel { kernel, initrd: self.initrd.clone(), command_line }, Vec::new()))
    }

    /// The serial ports that its shells need.
    pub(super) fn ports(&self) -> Result<Vec<Label>> {
        (0..self.shells).map(shell::port).collect()
    }

    fn image(&self, image: ImageName, work: &Path, bridges: Option<SocketAddrV4>) -> Result<(Boot, Vec<Disk>)> {
        let mut bar = Bar::new();
        let found = self.built(image, &mut bar);
        bar.end();
        let (built, disks) = found?;
        let initrd = work.join("initrd");
        built.initrd_with(&self.overlay(image, bridges)?, &initrd)?;
        let command_line = format!("{} {}", built.cmdline, self.append);
        Ok((Boot::Kernel { kernel: built.kernel, initrd: Some(initrd), command_line }, disks))
    }

    fn built(&self, image: ImageName, bar: &mut Bar) -> Result<(Image, Vec<Disk>)> {
        let arch = lunette_image::Arch::of_this_machine()?;
        let builder = Builder::new(Cache::for_user()?, Recipe::embedded()?);
        let mut watch = |progress| bar.show(progress);
        let target = Target { image, arch, kernel: Kernel::Backports };
        let built = builder.image(target, &mut watch).with_context(|| format!("cannot build {target}"))?;
        let mut disks: Vec<Disk> = built.disk.iter().map(Disk::read_only).collect();
        for profile in &self.profiles {
            let file = profile.read(&Recipe::embedded()?)?;
            let root = builder.root(&file, arch, &mut watch);
            let root = root.with_context(|| format!("cannot build the root of {}", file.name()))?;
            disks.push(Disk::read_only(&root.disk).with_serial(root.serial().parse()?));
        }
        Ok((built, disks))
    }

    fn overlay(&self, image: ImageName, bridges: Option<SocketAddrV4>) -> Result<Overlay> {
        let mut overlay = Overlay::new();
        for program in &self.programs {
            overlay = overlay.program(program)?;
        }
        for (path, file) in &self.files {
            let content = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            overlay = overlay.file(path, 0o644, content)?;
        }
        if let Some(from) = bridges {
            let (path, text) = bridges::settings(from);
            overlay = overlay.file(&path, 0o644, text)?;
        }
        // The test image has them by itself.
        let brought = self.shells > 0 && image == ImageName::Desktop;
        Ok(if brought { overlay.root_shells() } else { overlay })
    }
}
