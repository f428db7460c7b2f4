//! The element in a harness, and a decoder for what comes out of it.

use std::net::SocketAddr;
use std::time::Instant;

use gst::prelude::*;
use gst_check::Harness;
use gst_video::prelude::*;
use lunette_frame::marker::{self, Reading};
use lunette_frame::{PictureRef, PixelFormat, PlaneRef, Size};

use super::{Painter, SOON};

/// The element between two pads of a test.
pub(crate) struct Encoder {
    pub(crate) harness: Harness,
    pub(crate) element: gst::Element,
    pub(crate) bus: gst::Bus,
}

impl Encoder {
    /// Towards a TCP address.
    pub(crate) fn to(host: SocketAddr) -> Self {
        Self::with(host, |_| {})
    }

    pub(crate) fn with(host: SocketAddr, set: impl FnOnce(&gst::Element)) -> Self {
        Self::bare(|element| {
            element.set_property("tcp-host", host.ip().to_string());
            element.set_property("tcp-port", u32::from(host.port()));
            set(element);
        })
    }

    /// With properties of the test's alone.
    pub(crate) fn bare(set: impl FnOnce(&gst::Element)) -> Self {
        gst::init().expect("GStreamer starts");
        gstvsockenc::register_static().expect("registered");
        let element = gst::ElementFactory::make("vsockenc").build().expect("just registered");
        set(&element);
        let bus = gst::Bus::new();
        element.set_bus(Some(&bus));
        let mut harness = Harness::with_element(&element, Some("sink"), Some("src"));
        harness.play();
        Self { harness, element, bus }
    }

    /// Takes pictures of this kind from now on.
    pub(crate) fn expect(&mut self, painter: &Painter) {
        self.harness.set_src_caps(painter.caps());
    }

    #[track_caller]
    pub(crate) fn push(&mut self, buffer: gst::Buffer) {
        self.harness.push(buffer).expect("taken");
    }

    /// The next access unit.
    #[track_caller]
    pub(crate) fn pull(&mut self) -> gst::Buffer {
        let deadline = Instant::now() + SOON;
        loop {
            if let Some(buffer) = self.harness.try_pull() {
                return buffer;
            }
            assert!(Instant::now() < deadline, "no access unit within {SOON:?}");
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }

    /// Everything that is still to come, by the end of the stream.
    pub(crate) fn finish(&mut self) -> Vec<gst::Buffer> {
        assert!(self.harness.push_event(gst::event::Eos::new()));
        std::iter::from_fn(|| self.harness.try_pull()).collect()
    }

    pub(crate) fn stat(&self, name: &str) -> u64 {
        self.element.property::<gst::Structure>("stats").get(name).expect("a number")
    }

    /// What the element said on its bus.
    pub(crate) fn messages(&self, kind: gst::MessageType) -> Vec<gst::Message> {
        std::iter::from_fn(|| self.bus.pop_filtered(&[kind])).collect()
    }

    pub(crate) fn force_keyframe(&mut self) {
        let event = gst_video::UpstreamForceKeyUnitEvent::builder().all_headers(true).build();
        assert!(self.harness.push_upstream_event(event));
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // Messages that nobody takes name the element, which has the bus: none of it would ever go.
        self.bus.set_flushing(true);
    }
}

/// Whether a decoder can start at an access unit.
pub(crate) fn is_key(unit: &gst::Buffer) -> bool {
    !unit.flags().contains(gst::BufferFlags::DELTA_UNIT)
}

/// The numbers in the pictures that these access units make, each with its time.
pub(crate) fn decoded(units: &[gst::Buffer]) -> Vec<(u32, Option<gst::ClockTime>)> {
    let caps = "video/x-h264,stream-format=byte-stream,alignment=au";
    // Machines of the tests have the second, which is a hundred libraries less to load.
    let decoders = ["avdec_h264 max-threads=1", "openh264dec"];
    let has = |name: &str| gst::ElementFactory::find(name.split(' ').next().unwrap_or(name)).is_some();
    let decoder = decoders.into_iter().find(|name| has(name)).expect("there is a decoder");
    let line = format!("appsrc name=in format=time caps={caps} ! h264parse ! {decoder} ! appsink name=out sync=false");
    let pipeline = gst::parse::launch(&line).expect("the decoder's plugins are here");
    let pipeline = pipeline.downcast::<gst::Pipeline>().expect("several elements");
    let source = pipeline.by_name("in").and_downcast::<gst_app::AppSrc>().expect("named");
    let sink = pipeline.by_name("out").and_downcast::<gst_app::AppSink>().expect("named");
    pipeline.set_state(gst::State::Playing).expect("it starts");
    for unit in units {
        source.push_buffer(unit.clone()).expect("taken");
    }
    source.end_of_stream().expect("taken");
    let pictures = std::iter::from_fn(|| sink.pull_sample().ok()).map(|sample| number(&sample)).collect();
    pipeline.set_state(gst::State::Null).expect("it stops");
    pictures
}

fn number(sample: &gst::Sample) -> (u32, Option<gst::ClockTime>) {
    let buffer = sample.buffer().expect("a picture");
    let info = gst_video::VideoInfo::from_caps(sample.caps().expect("of a kind")).expect("video");
    let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(buffer, &info).expect("mappable");
    let planes: Vec<_> = (0..3)
        .map(|plane| PlaneRef {
            data: frame.plane_data(plane).expect("I420"),
            stride: usize::try_from(frame.plane_stride()[plane as usize]).expect("upright"),
        })
        .collect();
    let size = Size::new(info.width(), info.height());
    let picture = PictureRef::new(PixelFormat::I420, size, &planes).expect("it fits");
    match marker::read(&picture) {
        Reading::Whole(marker) => (marker.counter, buffer.pts()),
        other => panic!("{other:?} in a picture"),
    }
}
