//! Fixtures: a machine per test, and what watches its outputs.

mod watch;

use std::sync::{Mutex, MutexGuard, PoisonError};

use lunette::lab::{ExporterPlan, FlipperPlan, Lab, LabPlan, Programs, System};
use lunette_frame::Size;
use lunette_image::Kernel;
use lunette_vm::{Accelerator, Arch, Cpus, Guard, Mebibytes, Qemu, Share, VmError};

use std::time::Duration;

use lunette_test_programs::Wanted;

pub(crate) use watch::{flow, watch, watch_plan};

pub(crate) const FULL_HD: Size = Size::new(1920, 1080);
pub(crate) const SMALL: Size = Size::new(640, 480);

/// Machines of one run take turns: two cores carry one.
static TURN: Mutex<()> = Mutex::new(());

/// A machine whose turn it is.
pub(crate) struct Machine {
    pub(crate) lab: Lab,
    pub(crate) plan: LabPlan,
    pub(crate) _turn: MutexGuard<'static, ()>,
}

/// Boots a machine; `None`, having said so, where there is no QEMU for it.
///
/// # Panics
/// When it does not start.
pub(crate) fn machine(test: &str) -> Option<Machine> {
    machine_with(test, Vec::new())
}

/// As [`machine`], with folders of this machine that its guest may mount.
///
/// # Panics
/// When it does not start.
pub(crate) fn machine_with(test: &str, shares: Vec<Share>) -> Option<Machine> {
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Err(error) = qemu() {
        println!("NOT RUN: vm-tests {test}: {error}");
        return None;
    }
    let plan = LabPlan { shares, ..plan(test) };
    let lab = Lab::start(&plan, &mut |_| {}).unwrap_or_else(|error| panic!("no machine: {error:#}"));
    Some(Machine { lab, plan, _turn: turn })
}

fn qemu() -> Result<Qemu, VmError> {
    let arch = Arch::of_host().expect("tests run on processors that have guests");
    Qemu::find(arch)
}

fn plan(test: &str) -> LabPlan {
    LabPlan {
        name: format!("test-{test}").parse().expect("a test's name is a label"),
        programs: Programs::in_folder(&Wanted::PROGRAMS.build()),
        guest_programs: vec!["guest-probe".to_owned()],
        system: System::Test,
        shares: Vec::new(),
        kernel: Kernel::Backports,
        // Proving one is tested where accelerators are; here it would be another boot.
        accelerator: Some(Accelerator::Tcg),
        cpus: Cpus::new(2).expect("valid"),
        memory: Mebibytes::new(1024).expect("valid"),
        guard: Guard::Thread,
        exporter: ExporterPlan::default(),
        // Where a test is about all outputs.
        console: test == "outputs",
    }
}

/// A flipper that goes on until it is ended.
pub(crate) fn flipping(size: Size, fps: u32) -> FlipperPlan {
    let arguments = ["--damage", "small"].map(str::to_owned).to_vec();
    FlipperPlan { size, fps, time: Duration::ZERO, arguments }
}
