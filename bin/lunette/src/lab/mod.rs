//! A machine with everything around it that a picture passes: for trying, measuring and testing.
//!
//! ```text
//!   Lab ─┬─ Vm        QEMU with the test or the desktop image, whose initrd brings our programs
//!        ├─ Exporter  frame-export on that QEMU, restarted at will
//!        └─ Guest     root's shell ──▶ Flipper: a lease with page flips on it
//! ```

mod door;
mod exporter;
mod flipper;
mod guest;
mod programs;
mod ways;

use std::net::{SocketAddr, SocketAddrV4};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lunette_image::{Builder, Cache, Image, ImageName, Kernel, Overlay, Progress, Recipe, Root, Target};
use lunette_vm::accelerator::Proof;
use lunette_vm::{
    Accelerator, Arch, Boot, Cpus, Disk, FirmwareFile, Guard, Label, MachineConfig, Mebibytes, Qemu, Share, Vm,
    VmConfig,
};

pub use door::HydraDoor;
pub use exporter::{Exporter, ExporterPlan};
pub use flipper::{Flipper, FlipperPlan};
pub use guest::Guest;
pub use programs::Programs;
use ways::{Ways, free_address};

/// Where user-mode networking shows a guest its host.
pub(crate) const HOST_IN_GUEST: &str = "10.0.2.2";

/// How long a guest may take to start, on the slowest accelerator of a busy machine.
const START_LIMIT: Duration = Duration::from_secs(300);

/// How much of the console an error quotes.
const CONSOLE_TAIL: u64 = 2000;

/// Shells of root that a lab uses.
const SHELLS: u8 = 4;

/// One more, for whoever else wants to look into the guest meanwhile.
pub const SPARE_SHELL: u8 = SHELLS;

/// What to start.
#[derive(Debug, Clone)]
pub struct LabPlan {
    /// The machine's name: no two of a user have the same.
    pub name: Label,
    /// Our programs.
    pub programs: Programs,
    /// More programs of the same folder that the guest needs.
    pub guest_programs: Vec<String>,
    /// What the guest is.
    pub system: System,
    /// Folders of this machine that it may mount.
    pub shares: Vec<Share>,
    /// Which kernel.
    pub kernel: Kernel,
    /// What runs the guest's code; `None` is the fastest that is proved to work.
    pub accelerator: Option<Accelerator>,
    /// Virtual processors.
    pub cpus: Cpus,
    /// Memory.
    pub memory: Mebibytes,
    /// Who ends QEMU when this process is killed.
    pub guard: Guard,
    /// How frame-export is started.
    pub exporter: ExporterPlan,
    /// Whether drm-manager hands out the machine's console too.
    pub console: bool,
}

/// What a lab's guest is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum System {
    /// The test image: drm-manager, and whatever is started by hand.
    Test,
    /// The desktop image, with hydra and the roots of these profiles.
    Desktops {
        /// Names of profiles.
        profiles: Vec<String>,
    },
}

impl System {
    /// Our programs that it cannot be without.
    fn programs(&self) -> &'static [&'static str] {
        match self {
            Self::Test => &["drm-manager", "drm-flipper"],
            Self::Desktops { .. } => &["drm-manager", "drm-flipper", "hydra", "lease-launcher", "logind-stub"],
        }
    }

    fn image(&self) -> ImageName {
        match self {
            Self::Test => ImageName::Test,
            Self::Desktops { .. } => ImageName::Desktop,
        }
    }

    /// What of the loopback is to lead into the guest.
    fn ways(&self) -> Result<Option<Ways>> {
        matches!(self, Self::Desktops { .. }).then(Ways::free).transpose()
    }

    fn profiles(&self) -> &[String] {
        match self {
            Self::Test => &[],
            Self::Desktops { profiles } => profiles,
        }
    }
}

/// Where frame-export listens; `None` is a free port of the loopback.
#[derive(Debug, Clone, Copy, Default)]
pub struct Listen {
    /// For streams. The guest reaches the host's 127.0.0.1 only.
    pub streams: Option<SocketAddr>,
    /// For metrics.
    pub metrics: Option<SocketAddr>,
}

/// How long the parts of a start took.
#[derive(Debug, Clone, Copy, Default)]
pub struct StartTimes {
    /// Building the image, or finding it in the cache.
    pub image: Duration,
    /// Proving an accelerator, or remembering it.
    pub accelerator: Duration,
    /// Packing the guest's programs.
    pub programs: Duration,
    /// From QEMU's start until a lease can be had.
    pub boot: Duration,
}

/// A running machine, its frame-export and its shells. Dropping it ends everything.
#[derive(Debug)]
pub struct Lab {
    exporter: Exporter,
    guest: Guest,
    vm: Vm,
    accelerator: Accelerator,
    ways: Option<Ways>,
    times: StartTimes,
}

