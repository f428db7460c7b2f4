//! Which processor a release is for.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;

use crate::metadata::Metadata;
use crate::process;

/// A processor, by Debian's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Arch {
    /// `x86_64`
    Amd64,
    /// `aarch64`
    Arm64,
}

impl Arch {
    /// That of this machine, if releases are made on it.
    pub(super) const fn native() -> Option<Self> {
        if cfg!(not(target_os = "linux")) {
            None
        } else if cfg!(target_arch = "x86_64") {
            Some(Self::Amd64)
        } else if cfg!(target_arch = "aarch64") {
            Some(Self::Arm64)
        } else {
            None
        }
    }

    pub(super) const fn debian(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// What ends the name of its package of QEMU.
    pub(super) const fn qemu(self) -> &'static str {
        match self {
            Self::Amd64 => "x86",
            Self::Arm64 => "arm",
        }
    }

    /// The kernel's name of it, which qemu-user has too.
    pub(super) const fn machine(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64",
            Self::Arm64 => "aarch64",
        }
    }

    /// What begins the names of its tools, and is that of its library folder.
    pub(super) fn triplet(self) -> String {
        format!("{}-linux-gnu", self.machine())
    }

    fn rust(self) -> String {
        format!("{}-unknown-linux-gnu", self.machine())
    }
}

/// Where programs are built for a processor.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) arch: Arch,
    is_native: bool,
    programs: PathBuf,
}

impl Target {
    pub(super) fn new(metadata: &Metadata, arch: Arch) -> Self {
        let is_native = Arch::native() == Some(arch);
        let folder = &metadata.target_directory;
        let programs = if is_native { folder.join("release") } else { folder.join(arch.rust()).join("release") };
        Self { arch, is_native, programs }
    }

    /// The folder with what was built.
    pub(super) fn programs(&self) -> &Path {
        &self.programs
    }

    /// `cargo build --release` for it.
    pub(super) fn cargo_build(&self) -> Command {
        let mut command = process::cargo();
        command.args(["build", "--release"]);
        if !self.is_native {
            let (rust, triplet) = (self.arch.rust(), self.arch.triplet());
            let variable = |prefix: &str| format!("{prefix}_{}", rust.replace('-', "_"));
            command.args(["--target", &rust]);
            command.env(variable("CARGO_TARGET").to_uppercase() + "_LINKER", format!("{triplet}-gcc"));
            command.env(variable("CC"), format!("{triplet}-gcc"));
            command.env(variable("CXX"), format!("{triplet}-g++"));
            command.env(variable("AR"), format!("{triplet}-ar"));
            command.env(variable("PKG_CONFIG"), format!("{triplet}-pkg-config"));
        }
        command
    }

    /// A tool of binutils or pkg-config that is for it.
    pub(super) fn tool(&self, name: &str) -> Command {
        Command::new(if self.is_native { name.to_owned() } else { format!("{}-{name}", self.arch.triplet()) })
    }

    /// A program of it, run here: under qemu-user where the processor is another one.
    pub(super) fn run(&self, program: &Path) -> Command {
        if self.is_native {
            return Command::new(program);
        }
        let mut command = Command::new(format!("qemu-{}-static", self.arch.machine()));
        command.arg("-L").arg(format!("/usr/{}", self.arch.triplet())).arg(program);
        command
    }
}
