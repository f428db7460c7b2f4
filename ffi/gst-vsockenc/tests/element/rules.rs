//! The rules of pads, as gst-validate watches over them: in a pipeline that pauses, seeks, changes its size and ends.

use std::sync::{Arc, Mutex};

use gst::prelude::*;
use lunette_frame::Size;

use crate::support::{Host, eventually};

const FIRST: Size = Size::new(320, 192);
const SECOND: Size = Size::new(256, 144);
/// Enough of them to see a rule broken.
const SOME: usize = 10;

/// What passed a pad.
#[derive(Debug, Clone, PartialEq)]
enum Passed {
    StreamStart,
    Caps(Size),
    Segment(Option<gst::ClockTime>, Option<gst::ClockTime>),
    FlushStart,
    FlushStop,
    Eos,
    /// Its time, its time of decoding, and whether a decoder can start at it.
    Buffer(Option<gst::ClockTime>, Option<gst::ClockTime>, bool),
}

/// Everything that passed, in order.
#[derive(Clone, Default)]
struct Watch(Arc<Mutex<Vec<Passed>>>);

impl Watch {
    fn on(pad: &gst::Pad) -> Self {
        let watch = Self::default();
        let seen = watch.clone();
        let mask = gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_DOWNSTREAM | gst::PadProbeType::EVENT_FLUSH;
        pad.add_probe(mask, move |_, info| {
            let passed = match &info.data {
                Some(gst::PadProbeData::Buffer(buffer)) => {
                    let key = !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT);
                    Some(Passed::Buffer(buffer.pts(), buffer.dts(), key))
                }
                Some(gst::PadProbeData::Event(event)) => of_event(event),
                _ => None,
            };
            seen.0.lock().expect("nobody panics with it").extend(passed);
            gst::PadProbeReturn::Ok
        });
        watch
    }

    fn all(&self) -> Vec<Passed> {
        self.0.lock().expect("nobody panics with it").clone()
    }

    fn count(&self, is: impl Fn(&Passed) -> bool) -> usize {
        self.all().iter().filter(|passed| is(passed)).count()
    }

    fn buffers(&self) -> usize {
        self.count(|passed| matches!(passed, Passed::Buffer(..)))
    }
}

fn of_event(event: &gst::Event) -> Option<Passed> {
    Some(match event.view() {
        gst::EventView::StreamStart(_) => Passed::StreamStart,
        gst::EventView::Caps(caps) => {
            let caps = caps.caps().structure(0).expect("one kind");
            let side = |name| caps.get::<i32>(name).ok().and_then(|side| u32::try_from(side).ok()).expect("a size");
            Passed::Caps(Size::new(side("width"), side("height")))
        }
        gst::EventView::Segment(segment) => {
            let segment = segment.segment().downcast_ref::<gst::ClockTime>().expect("of times");
            Passed::Segment(segment.start(), segment.stop())
        }
        gst::EventView::FlushStart(_) => Passed::FlushStart,
        gst::EventView::FlushStop(_) => Passed::FlushStop,
        gst::EventView::Eos(_) => Passed::Eos,
        _ => return None,
    })
}

/// What is wrong with the order of what passed.
fn broken(passed: &[Passed]) -> Vec<String> {
    let mut wrong = Vec::new();
    let (mut started, mut caps, mut segment) = (false, None, None);
    let (mut flushing, mut ended, mut fresh) = (false, false, true);
    let mut newest: Option<gst::ClockTime> = None;
    for (at, now) in passed.iter().enumerate() {
        let mut must = |fact: bool, what: &str| {
            if !fact {
                wrong.push(format!("{at}: {now:?}: {what}"));
            }
        };
        must(started || *now == Passed::StreamStart || *now == Passed::FlushStart, "before the stream's start");
        match now {
            Passed::StreamStart => started = true,
            Passed::Caps(size) => {
                must(!ended, "after the end");
                (caps, fresh) = (Some(*size), true);
            }
            Passed::Segment(start, stop) => {
                must(caps.is_some(), "before the caps");
                (segment, newest) = (Some((*start, *stop)), None);
            }
            Passed::FlushStart => (flushing, ended) = (true, false),
            Passed::FlushStop => {
                must(flushing, "without a beginning");
                (flushing, segment, fresh) = (false, None, true);
            }
            Passed::Eos => {
                must(!ended, "for the second time");
                ended = true;
            }
            Passed::Buffer(pts, dts, key) => {
                must(caps.is_some(), "before the caps");
                must(!flushing, "while everything is flushed");
                must(!ended, "after the end");
                must(*key || !std::mem::take(&mut fresh), "no decoder can start here");
                fresh = false;
                must(pts.is_some() && dts <= pts, "without its time, or decoded after it is shown");
                must(newest <= *dts, "decoded before the one that came before");
                newest = *dts;
                let (start, stop) = segment.unwrap_or_default();
                must(segment.is_some(), "before the segment");
                let inside = |pts| start <= Some(pts) && stop.is_none_or(|stop| pts <= stop);
                must(pts.is_none_or(inside), "outside its segment");
            }
        }
    }
    wrong
}

