//! Hosts and guests that lose things.

use std::time::{Duration, Instant};

use lunette_frame::Size;
use lunette_wire::lease::Request;

use crate::card::Plugs;
use crate::fixture::Manager;
use crate::host::Told;

fn answer_within(millis: u64) -> impl FnOnce(&mut drm_manager::config::Config) {
    move |config| config.timing.answer = Duration::from_millis(millis)
}

#[test]
fn a_lost_hot_plug_is_nudged() {
    let manager = Manager::start();
    manager.host.memory().manners.lose = 1;
    let (_client, granted) = manager.lease();
    let enabled = |told: &&Told| matches!(told, Told::Enable(1, _));
    assert_eq!((granted.scanout, manager.host.memory().told.iter().filter(enabled).count()), (1, 2));
    assert_eq!(manager.counter("nudges"), 1);
}

#[test]
fn without_kernel_events_the_connector_is_read() {
    let manager = Manager::start_on(Plugs::new(&[], true), |_| {});
    for _ in 0..3 {
        let (client, _) = manager.lease();
        drop(client);
        manager.until_all_free();
    }
    assert_eq!((manager.counter("nudges"), manager.counter("slow_unplugs")), (0, 0));
}

#[test]
fn what_a_connector_was_before_is_not_taken_for_news() {
    // Nobody has looked at it since the console was lit.
    let manager = Manager::start_plugged(&[0], |config| {
        config.console = true;
        config.timing.answer = Duration::from_millis(700);
    });
    manager.host.memory().manners.lose = usize::MAX;
    let mut client = manager.connect();
    client.send(&Request::lease(Size::new(0, 0)).encode());
    assert_eq!(client.refusal(), "the connector was never connected");
}

#[test]
fn a_connector_that_never_connects_is_refused_and_its_output_is_back() {
    let manager = Manager::start_with(answer_within(700));
    manager.host.memory().manners.lose = usize::MAX;
    let mut client = manager.connect();
    client.send(&Request::lease(Size::new(0, 0)).encode());
    assert_eq!(client.refusal(), "the connector was never connected");
    manager.until_all_free();
    assert!(manager.host.memory().told.contains(&Told::Disable(1)));
    assert_eq!(manager.counter("nudges"), 2);
}

#[test]
fn what_the_host_refuses_is_passed_on() {
    let manager = Manager::start();
    manager.host.memory().manners.refuse = true;
    let mut client = manager.connect();
    client.send(&Request::lease(Size::new(0, 0)).encode());
    assert_eq!(client.refusal(), "QEMU enable failed: out of memory");
    manager.until_all_free();
}

#[test]
fn an_unplug_that_fails_is_tried_again() {
    let manager = Manager::start_with(|config| config.timing.retry = Duration::from_millis(50));
    let (client, _) = manager.lease();
    manager.host.memory().manners.refuse_disable = 2;
    drop(client);
    manager.until_all_free();
    assert_eq!(manager.counter("failed_unplugs"), 2);
}

#[test]
fn an_unreachable_host_is_named_within_the_deadline() {
    let mut manager = Manager::start_with(answer_within(600));
    manager.host.kill();
    let asked = Instant::now();
    let mut client = manager.connect();
    client.send(&Request::lease(Size::new(0, 0)).encode());
    let refusal = client.refusal();
    assert_eq!(refusal, format!("host unreachable: {}: connection refused", manager.host.address));
    assert!(asked.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_host_that_never_answers_does_not_hold_a_client() {
    let manager = Manager::start_with(answer_within(600));
    manager.host.memory().manners.mute = true;
    let mut client = manager.connect();
    client.send(&Request::lease(Size::new(0, 0)).encode());
    assert_eq!(client.refusal(), "QEMU enable failed: no answer in time");
}

#[test]
fn leases_outlive_the_host_and_are_told_to_the_next() {
    let mut manager = Manager::start();
    let (_client, granted) = manager.lease();
    manager.host.kill();
    manager.until("the host is missed", |status| status["host"]["connected"] == false);
    manager.host.memory().told.clear();
    manager.host.restart();
    manager.until("the host is back", |status| status["counters"]["replugged"] == 1);
    let (_other, next) = manager.lease();
    assert_eq!(next.scanout, 2);
    let told = manager.host.memory().told.clone();
    assert!(matches!(told[0], Told::Authorize(_)));
    assert_eq!(told[1..3], [Told::Grant(1, granted.token), Told::Enable(1, "1280x720".into())]);
}

#[test]
fn a_request_waits_for_a_host_that_comes_back() {
    let mut manager = Manager::start();
    manager.host.kill();
    let mut client = manager.connect();
    client.send(&Request::lease_with(Size::new(640, 480), Default::default()).encode());
    manager.until("it waits", |status| status["outputs"][0]["state"] == "enabling");
    manager.host.restart();
    assert_eq!(client.granted().scanout, 1);
}

#[test]
fn outputs_that_nobody_leased_are_unplugged_at_the_start() {
    let manager = Manager::start_plugged(&[0, 2], |_| {});
    manager.until_all_free();
    let told = manager.host.memory().told.clone();
    assert_eq!(told[1..], [Told::Disable(2)], "not the console");
    assert_eq!(manager.card.kernel().looked.len(), 4, "every connector, the console too");
}

#[test]
fn without_a_secret_nobody_is_granted_anything() {
    let manager = Manager::start_with(|config| config.secret = None);
    let _client = manager.lease();
    assert_eq!(manager.host.memory().told, [Told::Enable(1, "1280x720".into())]);
}
