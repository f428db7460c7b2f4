//! Whichever part of a machine is killed, nothing of it is left.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use lunette_vm::{Arch, Qemu, RunPaths};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::OwnedFd;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use rustix::time::Timespec;

/// For everything to go. It takes half a second; a busy machine gets more.
const LIMIT: Duration = Duration::from_secs(5);

struct Machine {
    _dir: tempfile::TempDir,
    paths: RunPaths,
    supervisor: Child,
    guard: Part,
    qemu: Part,
}

/// A process that is not our child.
struct Part {
    pid: Pid,
    handle: OwnedFd,
}

impl Part {
    fn new(pid: i32) -> Self {
        let pid = Pid::from_raw(pid).unwrap();
        Self { pid, handle: pidfd_open(pid, PidfdFlags::empty()).unwrap() }
    }

    fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).unwrap();
    }

    fn ends_within(&self, limit: Duration) -> bool {
        let limit = Timespec { tv_sec: i64::try_from(limit.as_secs()).unwrap(), tv_nsec: limit.subsec_nanos().into() };
        poll(&mut [PollFd::new(&self.handle, PollFlags::IN)], Some(&limit)).unwrap() == 1
    }
}

impl Machine {
    /// A machine that finds nothing to boot; `None` where there is no QEMU.
    fn start() -> Option<Self> {
        if let Err(error) = Qemu::find(Arch::of_host().unwrap_or(Arch::Amd64)) {
            println!("NOT RUN: killing the parts of a machine: {error}");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("vm");
        let mut command = Command::new(env!("CARGO_BIN_EXE_lunette"));
        command.args(["vm", "run", "--accel", "tcg", "--memory", "64", "--grace", "0", "--run-dir"]).arg(&root);
        let mut supervisor = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(supervisor.stdout.take().unwrap()).lines().map_while(Result::ok);
        let pid = lines.filter_map(|line| line.strip_prefix("process: ")?.parse().ok()).next().unwrap();
        let (qemu, guard) = (Part::new(pid), Part::new(parent_of(pid)));
        Some(Self { _dir: dir, paths: RunPaths::new(root), supervisor, guard, qemu })
    }

    fn supervisor_ends(&mut self) -> ExitStatus {
        let part = Part::new(i32::try_from(self.supervisor.id()).unwrap());
        assert!(part.ends_within(LIMIT), "the supervisor goes on");
        self.supervisor.wait().unwrap()
    }

    fn leaves_nothing(&self, killed: Instant) {
        assert!(self.qemu.ends_within(LIMIT), "QEMU goes on");
        assert!(self.guard.ends_within(LIMIT), "the guard goes on");
        assert!(!self.paths.root().exists(), "the run directory is still there");
        println!("gone after {:?}", killed.elapsed());
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.supervisor.kill();
        let _ = self.supervisor.wait();
        self.guard.ends_within(LIMIT);
    }
}

fn parent_of(pid: i32) -> i32 {
    let status = std::fs::read_to_string(PathBuf::from(format!("/proc/{pid}/status"))).unwrap();
    status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap().trim().parse().unwrap()
}

#[test]
fn a_killed_supervisor_leaves_nothing() {
    let Some(mut machine) = Machine::start() else { return };
    assert!(machine.paths.qmp().exists());
    let killed = Instant::now();
    machine.supervisor.kill().unwrap();
    machine.supervisor.wait().unwrap();
    machine.leaves_nothing(killed);
}

#[test]
fn a_killed_guard_takes_qemu_along_and_the_supervisor_cleans() {
    let Some(mut machine) = Machine::start() else { return };
    let killed = Instant::now();
    machine.guard.signal(Signal::KILL);
    assert!(!machine.supervisor_ends().success());
    machine.leaves_nothing(killed);
}

#[test]
fn a_killed_qemu_ends_guard_and_supervisor() {
    let Some(mut machine) = Machine::start() else { return };
    let killed = Instant::now();
    machine.qemu.signal(Signal::KILL);
    assert!(!machine.supervisor_ends().success());
    machine.leaves_nothing(killed);
}

#[test]
fn after_supervisor_and_guard_are_killed_the_next_start_cleans() {
    let Some(mut machine) = Machine::start() else { return };
    // A stopped guard cannot clean up when its supervisor dies.
    machine.guard.signal(Signal::STOP);
    machine.supervisor.kill().unwrap();
    machine.supervisor.wait().unwrap();
    machine.guard.signal(Signal::KILL);
    assert!(machine.qemu.ends_within(LIMIT), "QEMU goes on");
    assert!(machine.paths.qmp().exists());
    let mut command = Command::new(env!("CARGO_BIN_EXE_lunette"));
    command.args(["vm", "run", "--kernel", "/no/such/kernel", "--accel", "tcg", "--run-dir"]);
    let output = command.arg(machine.paths.root()).stdin(Stdio::null()).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("/no/such/kernel"), "{output:?}");
    assert!(!machine.paths.root().exists());
}

#[test]
fn ctrl_c_ends_a_machine_in_order() {
    let Some(mut machine) = Machine::start() else { return };
    let pressed = Instant::now();
    Part::new(i32::try_from(machine.supervisor.id()).unwrap()).signal(Signal::INT);
    assert!(machine.supervisor_ends().success());
    machine.leaves_nothing(pressed);
}
