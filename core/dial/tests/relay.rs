//! A carried WebSocket: whole frames or none, and an end that both sides understand.

#![forbid(unsafe_code)]

use std::time::Duration;

use lunette_dial::{Frame, Frames, Outcome, Relay, Side};
use proptest::prelude::*;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A binary frame, masked or not.
fn frame(length: usize, masked: bool) -> Vec<u8> {
    let mask = if masked { 0x80 } else { 0 };
    let mut bytes = match length {
        0..126 => vec![0x82, mask | u8::try_from(length).expect("short")],
        _ => [&[0x82, mask | 126][..], &u16::try_from(length).expect("a length").to_be_bytes()].concat(),
    };
    bytes.extend(if masked { &[1, 2, 3, 4][..] } else { &[] });
    bytes.extend((0..length).map(|at| u8::try_from(at % 251).expect("a byte")));
    bytes
}

/// Writes all that there is for a side.
fn flush(relay: &mut Relay, now: Duration, side: Side, to: &mut Vec<u8>) {
    while let Some(bytes) = relay.take(now, side) {
        to.extend_from_slice(&bytes);
        relay.wrote(side, bytes.len());
    }
}

fn read(masked: bool, bytes: &[u8]) -> Vec<Frame> {
    let mut frames = Frames::new(masked);
    frames.push(bytes);
    let read = std::iter::from_fn(|| frames.next_frame().expect("frames")).collect();
    assert_eq!(frames.begun(), 0, "it ends within a frame");
    read
}

proptest! {
    #[test]
    fn lesson_104_a_cut_anywhere_leaves_whole_frames_and_a_close(
        lengths in prop::collection::vec(0_usize..3000, 1..12), cut in any::<prop::sample::Index>(), side in any::<bool>(),
        chunk in 1_usize..5000,
    ) {
        let from = if side { Side::Viewer } else { Side::Desktop };
        let masked = from == Side::Viewer;
        let frames: Vec<Vec<u8>> = lengths.iter().map(|length| frame(*length, masked)).collect();
        let bytes = frames.concat();
        let cut = cut.index(bytes.len() + 1);
        let mut relay = Relay::new(Duration::ZERO, [5, 6, 7, 8]);
        let mut got = Vec::new();
        for piece in bytes[..cut].chunks(chunk) {
            relay.received(Duration::ZERO, from, piece);
            flush(&mut relay, Duration::ZERO, from.other(), &mut got);
        }
        relay.ended(seconds(1), from);
        flush(&mut relay, seconds(1), from.other(), &mut got);
        let whole = frames.iter().scan(0, |end, frame| { *end += frame.len(); Some(*end) }).filter(|end| *end <= cut).count();
        let read = read(masked, &got);
        prop_assert_eq!(read.len(), whole + 1);
        prop_assert!(read.iter().zip(&frames).take(whole).all(|(read, sent)| read.bytes() == sent));
        prop_assert_eq!(read[whole].code(), Some(if from == Side::Desktop { 1012 } else { 1001 }));
        // The other side answers, or just goes.
        relay.ended(seconds(2), from.other());
        prop_assert_eq!(relay.outcome(), Some(Outcome::Cut(from)));
    }

    #[test]
    fn any_bytes_end_in_time(
        steps in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..200), 0_u64..20), 0..60),
    ) {
        let mut relay = Relay::new(Duration::ZERO, [0; 4]);
        let (mut now, mut sink) = (Duration::ZERO, Vec::new());
        for (viewer, bytes, later) in steps {
            let side = if viewer { Side::Viewer } else { Side::Desktop };
            relay.received(now, side, &bytes);
            now += seconds(later);
            relay.tick(now);
            flush(&mut relay, now, side, &mut sink);
        }
        for _ in 0..20 {
            now = now.max(relay.deadline());
            relay.tick(now);
            for side in [Side::Viewer, Side::Desktop] {
                flush(&mut relay, now, side, &mut sink);
            }
        }
        prop_assert!(relay.outcome().is_some(), "{:?}", relay);
    }
}

#[test]
fn a_close_goes_through_and_its_answer_comes_back() {
    let mut relay = Relay::new(Duration::ZERO, [0; 4]);
    let (close, answer) = (Frame::close(4000, "superseded", None), Frame::close(4000, "", Some([1, 2, 3, 4])));
    let (mut viewer, mut desktop) = (Vec::new(), Vec::new());
    relay.received(seconds(1), Side::Desktop, close.bytes());
    relay.received(seconds(1), Side::Desktop, &frame(3, false));
    flush(&mut relay, seconds(1), Side::Viewer, &mut viewer);
    assert_eq!((viewer, relay.outcome()), (close.bytes().to_vec(), None));
    relay.received(seconds(2), Side::Viewer, answer.bytes());
    flush(&mut relay, seconds(2), Side::Desktop, &mut desktop);
    assert_eq!(desktop, answer.bytes().to_vec());
    assert_eq!(relay.outcome(), Some(Outcome::Closed(Side::Desktop, Some(4000))));
}

