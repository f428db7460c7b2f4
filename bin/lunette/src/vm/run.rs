//! `lunette vm run`.

use std::io::IsTerminal;
use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use lunette_vm::{
    Accelerator, Arch, Boot, Cpus, Forward, Label, MachineConfig, Mebibytes, Qemu, Share, Vm, VmConfig, VmEvent,
    accelerator,
};
use tracing_subscriber::EnvFilter;

use super::boot::Start;
use super::{this_program, values};
use crate::bridges;
use crate::interrupts::interrupts;

/// How often it is looked whether somebody pressed Ctrl-C.
const GLANCE: Duration = Duration::from_millis(250);

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// What to call the machine; no two of a user have the same name
    #[arg(long, default_value = "lunette")]
    name: Label,
    #[command(flatten)]
    start: Start,
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
    /// A port of this machine's 127.0.0.1 that leads to desktops' bridges, each of which asks for a token. `hydra show`
    /// in the guest prints what to open
    #[arg(long, value_name = "[127.0.0.1:]PORT", requires = "image", value_parser = bridges::address)]
    bridges: Option<SocketAddrV4>,
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

impl Run {
    pub(crate) fn run(&self) -> Result<String> {
        let filter = EnvFilter::try_from_env("LUNETTE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
        let terminal = std::io::stderr().is_terminal();
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(terminal).init();
        let interrupts = interrupts()?;
        let work = tempfile::tempdir().context("cannot make a temporary directory")?;
        let config = self.config(work.path())?;
        let start = Instant::now();
        let mut vm = Vm::start(&config)?;
        // QEMU has read the files; removed here, they do not stay if this process is killed later on.
        drop(work);
        println!("qmp: {}", vm.paths().qmp().display());
        println!("qmp for frame-export: {}", vm.paths().export_qmp().display());
        println!("secret: {}", vm.paths().secret().display());
        println!("process: {}", vm.pid().unwrap_or_default());
        self.watch(&mut vm, &interrupts, start)
    }

    fn config(&self, work: &Path) -> Result<VmConfig> {
        let arch = Arch::of_host().context("guests cannot be like this processor")?;
        let qemu = Qemu::find(arch)?;
        let (boot, disks) = self.start.parts(arch, work, self.bridges)?;
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
        machine.ports = self.start.ports()?;
        machine.ports.extend(self.ports.iter().cloned());
        machine.forwards = self.forwards.iter().copied().chain(self.bridges.map(bridges::forward)).collect();
        let (run_dir, console_log) = (self.run_dir.clone(), self.kernel_log.clone());
        Ok(VmConfig { name: self.name.clone(), machine, qemu, accelerator, guard, run_dir, console_log })
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
