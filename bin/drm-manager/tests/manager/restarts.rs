//! Managers that are killed, and what their next life makes of what was kept.

use std::os::unix::net::UnixStream;

use lunette_frame::{ScanoutId, Size};
use lunette_wire::lease::Request;

use crate::fixture::{Client, Manager};
use crate::host::Told;

/// Whether nothing has come from the manager, not even the end of the connection.
fn is_undisturbed(client: &Client) -> bool {
    client.stream.set_nonblocking(true).expect("a socket");
    let nothing = std::io::Read::read(&mut &client.stream, &mut [0]);
    client.stream.set_nonblocking(false).expect("a socket");
    nothing.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
}

#[test]
fn a_killed_manager_costs_nobody_a_lease() {
    let mut manager = Manager::start();
    let (mut client, granted) = manager.lease();
    manager.store().until_leases(2);
    manager.kill();
    manager.host.memory().told.clear();
    manager.start_again();
    let status = manager.until("it is told", |status| status["outputs"][0]["state"] == "leased");
    assert_eq!(status["outputs"][0]["owner"]["size"], "1280x720");
    assert_eq!(manager.counter("restored"), 1);
    assert!(is_undisturbed(&client));
    // The host hears again whose the output is, and is not made to plug it.
    let (_other, next) = manager.lease();
    let told = manager.host.memory().told.clone();
    assert_eq!(next.scanout, 2);
    assert_eq!(told[1], Told::Grant(1, granted.token));
    assert!(!told.iter().any(|told| matches!(told, Told::Enable(1, _) | Told::Disable(1))), "{told:?}");
    assert_eq!(manager.card.kernel().looked, [0, 2, 3].map(ScanoutId::new), "not at what somebody shows");
    client.send(b"x");
    client.is_closed();
    manager.until("it is free", |status| status["outputs"][0]["state"] == "free");
}

#[test]
fn a_host_that_was_restarted_too_is_made_to_plug() {
    let mut manager = Manager::start();
    let (_client, granted) = manager.lease();
    manager.kill();
    manager.host.restart();
    manager.host.memory().told.clear();
    manager.start_again();
    manager.until("it is plugged", |_| manager.host.memory().told.len() >= 3);
    let told = manager.host.memory().told.clone();
    assert_eq!(told[1..], [Told::Grant(1, granted.token), Told::Enable(1, "1280x720".into())]);
}

#[test]
fn whoever_left_while_there_was_no_manager_gives_its_output_back() {
    let mut manager = Manager::start();
    let (client, _) = manager.lease();
    let (_other, _) = manager.lease();
    manager.store().until_leases(4);
    manager.kill();
    drop(client);
    manager.start_again();
    let status = manager.until("one is free", |status| status["outputs"][0]["state"] == "free");
    assert_eq!(status["outputs"][1]["state"], "leased");
    assert_eq!(manager.card.kernel().leases.len(), 1);
    manager.store().until_leases(2);
}

#[test]
fn a_lease_that_the_kernel_ended_ends_its_connection() {
    let mut manager = Manager::start();
    let (mut client, _) = manager.lease();
    manager.kill();
    manager.card.kernel().leases.clear();
    manager.start_again();
    client.is_closed();
    manager.until_all_free();
    manager.store().until_leases(0);
}

#[test]
fn a_book_that_nobody_can_read_ends_its_lease_and_no_other() {
    let mut manager = Manager::start();
    let (mut client, _) = manager.lease();
    let (other, _) = manager.lease();
    manager.store().until_leases(4);
    manager.kill();
    let name = manager.store().names("lease-1")[0].clone();
    let noise = std::fs::File::open("/proc/self/status").expect("Linux");
    manager.store().spoil(&name, noise.into());
    manager.start_again();
    client.is_closed();
    manager.until("one is free", |status| status["outputs"][0]["state"] == "free");
    assert!(is_undisturbed(&other));
    assert_eq!(manager.card.kernel().leases.len(), 1, "the kernel's lease was revoked");
    manager.store().until_leases(2);
}

#[test]
fn whoever_connects_while_there_is_no_manager_is_served_by_the_next() {
    let mut manager = Manager::start();
    manager.kill();
    let mut client = Client::of(UnixStream::connect(&manager.socket).expect("the socket was kept"));
    client.send(&Request::lease_with(Size::new(800, 600), Default::default()).encode());
    manager.start_again();
    assert_eq!(client.granted().scanout, 1);
}

#[test]
fn whoever_waits_for_its_answer_when_the_manager_dies_sees_the_connection_end() {
    let mut manager = Manager::start();
    manager.host.memory().manners.mute = true;
    let mut client = manager.connect();
    client.send(&Request::lease(Size::new(0, 0)).encode());
    manager.until("it waits", |status| status["outputs"][0]["state"] == "enabling");
    manager.kill();
    client.is_closed();
    manager.host.memory().manners.mute = false;
    manager.start_again();
    manager.until_all_free();
}

#[test]
fn leases_that_end_leave_nothing_behind() {
    let mut manager = Manager::start();
    for _ in 0..5 {
        let clients: Vec<_> = (0..3).map(|_| manager.lease()).collect();
        manager.kill();
        manager.start_again();
        assert!(clients.iter().all(|(client, _)| is_undisturbed(client)));
        drop(clients);
        manager.until_all_free();
        manager.store().until_leases(0);
    }
    assert_eq!(manager.store().names("").len(), 1, "the socket");
    let (mut client, _) = manager.lease();
    manager.stop();
    client.is_closed();
    assert!(manager.store().names("").is_empty());
}
