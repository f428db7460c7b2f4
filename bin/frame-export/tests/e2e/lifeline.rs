//! A server that is stopped, and the process that hangs up on QEMU in its stead.

use rustix::process::{Pid, Signal, getpgid, kill_process};

use crate::support::{Client, Machine, Server, child_of, eventually, program, until_connected};

const CONSOLE: [(&str, &str); 1] = [("scanout", "0")];
const HUNG_UP: &str = "QEMU is told to drop 1 listeners";

/// A server whose machine's console is watched; `None` where that cannot be had.
fn watched(what: &str) -> Option<(Machine, Server, Client)> {
    let mut machine = Machine::off(what)?;
    machine.start();
    let server = Server::start(&["--source", "qemu", "--legacy", "--qmp", &machine.qmp()]);
    until_connected(&server, true, 1);
    let mut client = Client::subscribed(&server, 0);
    client.frame();
    Some((machine, server, client))
}

/// The lifeline, once it holds the one listener.
fn lifeline(server: &Server) -> Pid {
    let mut found = None;
    eventually("a lifeline holds a listener", || {
        found = child_of(server.pid()).filter(|pid| runs(*pid) && descriptors(*pid) == HOLDING);
        found.is_some()
    });
    found.expect("it was found")
}

/// Whether it is a copy of the server no more.
fn runs(lifeline: Pid) -> bool {
    std::fs::read(format!("/proc/{lifeline}/cmdline")).is_ok_and(|line| line.ends_with(b"\0lifeline\0"))
}

/// Standard input twice, output, error, and a listener.
const HOLDING: usize = 5;

fn descriptors(pid: Pid) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}

/// Stops the server until the lifeline has hung up, for the `times`-th time.
fn stop_until_hung_up(server: &Server, times: usize) {
    let registered = server.metrics().sum("scanout_registrations_total", &CONSOLE);
    server.signal(Signal::STOP);
    eventually("the lifeline hangs up", || server.log().matches(HUNG_UP).count() == times);
    server.signal(Signal::CONT);
    eventually("the server listens again", || {
        server.metrics().sum("scanout_registrations_total", &CONSOLE) > registered
    });
}

#[test]
fn a_stopped_server_is_hung_up_for_and_its_streams_go_on() {
    let Some((_machine, server, mut client)) = watched("lifeline: stopped server") else { return };
    stop_until_hung_up(&server, 1);
    stop_until_hung_up(&server, 2);
    client.answers_between_frames();
    assert!(Client::subscribed(&server, 0).frame().is_idr());
}

#[test]
fn a_lifeline_that_dies_is_replaced() {
    let Some((_machine, server, mut client)) = watched("lifeline: killed") else { return };
    let first = lifeline(&server);
    kill_process(first, Signal::KILL).expect("it runs");
    eventually("it is missed", || child_of(server.pid()) != Some(first));
    assert_ne!(lifeline(&server), first);
    assert!(server.log().contains("no lifeline"), "it is worth a word");
    stop_until_hung_up(&server, 1);
    client.answers_between_frames();
}

#[test]
fn a_lifeline_has_a_group_of_its_own_holds_no_socket_that_listens_and_ends_with_its_server() {
    let Some((_machine, mut server, _client)) = watched("lifeline: killed server") else { return };
    let lifeline = lifeline(&server);
    assert_eq!(getpgid(Some(lifeline)).expect("it runs"), lifeline);
    server.end_by(Signal::KILL);
    eventually("it ends", || descriptors(lifeline) == 0);
}

#[test]
fn a_lifeline_is_not_for_people() {
    let text = |args: &[&str]| {
        let output = program(args).output().expect("the program starts");
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    assert!(!text(&["--help"]).1.contains("lifeline"));
    let (code, told) = text(&["lifeline"]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("standard input must be the socket of a capture"), "{told}");
}
