//! Against the QEMU of this machine.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lunette_qmp::{Events, Notice, Qmp, QmpError};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(20);

struct Machine {
    _dir: tempfile::TempDir,
    path: PathBuf,
    child: Child,
}

impl Machine {
    /// A machine of no devices that does not run; `None` where there is no QEMU.
    fn start() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("qmp");
        let monitor = format!("unix:{},server=on,wait=off", path.display());
        let child = Command::new(program())
            .args(["-M", "none", "-nodefaults", "-no-user-config", "-S", "-display", "none", "-qmp", &monitor])
            .stdin(Stdio::null())
            .spawn();
        match child {
            Ok(child) => Some(Self { _dir: dir, path, child }),
            Err(error) => {
                println!("NOT RUN: QMP against a real QEMU: {} cannot be started: {error}", program());
                None
            }
        }
    }

    fn connect(&self) -> (Qmp, Events) {
        Qmp::connect(&self.path, SOON).unwrap()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program() -> String {
    std::env::var("LUNETTE_QEMU").unwrap_or_else(|_| format!("qemu-system-{}", std::env::consts::ARCH))
}

#[test]
fn real_qemu_answers_queries_and_tells_its_version() {
    let Some(machine) = Machine::start() else { return };
    let (qmp, _events) = machine.connect();
    assert_eq!(qmp.execute("query-status", ()).unwrap()["running"], json!(false));
    let asked: Value = qmp.execute("query-version", ()).unwrap();
    assert_eq!(asked["qemu"]["major"], json!(qmp.version().major));
}

#[test]
fn the_longest_answer_of_a_real_qemu_is_within_the_cap() {
    let Some(machine) = Machine::start() else { return };
    let (qmp, _events) = machine.connect();
    let schema = qmp.execute("query-qmp-schema", ()).unwrap();
    assert!(schema.as_array().is_some_and(|entries| entries.len() > 100));
}

#[test]
fn real_qemu_refuses_what_it_does_not_know() {
    let Some(machine) = Machine::start() else { return };
    let error = machine.connect().0.execute("no-such-command", ()).unwrap_err();
    assert!(matches!(&error, QmpError::Refused { class, .. } if class == "CommandNotFound"), "{error}");
}

#[test]
fn real_qemu_takes_a_descriptor() {
    let Some(machine) = Machine::start() else { return };
    let (qmp, _events) = machine.connect();
    let (ours, _theirs) = UnixStream::pair().unwrap();
    qmp.pass_fd("bus", ours.as_fd()).unwrap();
    qmp.execute("closefd", json!({ "fdname": "bus" })).unwrap();
    let again = qmp.execute("closefd", json!({ "fdname": "bus" }));
    assert!(matches!(again, Err(QmpError::Refused { .. })));
}

#[test]
fn a_monitor_in_use_is_reported_as_silent_and_is_free_after_a_drop() {
    let Some(machine) = Machine::start() else { return };
    let first = machine.connect();
    let second = Qmp::connect(&machine.path, Duration::from_millis(200));
    assert!(matches!(second, Err(QmpError::Silent { .. })));
    drop(first);
    machine.connect().0.execute("query-status", ()).unwrap();
}

#[test]
fn quitting_a_real_qemu_tells_shutdown_and_then_the_end() {
    let Some(machine) = Machine::start() else { return };
    let (qmp, events) = machine.connect();
    qmp.execute("quit", ()).unwrap();
    let Some(Notice::Event(event)) = events.next(SOON) else { panic!("no event") };
    assert_eq!((event.name.as_str(), &event.data["reason"]), ("SHUTDOWN", &json!("host-qmp-quit")));
    assert!(matches!(events.next(SOON), Some(Notice::Closed(_))));
}