#[test]
fn who_closes_is_answered_even_if_the_other_just_goes() {
    let mut relay = Relay::new(Duration::ZERO, [0; 4]);
    relay.received(seconds(1), Side::Viewer, Frame::close(1000, "", Some([1, 2, 3, 4])).bytes());
    flush(&mut relay, seconds(1), Side::Desktop, &mut Vec::new());
    relay.ended(seconds(2), Side::Desktop);
    let mut viewer = Vec::new();
    flush(&mut relay, seconds(2), Side::Viewer, &mut viewer);
    assert_eq!(read(false, &viewer)[0].code(), Some(1000));
    assert_eq!(relay.outcome(), Some(Outcome::Closed(Side::Viewer, Some(1000))));
}

#[test]
fn lesson_105_a_side_that_takes_nothing_does_not_hold_the_other() {
    let mut relay = Relay::new(Duration::ZERO, [0; 4]);
    relay.received(Duration::ZERO, Side::Desktop, &frame(100, false));
    assert!(relay.take(Duration::ZERO, Side::Viewer).is_some());
    for now in 1..=30 {
        relay.received(seconds(now), Side::Viewer, &frame(0, true));
        relay.received(seconds(now), Side::Desktop, &frame(0, false));
        relay.tick(seconds(now));
    }
    let mut desktop = Vec::new();
    flush(&mut relay, seconds(30), Side::Desktop, &mut desktop);
    assert_eq!(read(true, &desktop).last().and_then(Frame::code), Some(1001));
    relay.tick(seconds(35));
    assert_eq!(relay.outcome(), Some(Outcome::Stalled(Side::Viewer)));
}

#[test]
fn a_slow_side_slows_the_other_and_nothing_is_dropped() {
    let mut relay = Relay::new(Duration::ZERO, [0; 4]);
    let one = frame(60_000, false);
    let mut sent = 0;
    while relay.wants(Side::Desktop) {
        relay.received(Duration::ZERO, Side::Desktop, &one);
        sent += 1;
    }
    assert!((17..=19).contains(&sent), "{sent}");
    let mut viewer = Vec::new();
    flush(&mut relay, Duration::ZERO, Side::Viewer, &mut viewer);
    assert_eq!(viewer, one.repeat(sent));
    assert!(relay.wants(Side::Desktop));
}

#[test]
fn lesson_106_quiet_sides_are_pinged_and_their_pongs_end_here() {
    let mut relay = Relay::new(Duration::ZERO, [1, 2, 3, 4]);
    let (mut viewer, mut desktop) = (Vec::new(), Vec::new());
    relay.tick(seconds(10));
    flush(&mut relay, seconds(10), Side::Viewer, &mut viewer);
    flush(&mut relay, seconds(10), Side::Desktop, &mut desktop);
    let pong = |ping: &[u8]| [&[0x8a], &ping[1..]].concat();
    let unmasked = Frame::ping(b"lunette", Some([0; 4])).bytes().to_vec();
    assert_eq!((read(false, &viewer).len(), read(true, &desktop).len()), (1, 1));
    relay.received(seconds(11), Side::Viewer, &pong(&unmasked));
    relay.received(seconds(11), Side::Desktop, &pong(&viewer));
    assert!(relay.take(seconds(11), Side::Viewer).is_none() && relay.take(seconds(11), Side::Desktop).is_none());
    // Others' pings pass, and so do their pongs.
    relay.received(seconds(11), Side::Desktop, Frame::ping(b"mine", None).bytes());
    assert!(relay.take(seconds(11), Side::Viewer).is_some());
}

#[test]
fn a_silent_desktop_is_as_good_as_cut() {
    let mut relay = Relay::new(Duration::ZERO, [0; 4]);
    let mut viewer = Vec::new();
    for now in 1..=25 {
        relay.received(seconds(now), Side::Viewer, &frame(1, true));
        relay.tick(seconds(now));
        flush(&mut relay, seconds(now), Side::Viewer, &mut viewer);
        flush(&mut relay, seconds(now), Side::Desktop, &mut Vec::new());
    }
    assert_eq!(read(false, &viewer).last().and_then(Frame::code), Some(1012));
}
