//! The byte examples of the HXFR page and the lease page, decoded and encoded.

mod common;

use std::num::NonZeroU32;

use bytes::Bytes;
use common::vectors::vectors;
use common::{bytes, feed};
use lunette_frame::{BitRate, FrameRate, Rect, ScanoutId, Size, UnitKind};
use lunette_wire::Token;
use lunette_wire::hxfr::{
    Authorize, Changes, ConfigRequest, CursorShape, CursorUpdate, DisableScanout, EnableScanout, EncoderStanding,
    ErrorCode, ErrorReply, Fourcc, FrameRequest, FrameResponse, FrameResponseHead, Grant, Level, Message, Moved, Nanos,
    Presence, Profile, Received, ResourceId, ScanoutResponse, SessionId, Standing, StatusRequest, StatusResponse,
    Subscribe, SubscribeResponse,
};
use lunette_wire::lease::{LeaseOptions, LongReply, Reply, Request};

const HXFR_PAGE: &str = include_str!("../../../docs/protocol.md");
const LEASE_PAGE: &str = include_str!("../../../docs/protocol-lease.md");
const SCANOUT: ScanoutId = ScanoutId::new(3);
const FULL_HD: Size = Size::new(1920, 1080);

fn expected() -> Vec<(&'static str, SessionId, Message)> {
    let (none, three, seven) = (SessionId::NONE, SCANOUT.into(), SessionId::new(7));
    vec![
        ("frame-request-resource", SessionId::new(1), Message::FrameRequest(by_resource())),
        ("frame-request-pixels", SessionId::new(1), Message::FrameRequest(by_pixels())),
        ("frame-request-tiles", SessionId::new(1), Message::FrameRequest(by_tiles())),
        ("frame-response", three, Message::FrameResponse(response())),
        ("frame-response-kept", SessionId::new(1), Message::FrameResponse(kept())),
        ("keyframe-req", three, Message::KeyframeRequest),
        ("config-req", none, Message::ConfigRequest(config())),
        ("ping", seven, Message::Ping),
        ("pong", seven, Message::Pong),
        (
            "enable-scanout",
            none,
            Message::EnableScanout(EnableScanout { scanout: SCANOUT, size: FULL_HD, refresh_hz: 60 }),
        ),
        ("disable-scanout", none, Message::DisableScanout(DisableScanout { scanout: SCANOUT })),
        ("scanout-resp", none, Message::ScanoutResponse(plugged())),
        ("subscribe", three, Message::Subscribe(Subscribe { scanout: SCANOUT })),
        ("subscribe-resp", three, Message::SubscribeResponse(SubscribeResponse { scanout: SCANOUT, success: true })),
        ("authorize", none, Message::Authorize(Authorize { token: Token::new([0x5a; 32]) })),
        ("grant", none, Message::Grant(Grant { scanout: SCANOUT, token: lease_token() })),
        ("status", none, Message::StatusRequest(StatusRequest { scanout: SCANOUT })),
        ("status-resp", none, standing(Some(doing_well()))),
        ("status-resp-not-allowed", none, standing(None)),
        ("hold", three, Message::Hold),
        ("go", three, Message::Go),
        ("cursors", three, Message::WatchCursor),
        ("cursor", three, Message::Cursor(pointing())),
        ("cursor-moved", three, Message::Cursor(CursorUpdate { visible: false, x: 641, y: 5, shape: None })),
        (
            "error",
            SessionId::new(1),
            Message::Error(ErrorReply::new(ErrorCode::NotConfigured, "encoder not configured")),
        ),
    ]
}

fn by_resource() -> FrameRequest {
    FrameRequest {
        resource: ResourceId::new(42),
        size: FULL_HD,
        format: Fourcc::Bgra,
        stride: 7680,
        pts: Nanos::from_wire(33_333_333),
        duration: Nanos::from_wire(16_666_667),
        force_keyframe: false,
        offers_tiles: false,
        pixels: None,
        changes: None,
    }
}

fn by_pixels() -> FrameRequest {
    let mut pixels = vec![0x10; 960 * 540];
    pixels.resize(960 * 540 * 3 / 2, 0x80);
    FrameRequest {
        resource: None,
        size: Size::new(960, 540),
        format: Fourcc::Nv12,
        stride: 960,
        pts: Nanos::from_wire(0),
        force_keyframe: true,
        pixels: Some(pixels.into()),
        ..by_resource()
    }
}

fn by_tiles() -> FrameRequest {
    let tiles = vec![Rect::new(64, 128, 4, 2), Rect::new(958, 538, 2, 2)];
    let moves = vec![Moved { rect: Rect::new(0, 0, 960, 128), from_x: 0, from_y: 19 }];
    FrameRequest {
        stride: 0,
        force_keyframe: false,
        offers_tiles: true,
        pixels: Some([vec![0x10; 8], vec![0x80; 4], vec![0xeb; 4], vec![0x80; 2]].concat().into()),
        changes: Some(Changes { moves, tiles }),
        ..by_pixels()
    }
}

fn kept() -> FrameResponse {
    FrameResponse { kind: UnitKind::Delta, kept: true, coarse: true, ..response() }
}

fn response() -> FrameResponse {
    let second = Nanos::from_wire(1_000_000_000);
    let unit = Bytes::from_static(&[0, 0, 0, 1, 9, 0x10]);
    FrameResponse { pts: second, dts: second, kind: UnitKind::Idr, kept: false, coarse: false, nals: unit.into() }
}

