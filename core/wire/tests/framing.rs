//! Any split of the stream, hostile sizes, and memory.

mod common;

use bytes::{Bytes, BytesMut};
use common::{bytes, feed, message, pieces, session, stream};
use lunette_frame::{ScanoutId, ScanoutIdError, UnitKind};
use lunette_wire::hxfr::{
    FrameError, FrameResponse, Framer, Header, MAX_FRAME_PAYLOAD, MAX_PAYLOAD, Message, MessageKind, Nals, PayloadSize,
    Received, Refusal, SessionId, Subscribe,
};
use proptest::prelude::*;

const SESSION: SessionId = SessionId::new(9);

fn header(msg_type: u8, flags: u8, payload_size: u32) -> [u8; Header::LEN] {
    Header { msg_type, flags, session: SESSION, payload_size }.encode()
}

fn refused(refusal: Refusal) -> Received {
    Received { session: SESSION, body: Err(refusal) }
}

fn pong() -> Received {
    Received { session: SESSION, body: Ok(Message::Pong) }
}

/// `stream`, then a PONG, which shows that the stream is intact.
fn then_pong(stream: &[u8]) -> Vec<Received> {
    let stream = [stream, &bytes(&Message::Pong, SESSION)].concat();
    let (received, error) = feed([&stream[..]]);
    assert_eq!(error, None);
    received
}

proptest! {
    #[test]
    fn byte_at_a_time_is_the_same_as_all_at_once(message in message(), session in session()) {
        let wire = bytes(&message, session);
        prop_assert_eq!(feed(wire.chunks(1)), feed([&wire[..]]));
    }

    #[test]
    fn chunks_of_any_size_are_the_same_as_one(
        stream in stream(), sizes in prop::collection::vec(prop_oneof![1..20usize, 1..=65_536usize], 1..20)
    ) {
        prop_assert_eq!(feed(pieces(&stream, &sizes)), feed([&stream[..]]));
    }

    #[test]
    fn noise_never_panics(noise in prop::collection::vec(any::<u8>(), 0..500), sizes in prop::collection::vec(1..50usize, 1..9)) {
        let hxfr = [b"HXFR", &noise[..]].concat();
        for stream in [&noise, &hxfr] {
            prop_assert_eq!(feed(pieces(stream, &sizes)), feed([&stream[..]]));
        }
    }

    #[test]
    fn the_read_buffer_is_the_same_as_push(stream in stream()) {
        let (mut framer, mut rest, mut received) = (Framer::new(), &stream[..], Vec::new());
        while !rest.is_empty() {
            let buffer = framer.buffer();
            let (now, later) = rest.split_at(rest.len().min(buffer.capacity() - buffer.len()));
            buffer.extend_from_slice(now);
            rest = later;
            while let Ok(Some(message)) = framer.next_message() {
                received.push(message);
            }
        }
        prop_assert_eq!(received, feed([&stream[..]]).0);
    }
}

#[test]
fn a_claimed_size_allocates_nothing() {
    for (msg_type, flags) in [(0x01, 1), (0x02, 0)] {
        let mut framer = Framer::new();
        framer.push(&header(msg_type, flags, MAX_FRAME_PAYLOAD));
        framer.push(&[0; 10]);
        assert_eq!(framer.next_message(), Ok(None));
        assert!(framer.buffer().capacity() < 128 << 10);
        assert!(framer.is_mid_message());
    }
}

#[test]
fn the_buffer_grows_with_what_arrived() {
    let mut framer = Framer::new();
    framer.push(&header(0x02, 0, MAX_FRAME_PAYLOAD));
    for arrived in (1..=256).map(|n| n * 4096) {
        framer.buffer().extend_from_slice(&[0; 4096]);
        assert_eq!(framer.next_message(), Ok(None));
        assert!(framer.buffer().capacity() <= 2 * arrived + (128 << 10));
    }
}

#[test]
fn skipped_payloads_pass_through_constant_memory() {
    let mut framer = Framer::new();
    framer.push(&header(0x77, 0, MAX_PAYLOAD));
    let mut left = MAX_PAYLOAD as usize;
    while left > 0 {
        assert_eq!(framer.next_message(), Ok(None));
        let buffer = framer.buffer();
        assert!(buffer.capacity() <= 128 << 10);
        let now = left.min(buffer.capacity() - buffer.len());
        buffer.resize(buffer.len() + now, 0);
        left -= now;
    }
    let unknown = Refusal::UnknownType { msg_type: 0x77, size: MAX_PAYLOAD };
    assert_eq!(framer.next_message(), Ok(Some(refused(unknown))));
    assert!(!framer.is_mid_message());
}

#[test]
fn unknown_types_are_skipped_and_the_stream_goes_on() {
    let config_resp = [&header(0x05, 0, 3)[..], &[1, 2, 3]].concat();
    let unknown = Refusal::UnknownType { msg_type: 0x05, size: 3 };
    assert_eq!(then_pong(&config_resp), [refused(unknown), pong()]);
}

