//! `lunette vm run`.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use lunette_image::{Builder, Cache, ImageName, Kernel, Recipe, Target};
use lunette_vm::{
    Accelerator, Access, Arch, Boot, Cpus, Disk, DiskFormat, Forward, Label, MachineConfig, Mebibytes, Qemu, Share, Vm,
    VmConfig, VmEvent, accelerator,
};
use tracing_subscriber::EnvFilter;

use super::{this_program, values};
use crate::interrupts::interrupts;

/// How often it is looked whether somebody pressed Ctrl-C.
const GLANCE: Duration = Duration::from_millis(250);

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// What to call the machine; no two of a user have the same name
    #[arg(long, default_value = "lunette")]
    name: Label,
    /// An image to boot, built first when it is not there
    #[arg(long, value_enum, conflicts_with_all = ["kernel", "initrd"])]
    image: Option<Name>,
    /// A kernel to boot, instead of an image
    #[arg(long)]
    kernel: Option<PathBuf>,
    /// Its initial file system
    #[arg(long, requires = "kernel")]
    initrd: Option<PathBuf>,
    /// What to add to the kernel's command line; every user of this machine can read it
    #[arg(long, default_value = "")]
    append: String,
    /// Memory in MiB
    #[arg(long, default_value_t = 1024)]
    memory: u32,
    /// Virtual processors
    #[arg(long, default_value_t = 2)]
    cpus: u8,
    /// What runs the guest's code: kvm, hvf or tcg; without it the fastest that is proved to work
    #[arg(long)]
    accel: Option<Accelerator>,
    /// A folder that the guest may mount by 9p, with `:rw` behind it if the guest may write
    #[arg(long = "share", value_name = "TAG=FOLDER", value_parser = values::share)]
    shares: Vec<Share>,
    /// A serial port of this name, with a Unix socket in the run directory
    #[arg(long = "port", value_name = "NAME")]
    ports: Vec<Label>,
    /// A TCP port of this machine's loopback that leads to one of the guest
    #[arg(long = "forward", value_name = "HOST:GUEST", value_parser = values::forward)]
    forwards: Vec<Forward>,
    /// Where its sockets go; it is made and removed
    #[arg(long)]
    run_dir: Option<PathBuf>,
    /// A file for what the guest's console shows
    #[arg(long)]
    kernel_log: Option<PathBuf>,
    /// Seconds that the guest has to end after Ctrl-C
    #[arg(long, default_value_t = 10)]
    grace: u16,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Name {
    /// Kernel and initramfs, for tests
    Test,
    /// Debian with systemd, for desktops
    Desktop,
}

impl Run {
    pub(crate) fn run(&self) -> Result<String> {
        let filter = EnvFilter::try_from_env("LUNETTE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
        let terminal = std::io::stderr().is_terminal();
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(terminal).init();
        let interrupts = interrupts()?;
        let config = self.config()?;
        let start = Instant::now();
        let mut vm = Vm::start(&config)?;
        println!("qmp: {}", vm.paths().qmp().display());
        println!("qmp for frame-export: {}", vm.paths().export_qmp().display());
        println!("secret: {}", vm.paths().secret().display());
        println!("process: {}", vm.pid().unwrap_or_default());
        self.watch(&mut vm, &interrupts, start)
    }

    fn config(&self) -> Result<VmConfig> {
        let arch = Arch::of_host().context("guests cannot be like this processor")?;
        let qemu = Qemu::find(arch)?;
        let (boot, disks) = self.boot(arch)?;
        let guard = this_program()?;
        let accelerator = match (&boot, self.accel) {
            (_, Some(given)) => given,
            (Boot::Kernel { kernel, .. }, None) => {
                accelerator::Proof::new(qemu.clone(), kernel.clone(), guard.clone()).choose()?
            }
            (Boot::Firmware(_), None) => Accelerator::Tcg,
        };
        let mut machine = MachineConfig::new(arch, Cpus::new(self.cpus)?, Mebibytes::new(self.memory)?, boot);
        machine.disks = disks;
        machine.shares = self.shares.clone();
        machine.ports = self.ports.clone();
        machine.forwards = self.forwards.clone();
        let (run_dir, console_log) = (self.run_dir.clone(), self.kernel_log.clone());
        Ok(VmConfig { name: self.name.clone(), machine, qemu, accelerator, guard, run_dir, console_log })
    }

    fn boot(&self, arch: Arch) -> Result<(Boot, Vec<Disk>)> {
        if let Some(name) = self.image {
            return self.image(name);
        }
        let Some(kernel) = self.kernel.clone() else { return Ok((Boot::Firmware(None), Vec::new())) };
        let command_line = format!("console={} drm_kms_helper.fbdev_emulation=0 {}", arch.console(), self.append);
        Ok((Boot::Kernel { kernel, initrd: self.initrd.clone(), command_line }, Vec::new()))
    }

    fn image(&self, name: Name) -> Result<(Boot, Vec<Disk>)> {
        let image = match name {
            Name::Test => ImageName::Test,
            Name::Desktop => ImageName::Desktop,
        };
        let target = Target { image, arch: lunette_image::Arch::of_this_machine()?, kernel: Kernel::Backports };
        let mut silent = |_| {};
        let built = Builder::new(Cache::for_user()?, Recipe::embedded()?).image(target, &mut silent)?;
        let command_line = format!("{} {}", built.cmdline, self.append);
        let disk = |path| Disk { path, format: DiskFormat::Raw, access: Access::ReadOnly };
        let boot = Boot::Kernel { kernel: built.kernel, initrd: Some(built.initrd), command_line };
        Ok((boot, built.disk.map(disk).into_iter().collect()))
    }

    fn watch(&self, vm: &mut Vm, interrupts: &Receiver<()>, start: Instant) -> Result<String> {
        loop {
            if interrupts.try_recv().is_ok() {
                let stopped = vm.powerdown(Duration::from_secs(self.grace.into()))?;
                return Ok(format!("ended: {stopped:?}\n"));
            }
            match vm.next_event(GLANCE) {
                None => {}
                Some(VmEvent::Ready) => println!("ready after {:.1} s", start.elapsed().as_secs_f32()),
                Some(VmEvent::Reset { by_guest: true }) => println!("the guest restarts"),
                Some(VmEvent::Reset { by_guest: false }) => println!("reset"),
                Some(VmEvent::Shutdown { reason }) => println!("ending: {reason}"),
                Some(VmEvent::Missed) => println!("some events were missed"),
                Some(VmEvent::Stopped) => return Ok("ended\n".to_owned()),
                Some(VmEvent::Died { status, log }) => bail!("QEMU died ({status}): {log}"),
            }
        }
    }
}