#[test]
fn the_pads_keep_the_rules_through_pauses_seeks_another_size_and_the_end() {
    gst::init().expect("GStreamer starts");
    gstvsockenc::register_static().expect("registered");
    let host = Host::start();
    let size =
        |size: Size| format!("video/x-raw,format=BGRx,width={},height={},framerate=30/1", size.width, size.height);
    let line = format!(
        "videotestsrc pattern=ball ! capsfilter name=size caps={} ! vsockenc name=element tcp-host=127.0.0.1 \
         tcp-port={} max-in-flight=3 ! fakesink sync=false",
        size(FIRST),
        host.tcp.port()
    );
    let pipeline = gst::parse::launch(&line).expect("the elements are here");
    let pipeline = pipeline.downcast::<gst::Pipeline>().expect("several elements");
    let element = pipeline.by_name("element").expect("named");
    let watch = Watch::on(&element.static_pad("src").expect("it has one"));
    let more = |what: &str| {
        let before = watch.buffers();
        eventually(what, || watch.buffers() >= before + SOME);
    };
    let state = |state: gst::State| {
        pipeline.set_state(state).expect("it changes");
        let (changed, ..) = pipeline.state(gst::ClockTime::from_seconds(20));
        changed.expect("it has changed");
    };

    state(gst::State::Playing);
    more("pictures");
    state(gst::State::Paused);
    let paused = watch.buffers();
    state(gst::State::Playing);
    eventually("pictures after a pause", || watch.buffers() >= paused + SOME);
    for second in [1, 0, 3] {
        let to = gst::ClockTime::from_seconds(second);
        pipeline.seek_simple(gst::SeekFlags::FLUSH, to).expect("a test source can be sought in");
        more("pictures after a seek");
    }
    let filter = pipeline.by_name("size").expect("named");
    filter.set_property_from_str("caps", &size(SECOND));
    eventually("another size", || watch.count(|passed| *passed == Passed::Caps(SECOND)) == 1);
    more("pictures of another size");
    let (from, to) = (gst::ClockTime::from_seconds(1), gst::ClockTime::from_seconds(2));
    let (start, stop) = (gst::SeekType::Set, gst::SeekType::Set);
    pipeline.seek(1.0, gst::SeekFlags::FLUSH, start, Some(from), stop, Some(to)).expect("a part of it");
    let bus = pipeline.bus().expect("a pipeline has one");
    let kinds = [gst::MessageType::Eos, gst::MessageType::Error, gst::MessageType::Warning];
    let end = bus.timed_pop_filtered(gst::ClockTime::from_seconds(20), &kinds).expect("it ends");
    assert_eq!(end.type_(), gst::MessageType::Eos, "{end:?}");
    state(gst::State::Null);

    let passed = watch.all();
    assert_eq!(broken(&passed), Vec::<String>::new(), "{passed:#?}");
    assert_eq!(watch.count(|passed| *passed == Passed::Eos), 1);
    assert_eq!(watch.count(|passed| *passed == Passed::FlushStop), 4);
    let last = passed.iter().rposition(|passed| matches!(passed, Passed::Segment(..))).expect("there were some");
    let of_it = passed[last..].iter().filter(|passed| matches!(passed, Passed::Buffer(..))).count();
    assert_eq!(of_it, 30, "each picture of the last second comes out");
}

#[test]
fn a_broken_rule_is_found() {
    let time = gst::ClockTime::from_seconds;
    let buffer = |at, key| Passed::Buffer(Some(time(at)), Some(time(at)), key);
    let start = [Passed::StreamStart, Passed::Caps(FIRST), Passed::Segment(Some(time(0)), Some(time(9)))];
    let after = |more: &[Passed]| broken(&[&start[..], more].concat());
    assert_eq!(after(&[buffer(0, true), buffer(1, false), Passed::Eos]), Vec::<String>::new());
    for wrong in [
        &[buffer(0, false)][..],
        &[buffer(1, true), buffer(0, false)],
        &[buffer(10, true)],
        &[Passed::Eos, buffer(0, true)],
        &[Passed::FlushStart, buffer(0, true)],
        &[Passed::FlushStart, Passed::FlushStop, buffer(0, true)],
        &[Passed::Buffer(None, None, true)],
        &[Passed::Eos, Passed::Eos],
    ] {
        assert_eq!(after(wrong).len(), 1, "{wrong:?}: {:?}", after(wrong));
    }
    assert!(!broken(&[buffer(0, true)]).is_empty());
}
