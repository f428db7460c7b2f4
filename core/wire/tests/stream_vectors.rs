//! The examples of the stream's page, decoded and encoded.

mod common;

use std::fmt::Debug;
use std::num::{NonZeroU32, NonZeroU64};

use bytes::Bytes;
use common::vectors::{texts, vectors};
use lunette_frame::{BitRate, Size};
use lunette_input_events::{KeyCode, Keysym, Kind, Modifiers, ParticipantId, TouchPhase};
use lunette_wire::stream::{
    AgentAction, AgentCursor, Capabilities, Ceiling, ClientControl, ClientMessage, ClipboardChange, Codec, Colour,
    ConnectionComplete, CursorBitmap, CursorImage, CursorName, Feedback, Holder, Hop, HopReport, HopState, Init, Input,
    InputMessage, InputRequest, InputStanding, InputState, Lateness, PageScroll, Ping, Playing, Pong, Question,
    Refused, RefusedThing, RemoteCursor, RemoteTouch, RemoteUser, Resize, ScrollUnit, ServerControl, ServerMessage,
    ServerText, StreamClock, StreamError, StreamInit, StreamWireError, Timing, VideoFrame, VideoHead, VideoMode,
    VideoState, Waiting,
};

const PAGE: &str = include_str!("../../../docs/protocol-stream.md");
const ZOE: ParticipantId = ParticipantId(3);
const RED: Colour = Colour([0xf2, 0x48, 0x22]);
const NO_MODIFIERS: Modifiers = Modifiers { shift: false, ctrl: false, alt: false, meta: false };

/// A message of any of the three kinds.
#[derive(Debug, Clone, PartialEq)]
enum Shown {
    Server(ServerMessage),
    Client(ClientMessage),
    Input(InputMessage),
}

impl Shown {
    fn encode(&self) -> Bytes {
        match self {
            Self::Server(message) => message.encode(),
            Self::Client(message) => message.encode(),
            Self::Input(message) => message.encode(),
        }
    }

    /// Who sends a block is how its name starts.
    fn decode(name: &str, wire: &[u8]) -> Result<Self, StreamWireError> {
        match name.split('-').next() {
            Some("server") => ServerMessage::decode(wire).map(Self::Server),
            Some("client") => ClientMessage::decode(wire).map(Self::Client),
            _ => InputMessage::decode(wire).map(Self::Input),
        }
    }
}

fn expected() -> Vec<(&'static str, Shown)> {
    let server = from_server().into_iter().map(|(name, message)| (name, Shown::Server(message)));
    let client = from_client().into_iter().map(|(name, message)| (name, Shown::Client(message)));
    server.chain(client).chain(on_input().into_iter().map(|(name, message)| (name, Shown::Input(message)))).collect()
}

fn from_server() -> Vec<(&'static str, ServerMessage)> {
    [pictures(), clocks(), pointers(), presence()].concat()
}

fn video(keyframe: bool, replay: bool, pts_us: u64, nal: u8) -> ServerMessage {
    let head = VideoHead { codec: Codec::H264, keyframe, replay, pts_us, width: 1920, height: 1080 };
    ServerMessage::Video(VideoFrame { head, data: Bytes::copy_from_slice(&[0, 0, 0, 1, nal]) })
}

fn pictures() -> Vec<(&'static str, ServerMessage)> {
    let playing = VideoState { state: Playing::Playing, bits_per_second: None };
    let init = StreamInit { codec: Codec::H264, width: 1920, height: 1080, fps: 60, touch: true };
    let error = StreamError::with_detail("No picture yet.", "scanout 3: not enabled");
    vec![
        ("server-video-key", video(true, false, 16_666, 0x67)),
        ("server-video-delta", video(false, false, 33_332, 0x41)),
        ("server-video-replay", video(true, true, 16_666, 0x67)),
        ("server-control", ServerMessage::Control(ServerControl::Video(playing))),
        ("server-stream-init", ServerMessage::StreamInit(init)),
        ("server-stream-error", ServerMessage::StreamError(StreamError::new("oops!"))),
        ("server-stream-error-detail", ServerMessage::StreamError(error)),
    ]
}