impl Lab {
    /// Builds what is missing, boots, and waits until leases can be had.
    ///
    /// # Errors
    /// When any part cannot be had; the chain of causes says which, and what to do.
    pub fn start(plan: &LabPlan, watch: &mut dyn FnMut(Progress)) -> Result<Self> {
        Self::start_at(plan, Listen::default(), watch)
    }

    /// As [`Lab::start`], with chosen addresses.
    ///
    /// # Errors
    /// As [`Lab::start`].
    pub fn start_at(plan: &LabPlan, listen: Listen, watch: &mut dyn FnMut(Progress)) -> Result<Self> {
        let mut times = StartTimes::default();
        let arch = Arch::of_host().context("there are no guests for this processor")?;
        let qemu = Qemu::find(arch)?;

        let started = Instant::now();
        let parts = Parts { image: plan.image(watch)?, roots: plan.roots(watch)? };
        times.image = started.elapsed();

        let started = Instant::now();
        let accelerator = match plan.accelerator {
            Some(accelerator) => accelerator,
            None => Proof::new(qemu.clone(), parts.image.kernel.clone(), plan.guard.clone()).choose()?,
        };
        times.accelerator = started.elapsed();

        let started = Instant::now();
        let address = listen.streams.map_or_else(free_address, Ok)?;
        let work = tempfile::tempdir().context("cannot make a temporary directory")?;
        let ways = plan.system.ways()?;
        let machine = plan.machine(arch, parts, address, ways.as_ref(), work.path())?;
        times.programs = started.elapsed();

        let started = Instant::now();
        let vm = plan.start(machine, qemu, accelerator)?;
        // QEMU has read the files; removed here, they do not stay if this process is killed later on.
        drop(work);
        let exporter = Exporter::start(&plan.programs, &plan.exporter, vm.paths(), address, listen.metrics)?;
        let guest = inside(&vm)?;
        times.boot = started.elapsed();
        Ok(Self { exporter, guest, vm, accelerator, ways, times })
    }

    /// Where this machine's loopback leads to the bridges of the guest's desktops, if it has any.
    #[must_use]
    pub fn bridges(&self) -> Option<SocketAddrV4> {
        self.ways.as_ref().map(|ways| ways.bridges)
    }

    /// Where this machine's loopback leads to the hydra of the guest, if it has one.
    #[must_use]
    pub fn hydra(&self) -> Option<&HydraDoor> {
        self.ways.as_ref().map(|ways| &ways.hydra)
    }

    /// The machine.
    #[must_use]
    pub fn vm(&self) -> &Vm {
        &self.vm
    }

    /// The machine, to be switched off.
    pub fn vm_mut(&mut self) -> &mut Vm {
        &mut self.vm
    }

    /// frame-export.
    #[must_use]
    pub fn exporter(&self) -> &Exporter {
        &self.exporter
    }

    /// frame-export, to be killed and started again.
    pub fn exporter_mut(&mut self) -> &mut Exporter {
        &mut self.exporter
    }

    /// The guest's inside.
    #[must_use]
    pub fn guest(&self) -> &Guest {
        &self.guest
    }

    /// What runs the guest's code.
    #[must_use]
    pub fn accelerator(&self) -> Accelerator {
        self.accelerator
    }

    /// How long the start took.
    #[must_use]
    pub fn times(&self) -> StartTimes {
        self.times
    }

    /// Resets the machine, and waits until its guest has started again.
    ///
    /// # Errors
    /// When it does not.
    pub fn restart_guest(&mut self) -> Result<()> {
        // What shells of the old guest were told would be lost.
        self.guest.close();
        self.vm.reset()?;
        self.guest = inside(&self.vm)?;
        Ok(())
    }
}

impl Lab {
    /// Starts another machine in the place of this one; frame-export stays and finds it.
    ///
    /// # Errors
    /// When it does not start, or leases cannot be had from it.
    pub fn replace_machine(self, plan: &LabPlan) -> Result<Self> {
        let Self { exporter, guest, vm, accelerator, ways, times } = self;
        // In this order: the shells are the machine's, and the next one needs its directory.
        drop(guest);
        drop(vm);
        let arch = Arch::of_host().context("there are no guests for this processor")?;
        let work = tempfile::tempdir().context("cannot make a temporary directory")?;
        let parts = Parts { image: plan.image(&mut |_| {})?, roots: plan.roots(&mut |_| {})? };
        let machine = plan.machine(arch, parts, exporter.address(), ways.as_ref(), work.path())?;
        let vm = plan.start(machine, Qemu::find(arch)?, accelerator)?;
        let guest = inside(&vm)?;
        Ok(Self { exporter, guest, vm, accelerator, ways, times })
    }
}

/// The guest's inside, once leases can be had.
fn inside(vm: &Vm) -> Result<Guest> {
    vm.wait_ready(START_LIMIT)?;
    let guest = Guest::open(vm, SHELLS)?;
    let waited = guest.wait_for_manager(START_LIMIT);
    waited.with_context(|| format!("the guest's console ends with: {}", vm.console_tail(CONSOLE_TAIL)))?;
    Ok(guest)
}

