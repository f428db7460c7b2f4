//! What goes in comes out: the right pictures, in order, with their times.

use gst::prelude::*;
use gst_video::VideoFormat;
use lunette_frame::Size;

use crate::support::{Encoder, Host, Painter, decoded, is_key};

const SIZE: Size = Size::new(320, 180);

/// Pictures 0 to `count` with their times, as a decoder gives them.
fn all(count: u32) -> Vec<(u32, Option<gst::ClockTime>)> {
    (0..count).map(|number| (number, Some(gst::ClockTime::from_nseconds(u64::from(number) * 33_333_333)))).collect()
}

#[test]
fn every_format_at_every_stride_keeps_its_pictures() {
    let host = Host::start();
    let formats = [VideoFormat::Bgrx, VideoFormat::Bgra, VideoFormat::Rgbx, VideoFormat::Rgba, VideoFormat::Nv12];
    for format in formats {
        for (padding, size) in [(0, SIZE), (52, SIZE), (4, Size::new(322, 182)), (7, Size::new(321, 181))] {
            let painter = Painter::new(format, size).padded(padding);
            let mut encoder = Encoder::to(host.tcp);
            encoder.expect(&painter);
            (0..4).for_each(|number| encoder.push(painter.picture(number)));
            assert_eq!(decoded(&encoder.finish()), all(4), "{format} {size} + {padding}");
            assert_eq!(encoder.stat("whole-pictures"), 1, "{format} {size}: tiles follow the first");
        }
    }
}

#[test]
fn pictures_come_back_in_order_with_their_times_however_many_are_in_flight() {
    let host = Host::start();
    for in_flight in 1..=4_u32 {
        let painter = Painter::new(VideoFormat::Bgrx, SIZE);
        let mut encoder = Encoder::with(host.tcp, |element| element.set_property("max-in-flight", in_flight));
        encoder.expect(&painter);
        (0..100).for_each(|number| encoder.push(painter.picture(number)));
        let units = encoder.finish();
        let keys: Vec<_> = (0_u32..).zip(&units).filter(|(_, unit)| is_key(unit)).map(|(at, _)| at).collect();
        assert_eq!(keys, [0, 60], "the default interval");
        assert_eq!(decoded(&units), all(100), "{in_flight} in flight");
    }
}

#[test]
fn units_are_annex_b_with_parameter_sets_before_each_keyframe() {
    let host = Host::start();
    let painter = Painter::new(VideoFormat::Nv12, SIZE);
    let mut encoder = Encoder::with(host.tcp, |element| element.set_property("keyframe-interval", 5_u32));
    encoder.expect(&painter);
    (0..11).for_each(|number| encoder.push(painter.picture(number)));
    let units = encoder.finish();
    for unit in &units {
        let bytes = unit.map_readable().expect("memory");
        assert_eq!(bytes[..4], [0, 0, 0, 1]);
        let has = |kind| bytes.windows(4).any(|four| four[..3] == [0, 0, 1] && four[3] & 0x1f == kind);
        assert_eq!((has(7), has(8), has(5)), (is_key(unit), is_key(unit), is_key(unit)));
    }
    // Each group of pictures is a stream of its own.
    let starts: Vec<_> = (0..units.len()).filter(|at| is_key(&units[*at])).collect();
    assert_eq!(starts, [0, 5, 10]);
    assert_eq!(decoded(&units[5..]), all(11)[5..]);
}

#[test]
fn every_transport_reaches_the_host() {
    let host = Host::start();
    let painter = Painter::new(VideoFormat::Bgrx, SIZE);
    let port = u32::from(host.tcp.port());
    let path = host.unix.to_str().expect("text");
    let ways: [&dyn Fn(&gst::Element); 4] = [
        // The path goes before a host where nobody is.
        &|element| set(element, &[("socket-path", &path), ("tcp-host", &"192.0.2.1")]),
        &|element| set(element, &[("tcp-host", &"localhost"), ("tcp-port", &port)]),
        &|element| set(element, &[("tcp-host", &"::1"), ("tcp-port", &port)]),
        &|element| set(element, &[("tcp-host", &"[::1]"), ("tcp-port", &port)]),
    ];
    for way in ways {
        let mut encoder = Encoder::bare(way);
        encoder.expect(&painter);
        encoder.push(painter.picture(7));
        assert_eq!(decoded(&encoder.finish())[0].0, 7);
    }
}

fn set(element: &gst::Element, properties: &[(&str, &dyn gst::glib::value::ToValue)]) {
    use gst::prelude::*;
    properties.iter().for_each(|(name, value)| element.set_property_from_value(name, &value.to_value()));
}