fn clocks() -> Vec<(&'static str, ServerMessage)> {
    let pong = |stream_clock| {
        ServerMessage::Pong(Pong {
            seq: 5,
            client_time_us: 1_700_000_000_000_000,
            server_time_us: 1_700_000_000_004_000,
            encoder_latency_ms: 3,
            lateness: Lateness { p50_ms: 1, p99_ms: 4, max_ms: 9 },
            stream_clock,
        })
    };
    let timing = |encoded_us| ServerMessage::Timing(Timing { pts_us: 16_666, encoded_us, sent_us: 2000 });
    vec![
        ("server-pong", pong(StreamClock::Untold)),
        ("server-pong-lunette", pong(StreamClock::at(33_332))),
        ("server-pong-lunette-unknown", pong(StreamClock::Unknown)),
        ("server-timing", timing(Some(1500))),
        ("server-timing-unknown", timing(None)),
    ]
}

fn pointers() -> Vec<(&'static str, ServerMessage)> {
    let pixels = Bytes::from_static(&[0xff, 0, 0, 0xff, 0, 0, 0xff, 0x80]);
    let nobody = ParticipantId(0);
    let image =
        CursorImage { last_mover: nobody, x: 100, y: 50, hot_x: 1, hot_y: 0, bitmap: CursorBitmap::rgba(2, 1, pixels) };
    let hidden = CursorImage { last_mover: ZOE, x: -1, y: -2, hot_x: 0, hot_y: 0, bitmap: None };
    let name = CursorName { last_mover: nobody, hot_x: 0, hot_y: 0, name: "default".into() };
    vec![
        ("server-cursor-image", ServerMessage::CursorImage(image)),
        ("server-cursor-image-hidden", ServerMessage::CursorImage(hidden)),
        ("server-cursor-name", ServerMessage::CursorName(name)),
        (
            "server-remote-cursor",
            ServerMessage::RemoteCursor(RemoteCursor { user: ZOE, x: 1920, y: 1080, colour: RED }),
        ),
    ]
}

fn presence() -> Vec<(&'static str, ServerMessage)> {
    let zoe = RemoteUser::Joined { user: ZOE, name: "Zoë".into(), colour: RED, avatar_url: "/z.pn".into() };
    let agent = AgentCursor { agent: ParticipantId(1), x: 640, y: 360, action: AgentAction::Clicking, visible: true };
    let touch =
        RemoteTouch { user: ZOE, touch: 1, phase: TouchPhase::Move, x: 10, y: 20, pressure: u16::MAX, colour: RED };
    vec![
        ("server-remote-user-joined", ServerMessage::RemoteUser(zoe)),
        ("server-remote-user-left", ServerMessage::RemoteUser(RemoteUser::Left { user: ZOE })),
        ("server-agent-cursor", ServerMessage::AgentCursor(agent)),
        ("server-remote-touch", ServerMessage::RemoteTouch(touch)),
        ("server-self-id", ServerMessage::SelfId(ZOE)),
    ]
}

fn from_client() -> Vec<(&'static str, ClientMessage)> {
    let enabled = ClientControl { set_video_enabled: Some(true), ..ClientControl::default() };
    let feedback = Feedback {
        received_pts_us: NonZeroU64::new(33_332),
        painted_pts_us: NonZeroU64::new(16_666),
        received_bytes: 65_536,
        decode_queue: 1,
    };
    let mut messages: Vec<_> =
        keys().into_iter().chain(gestures()).map(|(name, input)| (name, ClientMessage::Input(input))).collect();
    messages.extend([
        ("client-control", ClientMessage::Control(enabled)),
        ("client-ping", ClientMessage::Ping(Ping { seq: 5, client_time_us: 1_700_000_000_000_000 })),
        ("client-feedback", ClientMessage::Feedback(feedback)),
        ("client-feedback-nothing-yet", ClientMessage::Feedback(Feedback::default())),
    ]);
    messages
}

fn keys() -> Vec<(&'static str, Input)> {
    let shift = Modifiers { shift: true, ..NO_MODIFIERS };
    let both = Modifiers { ctrl: true, ..shift };
    vec![
        ("client-key", Input::Key { down: true, modifiers: NO_MODIFIERS, code: KeyCode(30) }),
        ("client-text", Input::Text("aé😀".into())),
        ("client-keysym", Input::Keysym { down: true, modifiers: shift, keysym: Keysym(0x41) }),
        ("client-keysym-unicode", Input::Keysym { down: false, modifiers: NO_MODIFIERS, keysym: Keysym(0x0100_3042) }),
        ("client-keysym-tap", Input::KeysymTap { modifiers: both, keysym: Keysym(0xff0d) }),
    ]
}

