//! What the element says that it takes and makes.

use gst::prelude::*;
use gst_video::VideoFormat;
use lunette_frame::Size;

use crate::support::{Encoder, Host, Painter};

#[test]
fn the_factory_is_that_of_the_element_it_replaces() {
    gst::init().expect("GStreamer starts");
    gstvsockenc::register_static().expect("registered");
    let factory = gst::ElementFactory::find("vsockenc").expect("registered");
    assert_eq!(factory.rank(), gst::Rank::PRIMARY);
    let caps = |direction| {
        let templates = factory.static_pad_templates();
        templates.iter().find(|template| template.direction() == direction).expect("one").caps()
    };
    let sink = caps(gst::PadDirection::Sink);
    for features in ["", "(memory:DMABuf)"] {
        for format in ["BGRx", "BGRA", "RGBx", "RGBA", "NV12"] {
            let one = format!("video/x-raw{features},format={format},width=1920,height=1080,framerate=60/1");
            assert!(sink.can_intersect(&one.parse::<gst::Caps>().expect("caps")), "{one}");
        }
    }
    let source: gst::Caps = "video/x-h264,stream-format=byte-stream,alignment=au".parse().expect("caps");
    assert!(caps(gst::PadDirection::Src).can_intersect(&source));
    let element = factory.create().build().expect("made");
    let number = |name: &str| element.property::<u32>(name);
    let defaults = ["cid", "port", "tcp-port", "bitrate", "keyframe-interval", "max-in-flight"].map(number);
    assert_eq!(defaults, [2, 5000, 15_937, 4_000_000, 60, 1]);
}

#[test]
fn the_stream_goes_by_whatever_profile_downstream_takes() {
    let host = Host::start();
    for (wanted, told) in [
        ("", "constrained-baseline"),
        (",profile=baseline", "baseline"),
        (",profile=main", "main"),
        (",profile=high", "high"),
    ] {
        let painter = Painter::new(VideoFormat::Bgrx, Size::new(320, 180));
        let mut encoder = Encoder::to(host.tcp);
        encoder.harness.set_sink_caps_str(&format!("video/x-h264{wanted}"));
        encoder.expect(&painter);
        encoder.push(painter.picture(0));
        encoder.pull();
        let caps = encoder.harness.sinkpad().expect("of the harness").current_caps().expect("told");
        let fields = caps.structure(0).expect("one");
        assert_eq!(fields.get::<&str>("profile"), Ok(told));
        assert_eq!((fields.get("width"), fields.get("height")), (Ok(320), Ok(180)));
        assert_eq!(fields.get("framerate"), Ok(gst::Fraction::new(30, 1)));
    }
}
