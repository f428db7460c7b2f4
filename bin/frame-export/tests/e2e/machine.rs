//! The scanouts of a virtual machine, here without a guest.

use lunette_frame::Size;
use lunette_wire::hxfr::ErrorCode;

use crate::support::{Client, LEASE, Machine, SECRET, SecretFile, Server, eventually, until_connected};

/// A strict server for a machine.
fn serve(machine: &Machine) -> Server {
    let (qmp, secret) = (machine.qmp(), SecretFile::new(0o600));
    Server::start(&["--source", "qemu", "--qmp", &qmp, "--secret-file", secret.path(), "--memory-budget", "64M"])
}

/// A machine that was switched on while a server waited for it; `None` where that cannot be had.
fn running(what: &str) -> Option<(Machine, Server)> {
    let mut machine = Machine::off(what)?;
    let server = serve(&machine);
    until_connected(&server, false, 0);
    machine.start();
    until_connected(&server, true, 1);
    Some((machine, server))
}

/// Why a scanout's stream ended.
#[track_caller]
fn gone_because(client: &mut Client) -> String {
    let error = client.last_error();
    assert_eq!(error.code, ErrorCode::NotFound);
    error.message
}

#[test]
fn a_machine_is_found_when_it_comes_and_missed_when_it_goes() {
    let Some(mut machine) = Machine::off("machine: comes and goes") else { return };
    let server = serve(&machine);
    until_connected(&server, false, 0);
    let mut owner = Client::showing(&server, SECRET);
    let refused = owner.enable(1, Size::new(640, 480));
    assert!(!refused.success && refused.connector.starts_with("the machine cannot be reached"), "{refused:?}");
    assert!(!owner.subscribe(0));
    for told in [0, 2] {
        machine.start();
        until_connected(&server, true, told + 1);
        let mut watching = Client::showing(&server, SECRET);
        assert!(watching.subscribe(0));
        assert!(watching.frame().is_idr());
        machine.kill();
        assert!(gone_because(&mut watching).contains("machine"));
        until_connected(&server, false, told + 2);
    }
}

#[test]
fn a_reset_ends_every_lease_and_recalls_their_lender() {
    let Some((machine, server)) = running("machine: reset") else { return };
    let mut owner = Client::showing(&server, SECRET);
    owner.grant(1, LEASE);
    assert_eq!(owner.enable(1, Size::new(800, 600)).connector, "Virtual-2");
    let (mut lease, mut console) = (Client::showing(&server, LEASE), Client::showing(&server, SECRET));
    assert!(lease.subscribe(1) && console.subscribe(0));
    console.frame();
    machine.reset();
    let reason = gone_because(&mut lease);
    assert!(reason.contains("reset"), "{reason}");
    assert_eq!(owner.closed(), [], "it is to say again what it needs");
    until_connected(&server, true, 2);
    eventually("nobody captures it", || server.metrics().sum("pipelines", &[]) == 1.0);
    assert_eq!(server.metrics().sum("granted_scanouts", &[]), 0.0);
    assert!(!Client::showing(&server, LEASE).subscribe(1));
    assert!(!Client::showing(&server, SECRET).subscribe(1), "it is disabled");
    console.answers_between_frames();
    let mut again = Client::showing(&server, SECRET);
    again.grant(1, LEASE);
    assert!(again.enable(1, Size::new(800, 600)).success);
    assert!(Client::showing(&server, LEASE).subscribe(1));
}

#[test]
fn pictures_beyond_the_memory_budget_are_refused() {
    let Some((_machine, server)) = running("machine: memory budget") else { return };
    let mut owner = Client::showing(&server, SECRET);
    let refused = owner.enable(1, Size::new(4096, 2160));
    assert!(!refused.success && refused.connector.contains("bytes"), "{refused:?}");
    assert!(owner.enable(1, Size::new(1280, 720)).success);
}

#[test]
fn a_machines_scanouts_tell_of_themselves() {
    let Some((_machine, server)) = running("machine: metrics") else { return };
    let mut watching = Client::showing(&server, SECRET);
    assert!(watching.subscribe(0));
    watching.frame();
    let (metrics, console) = (server.metrics(), [("scanout", "0")]);
    assert_eq!(metrics.sum("machine_connected", &[]), 1.0);
    assert!(metrics.sum("scanout_last_frame", &console) >= 1.0);
    for family in ["last_frame_age_seconds", "cursor_changes_total", "registrations_total"] {
        assert_eq!(metrics.count(&format!("scanout_{family}"), &console), 1, "{family}");
    }
}