fn middle() -> Input {
    Input::MoveTo { x: 2048, y: 2048, width: 4096, height: 4096 }
}

fn finger_down() -> Input {
    Input::Touch { phase: TouchPhase::Down, slot: 0, x: 0.5, y: 0.25 }
}

fn gestures() -> Vec<(&'static str, Input)> {
    vec![
        ("client-button", Input::Button { down: true, button: 3 }),
        ("client-wheel", Input::Wheel { dx: 0.0, dy: 120.0 }),
        ("client-legacy-wheel", Input::LegacyWheel { dx: 0, dy: -1 }),
        ("client-move-to", middle()),
        ("client-move-by", Input::MoveBy { dx: 10, dy: -10 }),
        ("client-touch-down", finger_down()),
        ("client-touch-cancel", Input::Touch { phase: TouchPhase::Cancel, slot: 2, x: 0.0, y: 0.0 }),
    ]
}

fn on_input() -> Vec<(&'static str, InputMessage)> {
    let scroll = |unit, trackpad, dx, dy| InputMessage::Scroll(PageScroll { unit, trackpad, dx, dy });
    vec![
        ("input-key", InputMessage::Input(Input::Key { down: true, modifiers: NO_MODIFIERS, code: KeyCode(30) })),
        ("input-button", InputMessage::Input(Input::Button { down: true, button: 1 })),
        ("input-move-to", InputMessage::Input(middle())),
        ("input-move-by", InputMessage::Input(Input::MoveBy { dx: 10, dy: -10 })),
        ("input-scroll-pixels", scroll(ScrollUnit::Pixel, true, 0.0, 120.0)),
        ("input-scroll-lines", scroll(ScrollUnit::Line, false, 0.0, 3.0)),
        ("input-scroll-pages", scroll(ScrollUnit::Page, false, -1.0, 0.0)),
        ("input-touch", InputMessage::Input(finger_down())),
    ]
}

#[test]
fn the_page_shows_exactly_the_expected_messages() {
    let shown: Vec<_> = vectors(PAGE, "stream ").into_iter().map(|(name, _)| name).collect();
    let expected: Vec<_> = expected().into_iter().map(|(name, _)| name).collect();
    assert_eq!(shown, expected);
}

#[test]
fn vectors_decode_to_what_the_page_says() {
    for ((name, wire), (_, message)) in vectors(PAGE, "stream ").into_iter().zip(expected()) {
        assert_eq!(Shown::decode(&name, &wire), Ok(message), "{name}");
    }
}

#[test]
fn vectors_are_what_is_encoded() {
    for ((name, wire), (_, message)) in vectors(PAGE, "stream ").into_iter().zip(expected()) {
        assert_eq!(message.encode(), wire, "{name}");
    }
}

/// From how many bytes on a message may end anywhere, because its last part is as long as the message.
fn open_from(name: &str) -> usize {
    match name {
        _ if name.starts_with("server-video") => VideoHead::LEN,
        _ if name.starts_with("server-pong") => 21,
        "client-text" => 3,
        _ => usize::MAX,
    }
}

#[test]
fn a_message_that_ends_anywhere_too_early_is_an_error() {
    for (name, wire) in vectors(PAGE, "stream ") {
        for length in (0..wire.len()).take_while(|length| *length < open_from(&name)) {
            assert!(Shown::decode(&name, &wire[..length]).is_err(), "{name} of {length} bytes");
        }
        for length in open_from(&name)..wire.len() {
            // A text may end within a character.
            let read = Shown::decode(&name, &wire[..length]);
            assert!(read.is_ok() || name == "client-text", "{name} of {length} bytes");
        }
    }
}

