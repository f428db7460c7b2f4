//! How leases begin and end.

use lunette_frame::{ScanoutId, Size};
use lunette_wire::lease::{LeaseOptions, LongReply, Reply, Request};

use crate::fixture::{Manager, SECRET};
use crate::host::Told;

#[test]
fn a_lease_comes_in_one_message_with_one_descriptor_and_its_token() {
    let manager = Manager::start();
    let (_client, granted) = manager.lease();
    assert_eq!((granted.scanout, granted.connector.as_str(), granted.lease.as_str()), (1, "Virtual-2", "lease of 1"));
    let told = manager.host.memory().told.clone();
    let expected = [Told::Authorize(SECRET), Told::Grant(1, granted.token), Told::Enable(1, "1280x720".into())];
    assert_eq!(told, expected);
}

#[test]
fn a_client_of_command_1_gets_the_short_reply() {
    let manager = Manager::start();
    let mut client = manager.connect();
    client.send(&Request::lease(Size::new(0, 0)).encode());
    let (bytes, fds) = client.receive();
    assert_eq!((bytes.len(), fds.len()), (Reply::LEN, 1));
    assert!(manager.host.memory().told.contains(&Told::Enable(1, "1920x1080".into())));
}

#[test]
fn requests_may_come_in_pieces() {
    let manager = Manager::start();
    let mut client = manager.connect();
    for byte in Request::lease_with(Size::new(800, 600), LeaseOptions::default()).encode() {
        client.send(&[byte]);
    }
    assert_eq!(client.granted().scanout, 1);
}

#[test]
fn every_token_is_fresh() {
    let manager = Manager::start();
    let (_first, granted) = manager.lease();
    let (_second, other) = manager.lease();
    assert_ne!(granted.token, other.token);
}

#[test]
fn whoever_drops_its_connection_gives_its_output_back() {
    let manager = Manager::start();
    for _ in 0..10 {
        let clients: Vec<_> = (0..3).map(|_| manager.lease()).collect();
        drop(clients);
        manager.until_all_free();
    }
    assert!(manager.card.kernel().leases.is_empty());
    assert_eq!((manager.counter("granted"), manager.counter("ended")), (30, 30));
}

#[test]
fn whoever_goes_before_its_answer_leaves_nothing_behind() {
    let manager = Manager::start();
    for pieces in 0..13 {
        let mut client = manager.connect();
        client.send(&Request::lease_with(Size::new(800, 600), LeaseOptions::default()).encode()[..pieces + 1]);
    }
    manager.until("all are gone", |status| status["clients"] == 0);
    manager.until_all_free();
    assert!(manager.card.kernel().leases.is_empty());
}

#[test]
fn any_further_byte_ends_a_lease() {
    let manager = Manager::start();
    let (mut client, _) = manager.lease();
    client.send(b"x");
    client.is_closed();
    manager.until_all_free();
    assert_eq!(manager.counter("ended_by_bytes"), 1);
}

#[test]
fn a_release_by_another_has_no_effect_and_is_counted() {
    let manager = Manager::start();
    let (mut owner, granted) = manager.lease();
    let mut other = manager.connect();
    other.send(&Request::Release { scanout: ScanoutId::new(granted.scanout) }.encode());
    other.is_closed();
    let status = manager.until("it was counted", |status| status["counters"]["foreign_releases"] == 1);
    assert_eq!((&status["outputs"][0]["state"], manager.card.kernel().leases.len()), (&"leased".into(), 1));
    owner.send(&Request::Release { scanout: ScanoutId::new(granted.scanout) }.encode());
    manager.until_all_free();
}

#[test]
fn a_full_pool_says_so() {
    let manager = Manager::start();
    let _clients: Vec<_> = (0..3).map(|_| manager.lease()).collect();
    let mut late = manager.connect();
    late.send(&Request::lease(Size::new(0, 0)).encode());
    assert_eq!(late.refusal(), "no scanouts available (all 3 in use)");
}

#[test]
fn a_lease_that_the_kernel_refuses_is_refused_and_its_output_unplugged() {
    let manager = Manager::start();
    manager.card.kernel().refuse = true;
    let mut client = manager.connect();
    client.send(&Request::lease(Size::new(0, 0)).encode());
    assert_eq!(client.refusal(), "DRM lease failed: there is no scanout 1");
    manager.until_all_free();
    assert!(manager.host.memory().told.contains(&Told::Disable(1)));
}

#[test]
fn a_crtc_is_lit_only_for_who_asks() {
    let manager = Manager::start();
    let (_cold, _) = manager.lease();
    assert!(manager.card.kernel().lit.is_empty());
    let mut client = manager.connect();
    client.send(&Request::lease_with(Size::new(800, 600), LeaseOptions { light_crtc: true }).encode());
    client.granted();
    assert_eq!(manager.card.kernel().lit, [Size::new(800, 600)]);
}

#[test]
fn unknown_options_are_refused_at_full_length() {
    let manager = Manager::start();
    let mut client = manager.connect();
    client.send(&[3, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0]);
    let (bytes, fds) = client.receive();
    let reply = LongReply::decode(bytes.first_chunk().expect("101 bytes")).expect("a reply");
    assert_eq!(reply.reply, Reply::Refused { reason: "unknown options 0x2".into() });
    assert!(fds.is_empty());
}

#[test]
fn the_console_is_only_handed_out_when_it_may() {
    let manager = Manager::start_plugged(&[0], |config| config.console = true);
    let (_client, granted) = manager.lease();
    assert_eq!((granted.scanout, granted.connector.as_str()), (0, "Virtual-1"));
}

#[test]
fn the_end_revokes_and_unplugs_everything_and_removes_the_sockets() {
    let mut manager = Manager::start();
    let (mut client, _) = manager.lease();
    manager.stop();
    client.is_closed();
    assert!(manager.card.kernel().leases.is_empty());
    assert_eq!(manager.host.memory().told.last(), Some(&Told::Disable(1)));
    let left = std::fs::read_dir(manager.socket.parent().expect("a directory")).expect("readable").count();
    assert_eq!(left, 0);
}