fn config() -> ConfigRequest {
    ConfigRequest {
        width: NonZeroU32::new(1920),
        height: NonZeroU32::new(1080),
        bit_rate: Some(BitRate::from_bits_per_second(8_000_000)),
        frame_rate: FrameRate::new(60, 1).ok(),
        profile: Some(Profile::Baseline),
        level: Level::from_tenths(40),
        realtime: true,
    }
}

fn plugged() -> ScanoutResponse {
    ScanoutResponse { scanout: SCANOUT, success: true, connector: "Virtual-4".into() }
}

fn doing_well() -> Standing {
    Standing {
        presence: Presence::On,
        size: Some(FULL_HD),
        age_ms: Some(16),
        pictures: 0x0102_0304_0506,
        cursor_changes: 7,
        encoder: Some(EncoderStanding {
            units: 0x0a0b,
            age_ms: Some(20),
            change_ms: Some(18),
            latency_us: NonZeroU32::new(2500),
        }),
    }
}

fn pointing() -> CursorUpdate {
    let shape = CursorShape::new(2, 1, (1, 0), Bytes::from_static(&[0xff, 0, 0, 0xff, 0, 0, 0, 0]));
    CursorUpdate { visible: true, x: 640, y: -2, shape }
}

fn standing(standing: Option<Standing>) -> Message {
    Message::StatusResponse(StatusResponse { scanout: SCANOUT, standing })
}

/// 0, 1, 2 and so on.
fn lease_token() -> Token {
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f".parse().expect("digits")
}

#[test]
fn the_hxfr_page_shows_exactly_the_expected_messages() {
    let shown: Vec<_> = vectors(HXFR_PAGE, "hxfr ").into_iter().map(|(name, _)| name).collect();
    let expected: Vec<_> = expected().into_iter().map(|(name, ..)| name).collect();
    assert_eq!(shown, expected);
}

#[test]
fn hxfr_vectors_decode_all_at_once_and_byte_by_byte() {
    for ((name, wire), (_, session, message)) in vectors(HXFR_PAGE, "hxfr ").into_iter().zip(expected()) {
        let received = vec![Received { session, body: Ok(message) }];
        assert_eq!(feed([&wire[..]]), (received.clone(), None), "{name}");
        assert_eq!(feed(wire.chunks(1)), (received, None), "{name}");
    }
}

#[test]
fn hxfr_vectors_are_what_is_encoded() {
    for ((name, wire), (_, session, message)) in vectors(HXFR_PAGE, "hxfr ").into_iter().zip(expected()) {
        assert!(bytes(&message, session) == wire, "{name}");
    }
}

#[test]
fn the_head_of_a_shared_picture_is_the_start_of_its_vector() {
    let vectors = vectors(HXFR_PAGE, "hxfr ");
    let (_, wire) = vectors.iter().find(|(name, _)| name == "frame-response").expect("a vector");
    let FrameResponse { pts, dts, kind, nals, .. } = response();
    let unit = nals.access_unit();
    let head = FrameResponseHead::new(SCANOUT.into(), pts, dts, kind, unit.len()).expect("small");
    assert_eq!([head.as_ref(), &unit].concat(), *wire);
}

#[test]
fn lease_request_vectors_hold_both_ways() {
    let expected = [
        ("lease-1920x1080", Request::lease(FULL_HD)),
        ("lease-default", Request::Lease { width: None, height: None, options: None }),
        ("lease-1280x720-with-token", Request::lease_with(Size::new(1280, 720), LeaseOptions::default())),
        ("lease-1280x720-lit", Request::lease_with(Size::new(1280, 720), LeaseOptions { light_crtc: true })),
        ("release-1", Request::Release { scanout: ScanoutId::new(1) }),
    ];
    let vectors = vectors(LEASE_PAGE, "lease-request ");
    assert_eq!(vectors.len(), expected.len());
    for ((shown, wire), (name, request)) in vectors.iter().zip(expected) {
        assert_eq!((&shown[..], &wire[..]), (name, &request.encode()[..]));
        assert_eq!(Request::decode(wire), Ok(request));
    }
}

#[test]
fn lease_reply_vectors_hold_both_ways() {
    let expected = [
        ("granted-1", Reply::Granted { scanout: ScanoutId::new(1), connector: "Virtual-2".into() }),
        ("refused-unknown-command", Reply::Refused { reason: "unknown command".into() }),
    ];
    let vectors = vectors(LEASE_PAGE, "lease-reply ");
    assert_eq!(vectors.len(), expected.len());
    for ((shown, wire), (name, reply)) in vectors.iter().zip(expected) {
        assert_eq!((&shown[..], &wire[..]), (name, &reply.encode()[..]));
        assert_eq!(Reply::decode(wire.first_chunk().expect("69 bytes")), Ok(reply));
    }
}

#[test]
fn long_lease_reply_vectors_hold_both_ways() {
    let granted = Reply::Granted { scanout: ScanoutId::new(1), connector: "Virtual-2".into() };
    let token = Token::new(std::array::from_fn(|index| u8::try_from(index).expect("below 32")));
    let expected = [
        ("granted-1-with-token", LongReply { reply: granted, token: Some(token) }),
        (
            "refused-with-options",
            LongReply { reply: Reply::Refused { reason: "unknown options 0x2".into() }, token: None },
        ),
    ];
    let vectors = vectors(LEASE_PAGE, "lease-long-reply ");
    assert_eq!(vectors.len(), expected.len());
    for ((shown, wire), (name, reply)) in vectors.iter().zip(expected) {
        assert_eq!((&shown[..], &wire[..]), (name, &reply.encode()[..]));
        assert_eq!(LongReply::decode(wire.first_chunk().expect("101 bytes")), Ok(reply));
    }
}