#[test]
fn the_bytes_of_earlier_peers_are_blocks_of_the_page() {
    let vectors = vectors(PAGE, "stream ");
    let block = |name: &str| &vectors.iter().find(|(shown, _)| shown == name).expect("a block").1[..];
    assert_eq!(block("server-stream-init"), b"\x30\x01\x07\x80\x04\x38\x3c\0\0\0\0\0\x01");
    assert_eq!(block("server-video-key"), b"\x01\x01\x01\0\0\0\0\0\0\x41\x1a\x07\x80\x04\x38\0\0\0\x01\x67");
    assert_eq!(block("client-ping"), b"\x40\0\0\0\x05\0\x06\x0a\x24\x18\x1e\x40\0");
    assert_eq!(block("client-key"), b"\x10\0\x01\0\0\x1e");
    assert_eq!(block("client-move-to"), b"\x12\x01\x08\0\x08\0\x10\0\x10\0");
    assert_eq!(block("client-wheel"), b"\x11\x03\0\0\0\0\0\0\xf0\x42");
    assert_eq!(block("client-touch-down"), b"\x14\0\0\0\0\0\x3f\0\0\x80\x3e");
    assert_eq!(block("server-cursor-name"), b"\x51\0\0\0\0\0\0\0\0\0\0\0\0\x07default");
    assert_eq!(block("server-stream-error"), b"\x31\0\x05oops!");
}

#[test]
fn a_head_and_a_unit_are_the_message() {
    let ServerMessage::Video(frame) = video(true, false, 16_666, 0x67) else { panic!("a frame") };
    assert_eq!([&frame.head.to_bytes()[..], &frame.data].concat(), frame.head.message(&frame.data));
    assert_eq!(frame.size(), Size::new(1920, 1080));
    assert_eq!(VideoHead::sides(frame.size()), Some((1920, 1080)));
    assert_eq!(VideoHead::sides(Size::new(65_536, 1)), None);
}

fn server_json() -> Vec<(&'static str, ServerControl)> {
    let zoe = Holder { id: ZOE, name: "Zoë".into(), kind: Kind::Person };
    let builder = Holder { id: ParticipantId(4), name: "builder".into(), kind: Kind::Agent };
    let waiting = vec![Waiting { id: ParticipantId(5), name: "builder".into() }];
    let state = |holder, you, waiting| ServerControl::Input(InputState { holder, you, waiting });
    let reason = "Zoë is using this desktop: ask for the input, or wait until it is released".into();
    let types = vec!["text/plain".into(), "image/png".into()];
    let slow = VideoState { state: Playing::Slow, bits_per_second: Some(1_500_000) };
    vec![
        ("server-control-input", state(Some(zoe), InputStanding::Watching, waiting)),
        ("server-control-input-free", state(None, InputStanding::Free, vec![])),
        ("server-control-input-agent", state(Some(builder), InputStanding::ViewOnly, vec![])),
        ("server-control-refused", ServerControl::Refused(Refused { what: RefusedThing::Input, reason })),
        ("server-control-hops", ServerControl::Hops(hops())),
        ("server-control-clipboard", ServerControl::Clipboard(ClipboardChange { sequence: 12, types })),
        ("server-control-video", ServerControl::Video(slow)),
    ]
}

fn hops() -> Vec<HopReport> {
    let hop = |hop, state, frame, age_ms| HopReport { hop, state, frame, age_ms, why: None };
    vec![
        hop(Hop::Desktop, HopState::Ok, None, None),
        hop(Hop::Compositor, HopState::Still, Some(811), Some(40_210)),
        hop(Hop::Capture, HopState::Ok, Some(811), Some(40_208)),
        HopReport {
            why: Some("the encoder does not answer".into()),
            ..hop(Hop::Encoder, HopState::Silent, Some(640), Some(61_000))
        },
        hop(Hop::Network, HopState::Unknown, None, None),
    ]
}

fn client_json() -> Vec<(&'static str, ClientControl)> {
    let none = ClientControl::default;
    let input = |request| ClientControl { input: Some(request), ..none() };
    let several = ClientControl {
        resize: Resize::to(Size::new(1280, 720)),
        timings: Some(true),
        ask: Some(Question::Hops),
        release_keys: true,
        max_bitrate: NonZeroU32::new(2000).map(Ceiling::Kilobits),
        ..none()
    };
    vec![
        ("client-control-video", ClientControl { set_video_enabled: Some(false), ..none() }),
        ("client-control-request", input(InputRequest::Request)),
        ("client-control-release", input(InputRequest::Release)),
        ("client-control-take", input(InputRequest::Take)),
        ("client-control-grant", input(InputRequest::Grant(ParticipantId(5)))),
        ("client-control-deny", input(InputRequest::Deny(ParticipantId(5)))),
        ("client-control-several", several),
        ("client-control-no-ceiling", ClientControl { max_bitrate: Some(Ceiling::Open), ..none() }),
    ]
}

