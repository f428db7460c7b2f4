//! What travels, and what does not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gst::prelude::*;
use gst_video::VideoFormat;
use lunette_frame::Size;
use lunette_wire::hxfr::{Fourcc, Message};

use crate::support::{Encoder, FakeHost, Habit, Host, Painter, decoded, eventually, is_key, of_descriptor};

const SIZE: Size = Size::new(640, 360);

#[test]
fn a_still_picture_sends_nothing_and_returns_nothing() {
    let host = Host::start();
    let painter = Painter::new(VideoFormat::Bgrx, SIZE);
    let mut encoder = Encoder::to(host.tcp);
    encoder.expect(&painter);
    // Until it is as fine as it gets.
    (0..30).for_each(|frame| encoder.push(painter.at(5, frame)));
    eventually("everything came back", || encoder.stat("delivered") == encoder.stat("requests"));
    while encoder.harness.try_pull().is_some() {}
    let before = (encoder.stat("bytes-sent"), encoder.stat("bytes-received"), encoder.stat("unchanged"));
    (30..130).for_each(|frame| encoder.push(painter.at(5, frame)));
    let after = (encoder.stat("bytes-sent"), encoder.stat("bytes-received"), encoder.stat("unchanged"));
    assert_eq!(after, (before.0, before.1, before.2 + 100));
    assert!(encoder.finish().is_empty());
    assert!(encoder.messages(gst::MessageType::Qos).is_empty(), "nothing was dropped");
}

#[test]
fn only_the_changed_tiles_travel() {
    let host = Host::start();
    let painter = Painter::new(VideoFormat::Bgrx, SIZE);
    let mut encoder = Encoder::to(host.tcp);
    encoder.expect(&painter);
    encoder.push(painter.picture(0));
    eventually("the first came back", || encoder.stat("delivered") == 1);
    let whole = encoder.stat("bytes-sent");
    assert!(whole > u64::from(SIZE.width * SIZE.height * 3 / 2), "{whole}");
    (1..21).for_each(|number| encoder.push(painter.picture(number)));
    let units = encoder.finish();
    // The number reaches over two tiles, the block leaves one and enters another.
    let each = (encoder.stat("bytes-sent") - whole) / 20;
    assert!(each < 5 * 64 * 64 * 3 / 2, "{each} bytes for each picture");
    let numbers: Vec<_> = decoded(&units).into_iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, (0..21).collect::<Vec<_>>());
}

#[test]
fn a_legacy_host_gets_whole_pictures_in_nv12() {
    let host = FakeHost::start(Habit::Legacy);
    let painter = Painter::new(VideoFormat::Rgba, Size::new(322, 180));
    let mut encoder = Encoder::to(host.tcp);
    encoder.expect(&painter);
    (0..5).for_each(|number| encoder.push(painter.picture(number)));
    assert_eq!(encoder.finish().len(), 5);
    for request in host.requests() {
        assert_eq!((request.format, request.size, request.changes.clone()), (Fourcc::Nv12, Size::new(322, 180), None));
        assert_eq!(request.pixels.as_ref().expect("whole").len(), 322 * 180 * 3 / 2);
        assert!(request.picture().is_ok());
    }
}

#[test]
fn the_configuration_says_the_real_size_rate_and_ceiling() {
    let host = FakeHost::start(Habit::Legacy);
    let painter = Painter::new(VideoFormat::Bgrx, SIZE);
    let mut encoder = Encoder::with(host.tcp, |element| {
        element.set_property("bitrate", 2_500_000_u32);
        element.set_property("token", "5a".repeat(32));
    });
    encoder.expect(&painter);
    encoder.push(painter.picture(0));
    encoder.pull();
    encoder.element.set_property("bitrate", 700_000_u32);
    encoder.push(painter.picture(1));
    encoder.pull();
    let seen = host.seen();
    assert!(matches!(&seen[0], Message::Authorize(shown) if shown.token.as_bytes() == &[0x5a; 32]));
    let configs: Vec<_> = seen
        .iter()
        .filter_map(|message| if let Message::ConfigRequest(config) = message { Some(config) } else { None })
        .map(|config| (config.width.map(u32::from), config.bit_rate.map(|rate| rate.bits_per_second())))
        .collect();
    assert!(configs.contains(&(Some(640), Some(2_500_000))), "{configs:?}");
    assert_eq!(configs.last(), Some(&(Some(640), Some(700_000))));
}

/// Memory that says when nobody has it any more.
struct Watched(Vec<u8>, Arc<AtomicBool>);

impl AsRef<[u8]> for Watched {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.1.store(true, Ordering::Release);
    }
}

#[test]
fn the_buffer_is_given_back_before_the_host_answers() {
    let host = FakeHost::start(Habit::Hesitant);
    let painter = Painter::new(VideoFormat::Bgrx, SIZE);
    let mut encoder = Encoder::to(host.tcp);
    encoder.expect(&painter);
    encoder.push(painter.picture(0));
    let given_back = Arc::<AtomicBool>::default();
    let bytes = painter.picture(1).map_readable().expect("memory").to_vec();
    let mut second = gst::Buffer::from_slice(Watched(bytes, Arc::clone(&given_back)));
    second.get_mut().expect("just made").set_pts(gst::ClockTime::from_mseconds(33));
    let pad = encoder.harness.srcpad().expect("of the harness").clone();
    let pushing = std::thread::spawn(move || pad.push(second));
    // The first is not answered, so the second cannot be sent: its buffer is free all the same.
    eventually("the buffer is free", || given_back.load(Ordering::Acquire));
    assert_eq!((host.requests().len(), encoder.stat("delivered")), (1, 0));
    assert!(!pushing.is_finished(), "one in flight is all that may be");
    host.allow(2);
    assert!(pushing.join().expect("no panic").is_ok());
    assert_eq!(encoder.finish().len(), 2);
}

#[test]
fn a_dma_buf_that_no_device_exported_travels_as_pixels_and_that_is_said_once() {
    let host = Host::start();
    let painter = Painter::new(VideoFormat::Bgrx, SIZE);
    let mut encoder = Encoder::to(host.tcp);
    encoder.harness.set_src_caps(painter.dma_buf_caps());
    for number in 0..3 {
        let bytes = painter.picture(number).map_readable().expect("memory").to_vec();
        // Any memory with a descriptor counts as one to GStreamer.
        let mut file = tempfile::tempfile().expect("a file");
        std::io::Write::write_all(&mut file, &bytes).expect("room");
        let pts = gst::ClockTime::from_mseconds(u64::from(number) * 33);
        encoder.push(of_descriptor(file.into(), bytes.len(), Some(pts)));
    }
    let numbers: Vec<_> = decoded(&encoder.finish()).into_iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, [0, 1, 2]);
    assert_eq!(encoder.messages(gst::MessageType::Warning).len(), 1);
}

#[test]
fn as_many_as_allowed_are_in_flight() {
    let host = FakeHost::start(Habit::Hesitant);
    let painter = Painter::new(VideoFormat::Bgrx, SIZE);
    let mut encoder = Encoder::with(host.tcp, |element| element.set_property("max-in-flight", 4_u32));
    encoder.expect(&painter);
    (0..4).for_each(|number| encoder.push(painter.picture(number)));
    eventually("four are sent", || host.requests().len() == 4);
    assert_eq!(encoder.stat("in-flight"), 4);
    host.allow(4);
    let units = encoder.finish();
    assert_eq!(units.iter().map(is_key).collect::<Vec<_>>(), [true, false, false, false]);
}
