//! The program, from its flags to its exit code.

#![allow(clippy::unwrap_used, reason = "tests and their fixtures")]

mod common;

use std::fs;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

use common::{CARD, FIRST_ID, SESSION, bus, bus_in_container, call, card};
use lunette_sys_process::{Lifetime, Spawn};
use rustix::process::{Pid, Signal, kill_process};

struct Stub {
    child: Child,
    ready: BufReader<File>,
}

/// A stub on this bus, and whether it came to be ready is still to be read.
fn start(address: &str, flags: &[String]) -> Stub {
    let (ready, theirs) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
    // Numbers are known only once the descriptors are; they do not change.
    let lease = card();
    let number = |fd: &OwnedFd| std::os::fd::AsRawFd::as_raw_fd(fd).to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_logind-stub"));
    command.args(["--bus", address, "--lease-fd", &number(&lease), "--ready-fd", &number(&theirs)]);
    command.args(flags).env("RUST_BACKTRACE", "0").stderr(Stdio::piped());
    let mut spawn = Spawn::new(command, Lifetime::Independent);
    spawn.inherit(lease);
    spawn.inherit(theirs);
    Stub { child: spawn.spawn().unwrap(), ready: BufReader::new(File::from(ready)) }
}

fn own_flags() -> Vec<String> {
    vec!["--uid".into(), rustix::process::geteuid().as_raw().to_string()]
}

impl Stub {
    /// Whether it became ready before it ended.
    fn is_ready(&mut self) -> bool {
        let mut line = String::new();
        self.ready.read_line(&mut line).unwrap();
        line == "\n"
    }

    fn status(&self) -> String {
        fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap()
    }

    /// How it ended, and what it said.
    fn end(mut self) -> (Option<i32>, String) {
        let mut text = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        (self.child.wait().unwrap().code(), text)
    }

    fn terminate(&self) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
    }
}

#[tokio::test]
async fn it_gets_ready_serves_and_ends_when_told() {
    let Some(bus) = bus() else { return };
    let mut stub = start(&bus.address(), &own_flags());
    assert!(stub.is_ready());
    let client = bus.client().await;
    call(&client, SESSION, "Session.TakeControl", &false).await.unwrap();
    call(&client, SESSION, "Session.TakeDevice", &CARD).await.unwrap();
    stub.terminate();
    assert_eq!(stub.end().0, Some(0));
}

#[test]
fn it_serves_a_container_as_its_user_and_without_privileges() {
    if !rustix::process::geteuid().is_root() {
        return println!("NOT RUN: only root can connect as somebody else");
    }
    let Some(bus) = bus_in_container() else { return };
    // User 1 is in every password file; the daemon looks him up.
    let connect_as = format!("{}:{}", FIRST_ID + 1, FIRST_ID + 1);
    let flags = ["--connect-as", &connect_as, "--uid", "1"].map(str::to_owned);
    let mut stub = start(&bus.address(), &flags);
    if !stub.is_ready() {
        panic!("{:?}", stub.end());
    }
    let status = stub.status();
    for line in ["CapEff:\t0000000000000000", "CapPrm:\t0000000000000000", "NoNewPrivs:\t1", "Uid:\t0\t0\t0\t0"] {
        assert!(status.lines().any(|found| found == line), "{line} in {status}");
    }
    stub.terminate();
    assert_eq!(stub.end().0, Some(0));
}

#[test]
fn a_container_does_not_take_root_for_its_user() {
    if !rustix::process::geteuid().is_root() {
        return println!("NOT RUN: only root can make the user namespace");
    }
    let Some(bus) = bus_in_container() else { return };
    let mut stub = start(&bus.address(), &["--uid".into(), "1".into()]);
    assert!(!stub.is_ready());
    assert_eq!(stub.end().0, Some(1));
}

#[test]
fn it_waits_for_the_bus() {
    let Some(bus) = bus() else { return };
    let late = bus.folder.path().join("late");
    let mut stub = start(&format!("unix:path={}", late.display()), &own_flags());
    // The bus gets its name while the stub is looking for it.
    fs::hard_link(&bus.socket, &late).unwrap();
    assert!(stub.is_ready());
    stub.terminate();
    assert_eq!(stub.end().0, Some(0));
}

#[test]
fn it_ends_with_the_bus_and_says_so() {
    let Some(mut bus) = bus() else { return };
    let mut stub = start(&bus.address(), &own_flags());
    assert!(stub.is_ready());
    bus.kill();
    let (code, text) = stub.end();
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("the bus is gone"), "{text}");
}

#[test]
fn it_refuses_to_be_the_second_logind() {
    let Some(bus) = bus() else { return };
    let mut first = start(&bus.address(), &own_flags());
    assert!(first.is_ready());
    let mut second = start(&bus.address(), &own_flags());
    assert!(!second.is_ready());
    let (code, text) = second.end();
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("no other logind"), "{text}");
    first.terminate();
    first.end();
}

#[test]
fn a_bus_that_never_comes_is_an_error() {
    let flags = [own_flags(), vec!["--wait".into(), "1".into()]].concat();
    let mut stub = start("unix:path=/nowhere/bus", &flags);
    assert!(!stub.is_ready());
    let (code, text) = stub.end();
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("no bus at /nowhere/bus within 1 s"), "{text}");
}

#[test]
fn a_lease_that_is_none_is_an_error() {
    let output = Command::new(env!("CARGO_BIN_EXE_logind-stub"))
        .args(["--bus", "unix:path=/nowhere", "--lease-fd", "77"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--lease-fd 77"));
}
