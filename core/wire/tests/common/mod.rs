//! What several tests share: a message of every kind, at random, and streams of them.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]

pub mod stream;
pub mod vectors;

use std::num::{NonZeroU8, NonZeroU32};

use bytes::{Bytes, BytesMut};
use lunette_frame::{BitRate, FrameRate, Rect, ScanoutId, Size, UnitKind};
use lunette_wire::Token;
use lunette_wire::hxfr::{
    Authorize, Changes, ConfigRequest, CursorShape, CursorUpdate, DisableScanout, EnableScanout, EncoderStanding,
    ErrorCode, ErrorReply, Fourcc, FrameError, FrameRequest, FrameResponse, Framer, Grant, Header, Level, Message,
    Moved, Nals, Nanos, Presence, Profile, Received, ResourceId, ScanoutResponse, SessionId, Standing, StatusRequest,
    StatusResponse, Subscribe, SubscribeResponse,
};
use proptest::prelude::*;

pub fn bytes(message: &Message, session: SessionId) -> BytesMut {
    let mut out = BytesMut::new();
    message.encode(session, &mut out).expect("within limits");
    out
}

/// Everything that a framer makes of `stream` when it comes in `chunks`, and how it ends.
pub fn feed<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Received>, Option<FrameError>) {
    let mut framer = Framer::new();
    let mut received = Vec::new();
    for chunk in chunks {
        framer.push(chunk);
        loop {
            match framer.next_message() {
                Ok(Some(message)) => received.push(message),
                Ok(None) => break,
                Err(error) => return (received, Some(error)),
            }
        }
    }
    (received, None)
}

