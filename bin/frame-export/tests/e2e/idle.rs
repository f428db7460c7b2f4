//! Still screens cost nothing, and logs stay short.

use std::time::{Duration, Instant};

use lunette_frame::Size;
use lunette_wire::hxfr::Message;

use crate::support::{Arrival, Client, Eye, Server, eventually, long, picture_size};

#[test]
fn a_still_screen_becomes_finer_and_then_sends_nothing() {
    let server = Server::small("still", "60");
    let mut client = Client::subscribed(&server, 0);
    assert!(Eye::new(0).look(&client.frame()).idr);
    let finer = client.settle().len();
    assert!(matches!(client.receive(Duration::from_secs(3)), Arrival::Nothing), "no coded picture is sent twice");
    assert_eq!(server.metrics().sum("encoded_frames_total", &[]), (1 + finer) as f64);
}

#[test]
fn a_silent_subscriber_stays_connected() {
    let server = Server::small("still", "60");
    let mut client = Client::subscribed(&server, 0);
    client.frame();
    client.settle();
    let silence = Duration::from_secs(if long() { 600 } else { 5 });
    assert!(matches!(client.receive(silence), Arrival::Nothing));
    client.send(&Message::KeyframeRequest);
    assert!(client.frame().is_idr());
}

#[test]
fn sixteen_still_scanouts_encode_nothing_and_take_no_processor() {
    const WINDOW: Duration = Duration::from_secs(5);
    let server = Server::start(&["--pattern", "still", "--scanouts", "16", "--size", "1920x1080", "--fps", "60"]);
    let mut clients: Vec<_> = (0..16).map(|scanout| Client::subscribed(&server, scanout)).collect();
    for client in &mut clients {
        assert_eq!(picture_size(&client.frame().response), Some(Size::new(1920, 1080)));
    }
    let encoded = || server.metrics().sum("encoded_frames_total", &[]);
    [0, 15].iter().for_each(|client| drop(clients[*client].settle()));
    eventually("all are counted", || encoded() >= 16.0);
    let settled = encoded();
    let (cpu, start) = (server.usage().cpu, Instant::now());
    assert!(matches!(clients[0].receive(WINDOW), Arrival::Nothing));
    let share = (server.usage().cpu - cpu).as_secs_f64() / start.elapsed().as_secs_f64();
    println!("16 still 1080p scanouts, 16 subscribers: {:.2} % of a core, 0 encodes in {WINDOW:?}", share * 100.0);
    assert_eq!(encoded(), settled);
    assert!(share <= 0.02, "{share}");
}

#[test]
fn scanouts_that_nobody_watches_are_not_captured() {
    let server = Server::start(&["--pattern", "noise", "--scanouts", "16", "--size", "640x360", "--fps", "60"]);
    let mut client = Client::subscribed(&server, 3);
    client.frames(10);
    let metrics = server.metrics();
    assert_eq!(metrics.sum("pipelines", &[]), 1.0);
    assert_eq!(metrics.sum("captured_frames_total", &[]), metrics.sum("captured_frames_total", &[("scanout", "3")]));
}

#[test]
fn nothing_is_logged_per_picture() {
    let server = Server::small("typing", "120");
    let mut client = Client::subscribed(&server, 0);
    client.frame();
    let before = server.log().len();
    client.frames(300);
    let log = server.log();
    assert_eq!(&log[before..], "", "300 pictures");
    assert!(log.len() < 2000, "{} bytes:\n{log}", log.len());
}
