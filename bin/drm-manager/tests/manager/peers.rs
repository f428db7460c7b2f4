//! Clients that mean harm, or are not the ones.

use std::os::unix::net::UnixStream;
use std::time::Duration;

use lunette_frame::Size;
use lunette_wire::lease::Request;
use rustix::process::Uid;

use crate::fixture::{Client, Manager};

#[test]
fn noise_is_refused_and_counted_and_harms_nobody() {
    let manager = Manager::start();
    let (_owner, granted) = manager.lease();
    let mut noise = 0x2545_f491_u32;
    let mut next = move || {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // Not a command that has a meaning.
        u8::try_from(noise >> 24).expect("a byte") | 4
    };
    for length in 9..49 {
        let mut client = manager.connect();
        client.send(&(0..length).map(|_| next()).collect::<Vec<_>>());
        assert_eq!(client.refusal(), "unknown command");
    }
    let status = manager.until("all are gone", |status| status["clients"] == 1);
    assert_eq!(status["counters"]["bad_requests"], 40);
    let leased = usize::from(granted.scanout) - 1;
    assert_eq!(status["outputs"][leased]["state"], "leased");
    assert_eq!(manager.card.kernel().leases.len(), 1);
}

#[test]
fn impossible_sizes_are_refused() {
    let manager = Manager::start();
    let mut client = manager.connect();
    client.send(&[1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    assert_eq!(client.refusal(), "no output can show 4294967295x4294967295");
    // The manager may have refused before it had reached its host.
    manager.until("the host answers", |status| status["host"]["connected"] == true);
    assert_eq!(manager.host.memory().told.len(), 1, "only AUTHORIZE");
}

#[test]
fn a_request_that_does_not_come_is_not_waited_for() {
    let manager = Manager::start_with(|config| config.request_within = Duration::from_millis(100));
    let mut client = manager.connect();
    client.send(&[1, 0, 0]);
    client.is_closed();
    manager.until("it was counted", |status| status["counters"]["slow_requests"] == 1);
}

#[test]
fn connections_beyond_the_limit_are_turned_away() {
    let manager = Manager::start_with(|config| config.max_clients = 2);
    let _idle: Vec<_> = (0..2).map(|_| manager.connect()).collect();
    manager.until("both are there", |status| status["clients"] == 2);
    manager.connect().is_closed();
    assert_eq!(manager.counter("too_many"), 1);
}

#[test]
fn the_status_tells_who_has_what() {
    let manager = Manager::start();
    let (_client, _) = manager.lease();
    let status = manager.until("it is leased", |status| status["outputs"][0]["state"] == "leased");
    let owner = &status["outputs"][0]["owner"];
    assert_eq!((owner["pid"].as_u64(), owner["size"].as_str()), (Some(std::process::id().into()), Some("1280x720")));
    assert!(owner["age_s"].as_f64().is_some_and(|age| age >= 0.0));
    assert_eq!(status["outputs"][1]["owner"], serde_json::Value::Null);
    assert_eq!((&status["host"]["connected"], &status["host"]["authorized"]), (&true.into(), &true.into()));
}

#[test]
fn users_that_are_not_listed_are_turned_away() {
    if !rustix::process::geteuid().is_root() {
        println!("NOT RUN: users_that_are_not_listed_are_turned_away: only root can be another user");
        return;
    }
    let manager = Manager::start_with(|config| config.allowed.uids = vec![1000]);
    let request = Request::lease_with(Size::new(640, 480), Default::default()).encode();
    let mut stranger = Client::of(connect_as(1001, &manager));
    stranger.send(&request);
    stranger.is_closed();
    let mut listed = Client::of(connect_as(1000, &manager));
    listed.send(&request);
    assert_eq!(listed.granted().scanout, 1);
    assert_eq!(manager.counter("not_allowed"), 1);
}

/// Credentials are those of the thread that connects.
fn connect_as(uid: u32, manager: &Manager) -> UnixStream {
    let socket = manager.socket.clone();
    let thread = std::thread::spawn(move || {
        let uid = Uid::from_raw(uid);
        rustix::thread::set_thread_uid(uid).expect("root may");
        UnixStream::connect(socket).expect("its owner or its group")
    });
    thread.join().expect("no panics")
}