/// `stream` in pieces of these sizes, over and over.
pub fn pieces<'a>(stream: &'a [u8], sizes: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = stream;
    sizes.iter().cycle().map_while(move |size| {
        let (piece, after) = rest.split_at((*size).min(rest.len()));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

pub fn session() -> impl Strategy<Value = SessionId> {
    any::<u16>().prop_map(SessionId::new)
}

pub fn scanout() -> impl Strategy<Value = ScanoutId> {
    any::<u16>().prop_map(ScanoutId::new)
}

pub fn size() -> impl Strategy<Value = Size> {
    any::<(u32, u32)>().prop_map(|(width, height)| Size::new(width, height))
}

fn nanos() -> impl Strategy<Value = Option<Nanos>> {
    prop_oneof![Just(-1), any::<i64>()].prop_map(Nanos::from_wire)
}

fn data() -> impl Strategy<Value = Bytes> {
    prop_oneof![3 => prop::collection::vec(any::<u8>(), 0..200), 1 => prop::collection::vec(any::<u8>(), 0..100_000)]
        .prop_map(Bytes::from)
}

fn changes() -> impl Strategy<Value = Changes> {
    let rect = |[x, y, width, height]: [u16; 4]| Rect::new(x.into(), y.into(), width.into(), height.into());
    let tile = any::<[u16; 4]>().prop_map(rect);
    let moved = any::<([u16; 4], u16, u16)>().prop_map(move |(to, x, y)| Moved {
        rect: rect(to),
        from_x: x.into(),
        from_y: y.into(),
    });
    (prop::collection::vec(moved, 0..40), prop::collection::vec(tile, 0..40))
        .prop_map(|(moves, tiles)| Changes { moves, tiles })
}

fn frame_request() -> impl Strategy<Value = Message> {
    let fields = (any::<u32>(), size(), any::<u32>(), any::<u32>(), nanos(), nanos(), any::<bool>());
    let body = (any::<bool>(), prop::option::of((data(), prop::option::of(changes()))));
    (fields, body).prop_map(|((resource, size, format, stride, pts, duration, force), (offers_tiles, body))| {
        let (pixels, changes) = body.map_or((None, None), |(pixels, changes)| (Some(pixels), changes));
        Message::FrameRequest(FrameRequest {
            resource: ResourceId::new(resource),
            size,
            format: Fourcc::from_code(format),
            stride,
            pts,
            duration,
            force_keyframe: force,
            offers_tiles,
            pixels,
            changes,
        })
    })
}

fn nals() -> impl Strategy<Value = Nals> {
    prop_oneof![data().prop_map(Nals::from), prop::collection::vec(data(), 0..5).prop_map(Nals::from_iter)]
}

fn frame_response() -> impl Strategy<Value = Message> {
    (nanos(), nanos(), any::<(bool, bool, bool)>(), nals()).prop_map(|(pts, dts, (idr, kept, coarse), nals)| {
        let kind = if idr { UnitKind::Idr } else { UnitKind::Delta };
        Message::FrameResponse(FrameResponse { pts, dts, kind, kept, coarse, nals })
    })
}

fn config() -> impl Strategy<Value = Message> {
    let frame_rate = prop::option::of((1..=u32::MAX, 1..=u32::MAX));
    (any::<(u32, u32, u32)>(), frame_rate, any::<(u8, u8, bool)>()).prop_map(
        |((width, height, bits), rate, (profile, level, realtime))| {
            Message::ConfigRequest(ConfigRequest {
                width: NonZeroU32::new(width),
                height: NonZeroU32::new(height),
                bit_rate: (bits > 0).then(|| BitRate::from_bits_per_second(bits)),
                frame_rate: rate.map(|(num, den)| FrameRate::new(num, den).expect("above zero")),
                profile: Profile::from_idc(profile),
                level: NonZeroU8::new(level).and_then(|level| Level::from_tenths(level.get())),
                realtime,
            })
        },
    )
}

fn scanout_control() -> impl Strategy<Value = Message> {
    prop_oneof![
        (scanout(), size(), any::<u32>()).prop_map(|(scanout, size, refresh_hz)| Message::EnableScanout(
            EnableScanout { scanout, size, refresh_hz }
        )),
        scanout().prop_map(|scanout| Message::DisableScanout(DisableScanout { scanout })),
        (scanout(), any::<bool>(), "[^\0]{0,15}").prop_map(|(scanout, success, connector)| {
            Message::ScanoutResponse(ScanoutResponse { scanout, success, connector })
        }),
    ]
}

fn subscription() -> impl Strategy<Value = Message> {
    prop_oneof![
        scanout().prop_map(|scanout| Message::Subscribe(Subscribe { scanout })),
        (scanout(), any::<bool>())
            .prop_map(|(scanout, success)| Message::SubscribeResponse(SubscribeResponse { scanout, success })),
    ]
}

fn authorization() -> impl Strategy<Value = Message> {
    let token = || prop::array::uniform32(any::<u8>()).prop_map(Token::new);
    prop_oneof![
        token().prop_map(|token| Message::Authorize(Authorize { token })),
        (scanout(), token()).prop_map(|(scanout, token)| Message::Grant(Grant { scanout, token })),
    ]
}

fn standing() -> impl Strategy<Value = Message> {
    let shown = || size().prop_filter("no size is told as 0x0", |size| *size != Size::new(0, 0));
    let counters = any::<(u32, u64, u64)>();
    let age = || prop::option::of(0..=Standing::OLDEST_MS);
    let latency = || {
        prop::option::of((1..=EncoderStanding::LONGEST_US).prop_map(|time| NonZeroU32::new(time).expect("1 or more")))
    };
    let encoder = (any::<u64>(), age(), age(), latency())
        .prop_map(|(units, age_ms, change_ms, latency_us)| EncoderStanding { units, age_ms, change_ms, latency_us });
    let standing = (counters, prop::option::of(shown()), age(), prop::option::of(encoder)).prop_map(
        |((presence, pictures, cursor_changes), size, age_ms, encoder)| {
            let presence = Presence::from_code(presence);
            Standing { presence, size, age_ms, pictures, cursor_changes, encoder }
        },
    );
    prop_oneof![
        scanout().prop_map(|scanout| Message::StatusRequest(StatusRequest { scanout })),
        (scanout(), prop::option::of(standing))
            .prop_map(|(scanout, standing)| Message::StatusResponse(StatusResponse { scanout, standing })),
    ]
}

fn cursor() -> impl Strategy<Value = Message> {
    let shape = (1..20u16, 1..20u16, any::<(i32, i32)>(), any::<u8>()).prop_map(|(width, height, hot, pixel)| {
        let pixels = vec![pixel; usize::from(width) * usize::from(height) * 4];
        CursorShape::new(width, height, hot, pixels.into()).expect("possible")
    });
    let update = (any::<bool>(), any::<i32>(), any::<i32>(), prop::option::of(shape))
        .prop_map(|(visible, x, y, shape)| Message::Cursor(CursorUpdate { visible, x, y, shape }));
    prop_oneof![Just(Message::WatchCursor), Just(Message::Hold), Just(Message::Go), update]
}

fn status() -> impl Strategy<Value = Message> {
    prop_oneof![
        Just(Message::KeyframeRequest),
        Just(Message::Ping),
        Just(Message::Pong),
        (any::<i32>(), "[^\0]{0,63}")
            .prop_map(|(code, text)| Message::Error(ErrorReply::new(ErrorCode::from_code(code), text))),
    ]
}

pub fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        frame_request(),
        frame_response(),
        config(),
        scanout_control(),
        subscription(),
        authorization(),
        standing(),
        cursor(),
        status()
    ]
}

/// Bytes that are often nearly messages: whole ones, headers with a wrong size, noise.
pub fn stream() -> impl Strategy<Value = Vec<u8>> {
    let whole = (message(), session()).prop_map(|(message, session)| bytes(&message, session).to_vec());
    let skipped = (any::<u8>(), any::<u8>(), session(), 0u32..70_000).prop_map(|(msg_type, flags, session, size)| {
        let header = Header { msg_type, flags, session, payload_size: size };
        [&header.encode()[..], &vec![0x55; size as usize]].concat()
    });
    let noise = prop::collection::vec(any::<u8>(), 0..30);
    let part = prop_oneof![6 => whole, 3 => skipped, 1 => noise];
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}