fn text_json() -> Vec<(&'static str, ServerText)> {
    let capabilities = Capabilities { touch: true, feedback: true, resize: true, clipboard: false };
    let complete = ConnectionComplete { capabilities, width: 1920, height: 1080 };
    vec![
        ("connection-complete", ServerText::ConnectionComplete(complete)),
        ("text-error", ServerText::Error("no such session".into())),
    ]
}

fn init_json() -> Vec<(&'static str, Init)> {
    let zoe = Init { client_unique_id: Some("0c9f3a52".into()), user_name: Some("Zoë".into()), ..Init::default() };
    let earlier = Init {
        session_id: Some("ses_01".into()),
        width: NonZeroU32::new(1920),
        height: NonZeroU32::new(1080),
        bit_rate: Some(BitRate::from_bits_per_second(20_000_000)),
        gop_size: NonZeroU32::new(120),
        video_mode: Some(VideoMode::ZeroCopy),
        user_id: Some("usr_7".into()),
        avatar_url: Some("https://example.org/zoe.png".into()),
        ..zoe.clone()
    };
    let lunette = Init {
        lunette: NonZeroU32::new(1),
        user_retry: true,
        decoders: vec!["avc1.42E01F".into(), "avc1.64001F".into()],
        ..zoe
    };
    vec![("init-earlier-client", earlier), ("init", lunette)]
}

/// The JSON blocks whose names start so must be these, in both directions.
fn agree<T: Debug + PartialEq>(
    expected: Vec<(&str, T)>,
    decode: impl Fn(&str) -> T,
    encode: impl Fn(&T) -> String,
    belongs: impl Fn(&str) -> bool,
) {
    let shown: Vec<_> = texts(PAGE, "stream-json ").into_iter().filter(|(name, _)| belongs(name)).collect();
    assert_eq!(shown.len(), expected.len());
    for ((name, text), (expected_name, message)) in shown.into_iter().zip(expected) {
        assert_eq!(name, expected_name);
        assert_eq!(decode(&text), message, "{name}");
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
        assert_eq!(value(&encode(&message)), value(&text), "{name}");
    }
}

#[test]
fn json_of_the_server_holds_both_ways() {
    let decode = |text: &str| ServerControl::from_json(text.as_bytes()).expect("a control message");
    agree(server_json(), decode, ServerControl::to_json, |name| name.starts_with("server-control"));
}

#[test]
fn json_of_the_client_holds_both_ways() {
    let decode = |text: &str| ClientControl::from_json(text.as_bytes()).expect("a control message");
    agree(client_json(), decode, ClientControl::to_json, |name| name.starts_with("client-control"));
}

#[test]
fn texts_of_the_server_hold_both_ways() {
    let decode = |text: &str| ServerText::decode(text).expect("a text message");
    agree(text_json(), decode, ServerText::encode, |name| ["connection-complete", "text-error"].contains(&name));
}

#[test]
fn inits_are_read_as_the_page_says_and_written_so_that_they_read_the_same() {
    let shown: Vec<_> = texts(PAGE, "stream-json ").into_iter().filter(|(name, _)| name.starts_with("init")).collect();
    assert_eq!(shown.len(), 2);
    for ((name, text), (expected_name, init)) in shown.into_iter().zip(init_json()) {
        assert_eq!(name, expected_name);
        assert_eq!(Init::parse(&text), Ok(init.clone()), "{name}");
        assert_eq!(Init::parse(&init.to_json()), Ok(init), "{name}");
    }
}

#[test]
fn every_block_of_json_is_one_of_these() {
    let known = server_json().len() + client_json().len() + text_json().len() + init_json().len();
    assert_eq!(texts(PAGE, "stream-json ").len(), known);
}
