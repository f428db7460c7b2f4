//! What GStreamer expects of an encoder.

use gst::prelude::*;
use gst_video::VideoFormat;
use lunette_frame::Size;

use crate::support::{Encoder, FakeHost, Habit, Host, Painter, decoded, eventually, is_key};

const SIZE: Size = Size::new(320, 180);

fn painter() -> Painter {
    Painter::new(VideoFormat::Bgrx, SIZE)
}

fn numbers(units: &[gst::Buffer]) -> Vec<u32> {
    decoded(units).into_iter().map(|(number, _)| number).collect()
}

#[test]
fn a_keyframe_comes_when_downstream_asks_also_of_a_still_picture() {
    let host = Host::start();
    let mut encoder = Encoder::to(host.tcp);
    encoder.expect(&painter());
    encoder.push(painter().at(1, 0));
    encoder.push(painter().at(2, 1));
    assert_eq!([encoder.pull(), encoder.pull()].map(|unit| is_key(&unit)), [true, false]);
    encoder.force_keyframe();
    encoder.push(painter().at(3, 2));
    assert!(is_key(&encoder.pull()));
    encoder.force_keyframe();
    encoder.push(painter().at(3, 3));
    let still = encoder.pull();
    assert!(is_key(&still));
    assert_eq!(numbers(&[still]), [3]);
}

#[test]
fn the_end_of_the_stream_waits_for_everything_that_is_under_way() {
    let host = Host::start();
    let mut encoder = Encoder::with(host.tcp, |element| element.set_property("max-in-flight", 4_u32));
    encoder.expect(&painter());
    (0..10).for_each(|number| encoder.push(painter().picture(number)));
    assert_eq!(numbers(&encoder.finish()), (0..10).collect::<Vec<_>>());
}

#[test]
fn a_flush_forgets_what_is_under_way_and_starts_with_a_keyframe() {
    let host = FakeHost::start(Habit::Hesitant);
    let mut encoder = Encoder::with(host.tcp, |element| element.set_property("max-in-flight", 2_u32));
    encoder.expect(&painter());
    host.allow(1);
    encoder.push(painter().picture(0));
    encoder.pull();
    encoder.push(painter().picture(1));
    encoder.push(painter().picture(2));
    let pad = encoder.harness.srcpad().expect("of the harness").clone();
    let pushed = pad.clone();
    let third = painter().picture(3);
    let waiting = std::thread::spawn(move || pushed.push(third));
    eventually("two are under way", || host.requests().len() == 3);
    assert!(pad.push_event(gst::event::FlushStart::new()));
    assert_eq!(waiting.join().expect("no panic"), Err(gst::FlowError::Flushing));
    assert!(pad.push_event(gst::event::FlushStop::new(true)));
    assert!(pad.push_event(gst::event::Segment::new(&gst::FormattedSegment::<gst::ClockTime>::new())));
    host.allow(10);
    encoder.push(painter().picture(4));
    let units = encoder.finish();
    assert_eq!(units.iter().map(is_key).collect::<Vec<_>>(), [true], "nothing of before the flush");
}

#[test]
fn another_size_and_format_in_mid_stream_comes_out_as_such() {
    let host = Host::start();
    let mut encoder = Encoder::with(host.tcp, |element| element.set_property("max-in-flight", 3_u32));
    let kinds = [
        Painter::new(VideoFormat::Bgrx, SIZE),
        Painter::new(VideoFormat::Nv12, Size::new(640, 360)),
        Painter::new(VideoFormat::Rgba, Size::new(640, 360)),
        Painter::new(VideoFormat::Bgrx, SIZE),
    ];
    for (at, kind) in (0_u32..).zip(&kinds) {
        encoder.expect(kind);
        (0..5).for_each(|number| encoder.push(kind.picture(at * 5 + number)));
    }
    let units = encoder.finish();
    assert_eq!(numbers(&units), (0..20).collect::<Vec<_>>());
    assert!(is_key(&units[0]) && is_key(&units[5]) && is_key(&units[15]));
}

#[test]
fn a_picture_that_is_late_is_left_out_and_a_forced_one_is_not() {
    let host = Host::start();
    let mut encoder = Encoder::to(host.tcp);
    encoder.expect(&painter());
    encoder.push(painter().picture(0));
    encoder.pull();
    let late = gst::event::Qos::builder(gst::QOSType::Underflow, 2.0, 1_000_000_000)
        .timestamp(gst::ClockTime::from_seconds(1));
    assert!(encoder.harness.push_upstream_event(late.build()));
    encoder.push(painter().picture(1));
    assert_eq!(encoder.stat("late"), 1);
    encoder.force_keyframe();
    encoder.push(painter().picture(2));
    assert_eq!(numbers(&[encoder.pull()]), [2]);
}

#[test]
fn the_latency_is_the_time_of_what_may_be_in_flight() {
    let host = FakeHost::start(Habit::Legacy);
    for in_flight in [1_u32, 4] {
        let mut encoder = Encoder::with(host.tcp, |element| element.set_property("max-in-flight", in_flight));
        encoder.expect(&painter());
        encoder.push(painter().picture(0));
        encoder.pull();
        let expected = gst::ClockTime::from_nseconds(1_000_000_000 * u64::from(in_flight) / 30);
        assert_eq!(encoder.harness.query_latency(), Some(expected));
    }
}

#[test]
fn stopping_in_the_middle_lets_go_of_whoever_waits() {
    let host = FakeHost::start(Habit::Silent);
    let mut encoder = Encoder::to(host.tcp);
    encoder.expect(&painter());
    encoder.push(painter().picture(0));
    let pad = encoder.harness.srcpad().expect("of the harness").clone();
    let second = painter().picture(1);
    let waiting = std::thread::spawn(move || pad.push(second));
    eventually("it waits for the host", || host.requests().len() == 1);
    encoder.element.set_state(gst::State::Null).expect("it stops");
    assert!(waiting.join().expect("no panic").is_err());
}

#[test]
fn starting_and_stopping_leaves_no_descriptor_and_no_thread_behind() {
    let host = Host::start();
    let count = |what: &str| std::fs::read_dir(format!("/proc/self/{what}")).expect("this is Linux").count();
    let run = || {
        let mut encoder = Encoder::to(host.tcp);
        encoder.expect(&painter());
        (0..3).for_each(|number| encoder.push(painter().picture(number)));
        assert_eq!(encoder.finish().len(), 3);
        encoder.element.set_state(gst::State::Null).expect("it stops");
    };
    // GStreamer keeps some threads of its own.
    (0..3).for_each(|_| run());
    let before = (count("fd"), count("task"));
    (0..30).for_each(|_| run());
    eventually("all of it is gone", || count("fd") <= before.0 && count("task") <= before.1);
}