impl LabPlan {
    fn start(&self, machine: MachineConfig, qemu: Qemu, accelerator: Accelerator) -> Result<Vm> {
        let (name, guard) = (self.name.clone(), self.guard.clone());
        Ok(Vm::start(&VmConfig { name, machine, qemu, accelerator, guard, run_dir: None, console_log: None })?)
    }

    /// The guest's image, built first when it is not there.
    ///
    /// # Errors
    /// When it cannot be built.
    pub fn image(&self, watch: &mut dyn FnMut(Progress)) -> Result<Image> {
        let arch = lunette_image::Arch::of_this_machine()?;
        let target = Target { image: self.system.image(), arch, kernel: self.kernel };
        builder()?.image(target, watch).with_context(|| format!("cannot build {target}"))
    }

    /// The roots of the guest's profiles, built first when they are not there.
    ///
    /// # Errors
    /// When one cannot be built.
    pub fn roots(&self, watch: &mut dyn FnMut(Progress)) -> Result<Vec<Root>> {
        let (recipe, arch) = (Recipe::embedded()?, lunette_image::Arch::of_this_machine()?);
        let build = |name: &String| {
            let root = builder()?.root(&recipe.profile(name)?, arch, &mut *watch);
            root.with_context(|| format!("cannot build the root of profile {name}"))
        };
        self.system.profiles().iter().map(build).collect()
    }

    /// What the machine is made of; `work` gets files that QEMU reads when it starts.
    fn machine(
        &self,
        arch: Arch,
        parts: Parts,
        exporter: SocketAddr,
        ways: Option<&Ways>,
        work: &Path,
    ) -> Result<MachineConfig> {
        let Parts { image, roots } = parts;
        let initrd = work.join("initrd");
        image.initrd_with(&self.overlay(exporter, ways)?, &initrd)?;
        let boot = Boot::Kernel { kernel: image.kernel, initrd: Some(initrd), command_line: image.cmdline };
        let mut machine = MachineConfig::new(arch, self.cpus, self.memory, boot);
        machine.shares.clone_from(&self.shares);
        machine.forwards = ways.map(Ways::forwards).into_iter().flatten().collect();
        machine.disks = image.disk.map(Disk::read_only).into_iter().collect();
        for root in roots {
            let serial = root.serial().parse()?;
            machine.disks.push(Disk::read_only(root.disk).with_serial(serial));
        }
        machine.ports = (0..=SPARE_SHELL).map(guest::port).collect::<Result<_>>()?;
        if self.system == System::Test {
            let words = work.join("drm-manager");
            std::fs::write(&words, self.manager_arguments(exporter)).context("cannot write drm-manager's arguments")?;
            machine.firmware_files.push(FirmwareFile { name: "drm-manager".parse()?, path: words });
        }
        Ok(machine)
    }

    fn overlay(&self, exporter: SocketAddr, ways: Option<&Ways>) -> Result<Overlay> {
        let mut overlay = Overlay::new();
        for name in self.system.programs().iter().copied().chain(self.guest_programs.iter().map(String::as_str)) {
            overlay = overlay.program(&self.programs.path(name)?)?;
        }
        if self.system == System::Test {
            return Ok(overlay);
        }
        let host = format!("[Service]\nEnvironment=QEMU_ADDR={HOST_IN_GUEST}:{}\n", exporter.port());
        for unit in ["drm-manager", "hydra"] {
            let path = format!("/etc/systemd/system/{unit}.service.d/lab.conf");
            overlay = overlay.file(Path::new(&path), 0o644, host.clone().into_bytes())?;
        }
        if let Some(ways) = ways {
            overlay = ways.add_to(overlay)?;
        }
        // Desktops live without.
        if let Ok(bridge) = self.programs.path("desktop-bridge") {
            overlay = overlay.program(&bridge)?;
        }
        Ok(overlay.root_shells())
    }

    fn manager_arguments(&self, exporter: SocketAddr) -> String {
        let console = if self.console { " --console --outputs 16" } else { "" };
        format!("--host {HOST_IN_GUEST}:{}{console}", exporter.port())
    }
}

/// What a machine boots from.
struct Parts {
    image: Image,
    roots: Vec<Root>,
}

fn builder() -> Result<Builder> {
    Ok(Builder::new(Cache::for_user()?, Recipe::embedded()?))
}

/// Asks again until there is an answer; an error is one.
fn poll<T>(what: &str, limit: Duration, mut attempt: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    const PAUSE: Duration = Duration::from_millis(50);
    let until = Instant::now() + limit;
    loop {
        if let Some(found) = attempt()? {
            return Ok(found);
        }
        if Instant::now() >= until {
            bail!("{what} is missing after {limit:?}");
        }
        std::thread::sleep(PAUSE);
    }
}
