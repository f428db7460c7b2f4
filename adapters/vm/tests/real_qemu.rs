//! Machines with no kernel on the QEMU of this machine.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use lunette_qmp::Qmp;
use lunette_vm::{
    Accelerator, Arch, Boot, Cpus, Guard, Label, MachineConfig, Mebibytes, Qemu, RunPaths, Share, Stopped, Vm,
    VmConfig, VmError, VmEvent,
};
use rustix::process::{Pid, Signal, kill_process};

const SOON: Duration = Duration::from_secs(20);

struct Bench {
    _dir: tempfile::TempDir,
    config: VmConfig,
}

impl Bench {
    /// A machine that finds nothing to boot; `None` where there is no QEMU.
    fn new() -> Option<Self> {
        let arch = Arch::of_host().unwrap_or(Arch::Amd64);
        let qemu = match Qemu::find(arch) {
            Ok(qemu) => qemu,
            Err(error) => {
                println!("NOT RUN: machines on a real QEMU: {error}");
                return None;
            }
        };
        let dir = tempfile::tempdir().unwrap();
        let (cpus, memory) = (Cpus::new(1).unwrap(), Mebibytes::new(64).unwrap());
        let config = VmConfig {
            name: "bench".parse().unwrap(),
            machine: MachineConfig::new(arch, cpus, memory, Boot::Firmware(None)),
            qemu,
            accelerator: Accelerator::Tcg,
            guard: Guard::Thread,
            run_dir: Some(dir.path().join("vm")),
            console_log: None,
        };
        Some(Self { _dir: dir, config })
    }

    fn start(&self) -> Vm {
        Vm::start(&self.config).unwrap()
    }

    fn root(&self) -> &Path {
        self.config.run_dir.as_ref().unwrap()
    }
}

fn process(pid: u32) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}"))
}

/// Waits for the last event.
fn last_event(vm: &Vm) -> VmEvent {
    loop {
        let event = vm.next_event(SOON).unwrap();
        if matches!(event, VmEvent::Stopped | VmEvent::Died { .. }) {
            return event;
        }
    }
}

#[test]
fn a_machine_with_everything_starts_and_leaves_nothing() {
    let Some(mut bench) = Bench::new() else { return };
    let port: Label = "shell0".parse().unwrap();
    bench.config.machine.ports = vec![port.clone()];
    let tag = "host".parse().unwrap();
    bench.config.machine.shares = vec![Share { tag, path: "/usr".into(), access: lunette_vm::Access::ReadOnly }];
    let vm = bench.start();
    let pid = vm.pid().unwrap();
    for path in [vm.paths().qmp(), vm.paths().export_qmp(), vm.paths().port(&port), vm.paths().secret()] {
        assert!(path.exists(), "{}", path.display());
    }
    drop(vm);
    assert!(!process(pid).exists() && !bench.root().exists());
}

#[test]
fn the_secret_is_not_on_the_command_line() {
    let Some(bench) = Bench::new() else { return };
    let vm = bench.start();
    let secret = std::fs::read_to_string(vm.paths().secret()).unwrap();
    let line = std::fs::read(process(vm.pid().unwrap()).join("cmdline")).unwrap();
    let environment = std::fs::read(process(vm.pid().unwrap()).join("environ")).unwrap();
    let line = String::from_utf8_lossy(&line);
    assert!(line.contains("opt/lunette/secret") && !line.contains(secret.trim()));
    assert!(!String::from_utf8_lossy(&environment).contains(secret.trim()));
}

#[test]
fn the_second_monitor_is_free_for_frame_export() {
    let Some(bench) = Bench::new() else { return };
    let vm = bench.start();
    let (qmp, _events) = Qmp::connect(&vm.paths().export_qmp(), SOON).unwrap();
    assert_eq!(qmp.execute("query-status", ()).unwrap()["running"], true);
}

#[test]
fn a_guest_that_ignores_the_button_is_quit() {
    let Some(bench) = Bench::new() else { return };
    let mut vm = bench.start();
    assert_eq!(vm.powerdown(Duration::from_millis(100)).unwrap(), Stopped::Quit);
    assert_eq!(last_event(&vm), VmEvent::Stopped);
    assert_eq!(vm.powerdown(SOON).unwrap(), Stopped::Before);
}

#[test]
fn a_qemu_that_does_not_answer_is_killed_in_time() {
    let Some(bench) = Bench::new() else { return };
    let mut vm = bench.start();
    signal(vm.pid().unwrap(), Signal::STOP);
    assert_eq!(vm.powerdown(Duration::from_millis(100)).unwrap(), Stopped::Killed);
    assert_eq!(last_event(&vm), VmEvent::Stopped);
}

#[test]
fn a_reset_is_told() {
    let Some(bench) = Bench::new() else { return };
    let vm = bench.start();
    vm.reset().unwrap();
    assert_eq!(vm.next_event(SOON), Some(VmEvent::Reset { by_guest: false }));
}

#[test]
fn a_killed_qemu_is_a_death_with_its_signal() {
    let Some(bench) = Bench::new() else { return };
    let vm = bench.start();
    signal(vm.pid().unwrap(), Signal::KILL);
    let VmEvent::Died { status, .. } = last_event(&vm) else { panic!("no death") };
    assert_eq!(status, "killed by signal 9");
    assert!(matches!(vm.wait_ready(SOON), Err(VmError::Died { .. })));
}

#[test]
fn a_qemu_that_refuses_its_arguments_says_why() {
    let Some(mut bench) = Bench::new() else { return };
    bench.config.machine.boot =
        Boot::Kernel { kernel: "/no/such/kernel".into(), initrd: None, command_line: String::new() };
    let error = Vm::start(&bench.config).unwrap_err().to_string();
    assert!(error.contains("/no/such/kernel"), "{error}");
    assert!(!bench.root().exists());
}

#[test]
fn a_second_machine_of_the_same_name_is_refused() {
    let Some(bench) = Bench::new() else { return };
    let vm = bench.start();
    assert!(matches!(Vm::start(&bench.config), Err(VmError::Busy { .. })));
    assert!(vm.paths().qmp().exists());
}

#[test]
fn a_guest_that_is_never_ready_is_a_time_out() {
    let Some(bench) = Bench::new() else { return };
    assert!(matches!(bench.start().wait_ready(Duration::from_millis(50)), Err(VmError::TimedOut { .. })));
}

#[test]
fn paths_of_a_machine_are_under_its_name() {
    let paths = RunPaths::named(&"desk".parse().unwrap());
    assert!(paths.qmp().ends_with("desk/qmp"));
}

fn signal(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), signal).unwrap();
}
