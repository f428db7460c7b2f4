//! Hosts that come, go and misbehave.

use gst::prelude::*;
use gst_video::VideoFormat;
use lunette_frame::Size;
use lunette_wire::hxfr::ErrorCode;

use crate::support::{Encoder, FakeHost, Habit, Host, Painter, Relay, decoded, eventually, is_key};

const SIZE: Size = Size::new(320, 180);

fn painter() -> Painter {
    Painter::new(VideoFormat::Bgrx, SIZE)
}

#[test]
fn a_lost_host_is_connected_to_again_and_a_keyframe_comes_first() {
    let host = Host::start();
    let relay = Relay::to(host.tcp);
    let mut encoder = Encoder::to(relay.tcp);
    encoder.expect(&painter());
    encoder.push(painter().picture(0));
    encoder.push(painter().picture(1));
    let before = [encoder.pull(), encoder.pull()];
    relay.cut();
    encoder.push(painter().picture(2));
    let after = encoder.pull();
    assert_eq!((is_key(&before[1]), is_key(&after)), (false, true));
    assert_eq!(decoded(&[after])[0].0, 2);
    assert_eq!((encoder.stat("connections"), encoder.messages(gst::MessageType::Warning).len()), (2, 1));
}

#[test]
fn the_newest_picture_arrives_although_its_connection_was_lost_and_nothing_follows_it() {
    let host = FakeHost::start(Habit::Hesitant);
    let relay = Relay::to(host.tcp);
    let mut encoder = Encoder::to(relay.tcp);
    encoder.expect(&painter());
    encoder.push(painter().picture(0));
    eventually("it was sent", || host.requests().len() == 1);
    relay.cut();
    host.allow(10);
    assert!(is_key(&encoder.pull()));
    assert_eq!((encoder.stat("connections"), host.requests().len()), (2, 2));
}

#[test]
fn a_host_that_comes_late_is_waited_for() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = nobody.local_addr().expect("bound");
    drop(nobody);
    let mut encoder = Encoder::to(address);
    encoder.expect(&painter());
    let pad = encoder.harness.srcpad().expect("of the harness").clone();
    let first = painter().picture(3);
    let waiting = std::thread::spawn(move || pad.push(first));
    eventually("it was refused", || encoder.stat("troubles") == 1);
    let host = Host::start();
    let (tcp, listener) = (host.tcp, std::net::TcpListener::bind(address).expect("still free"));
    std::thread::spawn(move || {
        let (near, _) = listener.accept().expect("the element comes");
        let far = std::net::TcpStream::connect(tcp).expect("it listens");
        let (mut up, mut down) = (near.try_clone().expect("open"), far.try_clone().expect("open"));
        std::thread::spawn(move || std::io::copy(&mut up, &mut down));
        let _ = std::io::copy(&mut { far }, &mut { near });
    });
    assert!(waiting.join().expect("no panic").is_ok());
    assert_eq!(decoded(&[encoder.pull()])[0].0, 3);
}

#[test]
fn without_reconnecting_a_lost_host_is_an_error_of_the_element() {
    let host = FakeHost::start(Habit::Hesitant);
    let relay = Relay::to(host.tcp);
    let mut encoder = Encoder::with(relay.tcp, |element| element.set_property("reconnect", false));
    encoder.expect(&painter());
    encoder.push(painter().picture(0));
    eventually("it was sent", || host.requests().len() == 1);
    relay.cut();
    let said = encoder.bus.timed_pop_filtered(gst::ClockTime::from_seconds(20), &[gst::MessageType::Error]);
    assert!(said.is_some());
    assert_eq!(encoder.harness.push(painter().picture(1)), Err(gst::FlowError::Error));
    assert!(encoder.messages(gst::MessageType::Error).is_empty(), "once is enough");
}

#[test]
fn a_host_that_does_not_answer_is_left_after_the_timeout() {
    let host = FakeHost::start(Habit::Silent);
    let mut encoder = Encoder::with(host.tcp, |element| {
        element.set_property("timeout", 200_u32);
        element.set_property("reconnect", false);
    });
    encoder.expect(&painter());
    encoder.push(painter().picture(0));
    let error = {
        let found = encoder.bus.timed_pop_filtered(gst::ClockTime::from_seconds(20), &[gst::MessageType::Error]);
        found.expect("it is said")
    };
    let gst::MessageView::Error(error) = error.view() else { panic!("asked for") };
    assert!(error.error().to_string().contains("did not answer within 200ms"), "{error:?}");
    assert!(encoder.finish().is_empty(), "and the end of the stream does not wait");
}

#[test]
fn a_host_that_cannot_encode_ends_the_element_when_it_is_told_so() {
    let host = FakeHost::start(Habit::Refuses(ErrorCode::EncodeFailed));
    let mut encoder = Encoder::with(host.tcp, |element| element.set_property("reconnect", false));
    encoder.expect(&painter());
    // It fails here, or as soon as it is looked for.
    let _ = encoder.harness.push(painter().picture(0));
    let found = encoder.bus.timed_pop_filtered(gst::ClockTime::from_seconds(20), &[gst::MessageType::Error]);
    assert!(found.is_some());
    assert!(host.requests().len() <= 10);
}

/// Pushes `count` pictures while the cable is cut at random; everything that comes out must be decodable and in order,
/// and the last picture must be the last.
fn with_random_cuts(count: u32, every: u64) {
    let host = Host::start();
    let relay = Relay::to(host.tcp);
    let mut encoder = Encoder::with(relay.tcp, |element| element.set_property("max-in-flight", 3_u32));
    encoder.expect(&painter());
    let (mut dice, mut cuts, mut units) = (0x2545_f491_4f6c_dd1d_u64, 0, Vec::new());
    for number in 0..count {
        // xorshift: the same cuts every time.
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        if dice % every == 0 {
            relay.cut();
            cuts += 1;
        }
        encoder.push(painter().picture(number));
        units.extend(std::iter::from_fn(|| encoder.harness.try_pull()));
    }
    units.extend(encoder.finish());
    let pictures = decoded(&units);
    assert_eq!(pictures.len(), units.len(), "a decoder takes every unit");
    assert!(pictures.is_sorted_by(|one, next| one.0 < next.0 && one.1 < next.1), "in order");
    for (number, time) in &pictures {
        assert_eq!(*time, Some(gst::ClockTime::from_nseconds(u64::from(*number) * 33_333_333)));
    }
    assert_eq!(pictures.last().map(|(number, _)| *number), Some(count - 1));
    let lost = u64::from(count) - pictures.len() as u64;
    assert_eq!(lost, encoder.stat("dropped"), "what is missing is what was lost");
    assert!(lost <= cuts * 3, "{lost} lost by {cuts} cuts");
    assert!(encoder.stat("connections") > 1);
    println!("{count} pictures, {cuts} cuts, {lost} lost, {} connections", encoder.stat("connections"));
}

/// 200, or as many as VSOCKENC_PICTURES says; `cargo xtask vsockenc` says 10 000.
#[test]
fn pictures_survive_random_cuts() {
    let count = std::env::var("VSOCKENC_PICTURES").map_or(200, |count| count.parse().expect("a number"));
    with_random_cuts(count, 25);
}