#[test]
fn wrong_sizes_are_skipped_and_the_stream_goes_on() {
    let cases = [
        (0x30, 0, 5, MessageKind::Subscribe, PayloadSize::Exactly(4)),
        (0x10, 0, 1, MessageKind::Ping, PayloadSize::Exactly(0)),
        (0x01, 0, 45, MessageKind::FrameRequest, PayloadSize::Exactly(44)),
        (0x40, 0, 31, MessageKind::Authorize, PayloadSize::Exactly(32)),
        (0x41, 0, 32, MessageKind::Grant, PayloadSize::Exactly(36)),
        (0x01, 1, 43, MessageKind::FrameRequest, PayloadSize::AtLeast(44)),
        (0x02, 0, 23, MessageKind::FrameResponse, PayloadSize::AtLeast(24)),
    ];
    for (msg_type, flags, size, kind, needed) in cases {
        let stream = [&header(msg_type, flags, size)[..], &vec![0; size as usize]].concat();
        assert_eq!(then_pong(&stream), [refused(Refusal::Size { kind, size, needed }), pong()]);
    }
}

#[test]
fn scanouts_above_16_bits_are_refused_not_truncated() {
    for (msg_type, size, kind) in [
        (0x20, 16, MessageKind::EnableScanout),
        (0x21, 4, MessageKind::DisableScanout),
        (0x22, 72, MessageKind::ScanoutResponse),
        (0x30, 4, MessageKind::Subscribe),
        (0x31, 8, MessageKind::SubscribeResponse),
        (0x41, 36, MessageKind::Grant),
    ] {
        let stream = [&header(msg_type, 0, size)[..], &[3, 0, 1, 0], &vec![0; size as usize - 4]].concat();
        let refusal = Refusal::Scanout { kind, source: ScanoutIdError(0x1_0003) };
        assert_eq!(then_pong(&stream), [refused(refusal), pong()]);
    }
}

#[test]
fn flag_bits_without_a_meaning_are_ignored() {
    let subscribe = [&header(0x30, 0xff, 4)[..], &[3, 0, 0, 0]].concat();
    let expected =
        Received { session: SESSION, body: Ok(Message::Subscribe(Subscribe { scanout: ScanoutId::new(3) })) };
    assert_eq!(then_pong(&subscribe), [expected, pong()]);
}

#[test]
fn sizes_above_the_limit_end_the_stream_at_the_header() {
    for (msg_type, flags, limit) in [
        (0x01, 1, MAX_FRAME_PAYLOAD),
        (0x02, 0, MAX_FRAME_PAYLOAD),
        (0x01, 0, MAX_PAYLOAD),
        (0x30, 0, MAX_PAYLOAD),
        (0x77, 1, MAX_PAYLOAD),
    ] {
        let size = limit + 1;
        let (received, error) = feed([&header(msg_type, flags, size)[..]]);
        assert_eq!((received, error), (vec![], Some(FrameError::Oversize { msg_type, size, limit })));
    }
}

#[test]
fn the_largest_frame_is_taken() {
    let mut wire = BytesMut::new();
    let nals = Nals::from(Bytes::from(vec![7; MAX_FRAME_PAYLOAD as usize - 28]));
    let response = FrameResponse { pts: None, dts: None, kind: UnitKind::Delta, kept: false, coarse: false, nals };
    response.encode(SESSION, &mut wire).expect("exactly the limit");
    let (received, error) = feed(wire.chunks(65_536));
    assert!(error.is_none());
    assert_eq!(received, [Received { session: SESSION, body: Ok(Message::FrameResponse(response)) }]);
}

#[test]
fn a_large_frame_does_not_stay_in_an_idle_buffer() {
    let mut framer = Framer::new();
    framer.push(&header(0x01, 1, 8 << 20));
    framer.push(&vec![0; 8 << 20]);
    assert!(matches!(framer.next_message(), Ok(Some(Received { body: Ok(Message::FrameRequest(_)), .. }))));
    assert!(framer.buffer().capacity() < 128 << 10);
}

#[test]
fn bad_magic_ends_the_stream_for_ever() {
    let mut framer = Framer::new();
    framer.push(b"GET ");
    let error = Err(FrameError::Magic(*b"GET "));
    assert_eq!(framer.next_message(), error);
    framer.push(&bytes(&Message::Pong, SESSION));
    assert_eq!(framer.next_message(), error);
}

#[test]
fn a_blob_beyond_its_message_ends_the_stream() {
    let mut payload = vec![0; 24];
    payload[20] = 1;
    payload.extend([0xff, 0xff, 0xff, 0x7f, 1, 2]);
    let (received, error) = feed([&header(0x02, 0, 30)[..], &payload]);
    assert_eq!((received, error), (vec![], Some(FrameError::Blob { index: 0, count: 1, left: 6 })));
}

#[test]
fn pixels_are_a_slice_of_what_was_received() {
    let mut framer = Framer::new();
    framer.push(&header(0x01, 1, 44 + 16));
    framer.push(&[3; 44 + 16]);
    let inside = framer.buffer().as_ptr_range();
    let Ok(Some(Received { body: Ok(Message::FrameRequest(request)), .. })) = framer.next_message() else {
        panic!("a FRAME_REQUEST")
    };
    assert!(inside.contains(&request.pixels.expect("pixels").as_ptr()));
}
