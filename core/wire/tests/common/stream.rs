//! A message of the stream of every kind, at random.

use std::num::{NonZeroU32, NonZeroU64};

use bytes::Bytes;
use lunette_frame::{BitRate, Size};
use lunette_input_events::{KeyCode, Keysym, Kind, Modifiers, ParticipantId, TouchPhase};
use lunette_wire::stream::{
    AgentAction, AgentCursor, Ceiling, ClientControl, ClientMessage, ClipboardChange, Codec, Colour, CursorBitmap,
    CursorImage, CursorName, Feedback, Holder, Hop, HopReport, HopState, Init, Input, InputMessage, InputRequest,
    InputStanding, InputState, Lateness, PageScroll, Ping, Playing, Pong, Question, Refused, RefusedThing,
    RemoteCursor, RemoteTouch, RemoteUser, Resize, ScrollUnit, ServerControl, ServerMessage, StreamClock, StreamError,
    StreamInit, Timing, VideoFrame, VideoHead, VideoMode, VideoState, Waiting,
};
use proptest::option::of;
use proptest::prelude::*;

fn codec() -> impl Strategy<Value = Codec> {
    prop::sample::select(Codec::ALL.to_vec())
}

fn participant() -> impl Strategy<Value = ParticipantId> {
    any::<u32>().prop_map(ParticipantId)
}

fn colour() -> impl Strategy<Value = Colour> {
    any::<[u8; 3]>().prop_map(Colour)
}

fn phase() -> impl Strategy<Value = TouchPhase> {
    use TouchPhase::{Cancel, Down, Move, Up};
    prop::sample::select(vec![Down, Move, Up, Cancel])
}

fn modifiers() -> impl Strategy<Value = Modifiers> {
    any::<(bool, bool, bool, bool)>().prop_map(|(shift, ctrl, alt, meta)| Modifiers { shift, ctrl, alt, meta })
}

fn finite() -> impl Strategy<Value = f32> {
    use prop::num::f32::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
    NORMAL | SUBNORMAL | ZERO | POSITIVE | NEGATIVE
}

fn keysym() -> impl Strategy<Value = Keysym> {
    (1..=Input::MAX_KEYSYM).prop_map(Keysym)
}

pub fn input() -> impl Strategy<Value = Input> {
    let code = (1..=Input::MAX_KEY).prop_map(KeyCode);
    let (down, place) = (any::<bool>(), any::<(i16, i16)>());
    prop_oneof![
        (down, modifiers(), code).prop_map(|(down, modifiers, code)| Input::Key { down, modifiers, code }),
        "\\PC{0,300}".prop_map(Input::Text),
        (down, modifiers(), keysym()).prop_map(|(down, modifiers, keysym)| Input::Keysym { down, modifiers, keysym }),
        (modifiers(), keysym()).prop_map(|(modifiers, keysym)| Input::KeysymTap { modifiers, keysym }),
        (down, 1..=Input::MAX_BUTTON).prop_map(|(down, button)| Input::Button { down, button }),
        (finite(), finite()).prop_map(|(dx, dy)| Input::Wheel { dx, dy }),
        any::<(i8, i8)>().prop_map(|(dx, dy)| Input::LegacyWheel { dx, dy }),
        (place, 1..=i16::MAX, 1..=i16::MAX).prop_map(|((x, y), width, height)| Input::MoveTo { x, y, width, height }),
        place.prop_map(|(dx, dy)| Input::MoveBy { dx, dy }),
        (phase(), any::<u8>(), finite(), finite()).prop_map(|(phase, slot, x, y)| Input::Touch { phase, slot, x, y }),
    ]
}

pub fn input_message() -> impl Strategy<Value = InputMessage> {
    let unit = prop::sample::select(vec![ScrollUnit::Pixel, ScrollUnit::Line, ScrollUnit::Page]);
    let scroll = (unit, any::<bool>(), finite(), finite()).prop_map(|(unit, trackpad, dx, dy)| PageScroll {
        unit,
        trackpad,
        dx,
        dy,
    });
    prop_oneof![8 => input().prop_map(InputMessage::Input), 2 => scroll.prop_map(InputMessage::Scroll)]
}

fn request() -> impl Strategy<Value = InputRequest> {
    prop_oneof![
        Just(InputRequest::Request),
        Just(InputRequest::Release),
        Just(InputRequest::Take),
        participant().prop_map(InputRequest::Grant),
        participant().prop_map(InputRequest::Deny),
    ]
}

fn client_control() -> impl Strategy<Value = ClientControl> {
    let side = || 1..=Resize::MAX_SIDE;
    let resize = (side(), side()).prop_map(|(width, height)| Resize::to(Size::new(width, height)).expect("possible"));
    let ceiling = any::<u32>().prop_map(|kilobits| Ceiling::from(NonZeroU32::new(kilobits)));
    let switches = (of(any::<bool>()), of(any::<bool>()), any::<bool>());
    (switches, of(request()), of(resize), of(Just(Question::Hops)), of(ceiling)).prop_map(
        |((set_video_enabled, timings, release_keys), input, resize, ask, max_bitrate)| ClientControl {
            set_video_enabled,
            input,
            resize,
            timings,
            ask,
            release_keys,
            max_bitrate,
        },
    )
}

fn feedback() -> impl Strategy<Value = Feedback> {
    any::<(u64, u64, u64, u8)>().prop_map(|(received, painted, received_bytes, decode_queue)| Feedback {
        received_pts_us: NonZeroU64::new(received),
        painted_pts_us: NonZeroU64::new(painted),
        received_bytes,
        decode_queue,
    })
}

pub fn client_message() -> impl Strategy<Value = ClientMessage> {
    prop_oneof![
        6 => input().prop_map(ClientMessage::Input),
        1 => (0x15..=0x17_u8).prop_map(ClientMessage::Reserved),
        2 => client_control().prop_map(ClientMessage::Control),
        1 => any::<(u32, u64)>().prop_map(|(seq, client_time_us)| ClientMessage::Ping(Ping { seq, client_time_us })),
        1 => feedback().prop_map(ClientMessage::Feedback),
    ]
}

fn video() -> impl Strategy<Value = ServerMessage> {
    let head = (codec(), any::<(bool, bool, u64, u16, u16)>()).prop_map(
        |(codec, (keyframe, replay, pts_us, width, height))| VideoHead {
            codec,
            keyframe,
            replay,
            pts_us,
            width,
            height,
        },
    );
    let data = prop::collection::vec(any::<u8>(), 0..300).prop_map(Bytes::from);
    (head, data).prop_map(|(head, data)| ServerMessage::Video(VideoFrame { head, data }))
}

fn holder() -> impl Strategy<Value = Holder> {
    let kind = prop::sample::select(vec![Kind::Person, Kind::Agent]);
    (participant(), ".{0,20}", kind).prop_map(|(id, name, kind)| Holder { id, name, kind })
}

fn input_state() -> impl Strategy<Value = ServerControl> {
    use InputStanding::{Free, Holding, ViewOnly, Watching};
    let you = prop::sample::select(vec![Holding, Free, Watching, ViewOnly]);
    let waiting = (participant(), ".{0,20}").prop_map(|(id, name)| Waiting { id, name });
    (of(holder()), you, prop::collection::vec(waiting, 0..4))
        .prop_map(|(holder, you, waiting)| ServerControl::Input(InputState { holder, you, waiting }))
}

fn hops() -> impl Strategy<Value = ServerControl> {
    use HopState::{Down, Ok, Silent, Still, Unknown};
    let hop = prop::sample::select(vec![Hop::Desktop, Hop::Compositor, Hop::Capture, Hop::Encoder, Hop::Network]);
    let state = prop::sample::select(vec![Ok, Still, Silent, Down, Unknown]);
    let report = (hop, state, of(any::<u64>()), of(any::<u64>()), of(".{0,20}"))
        .prop_map(|(hop, state, frame, age_ms, why)| HopReport { hop, state, frame, age_ms, why });
    prop::collection::vec(report, 0..6).prop_map(ServerControl::Hops)
}

fn server_control() -> impl Strategy<Value = ServerControl> {
    let what = prop::sample::select(vec![RefusedThing::Input, RefusedThing::Resize, RefusedThing::Control]);
    let playing = prop::sample::select(vec![Playing::Playing, Playing::Paused, Playing::Slow]);
    prop_oneof![
        input_state(),
        hops(),
        (what, ".{0,50}").prop_map(|(what, reason)| ServerControl::Refused(Refused { what, reason })),
        (any::<u64>(), prop::collection::vec("[a-z/]{1,20}", 0..4))
            .prop_map(|(sequence, types)| ServerControl::Clipboard(ClipboardChange { sequence, types })),
        (playing, of(any::<u64>()))
            .prop_map(|(state, bits_per_second)| ServerControl::Video(VideoState { state, bits_per_second })),
    ]
}

fn clocks() -> impl Strategy<Value = ServerMessage> {
    let stream_clock =
        prop_oneof![Just(StreamClock::Untold), any::<u64>().prop_map(StreamClock::at), Just(StreamClock::Unknown)];
    let pong = (any::<(u32, u64, u64, u16)>(), any::<(u16, u16, u16)>(), stream_clock).prop_map(
        |((seq, client_time_us, server_time_us, encoder_latency_ms), (p50_ms, p99_ms, max_ms), stream_clock)| {
            let lateness = Lateness { p50_ms, p99_ms, max_ms };
            Pong { seq, client_time_us, server_time_us, encoder_latency_ms, lateness, stream_clock }
        },
    );
    let timing = (any::<u64>(), of(0..u32::MAX), any::<u32>()).prop_map(|(pts_us, encoded_us, sent_us)| Timing {
        pts_us,
        encoded_us,
        sent_us,
    });
    prop_oneof![pong.prop_map(ServerMessage::Pong), timing.prop_map(ServerMessage::Timing)]
}

fn bitmap() -> impl Strategy<Value = CursorBitmap> {
    (1..20_u32, 1..20_u32, any::<u8>()).prop_map(|(width, height, level)| {
        let pixels = vec![level; (4 * width * height) as usize];
        CursorBitmap::rgba(width, height, pixels.into()).expect("possible")
    })
}

fn pointers() -> impl Strategy<Value = ServerMessage> {
    let action = prop::sample::select(AgentAction::ALL.to_vec());
    prop_oneof![
        (participant(), any::<(i32, i32, i32, i32)>(), of(bitmap())).prop_map(
            |(last_mover, (x, y, hot_x, hot_y), bitmap)| {
                ServerMessage::CursorImage(CursorImage { last_mover, x, y, hot_x, hot_y, bitmap })
            }
        ),
        (participant(), any::<(i32, i32)>(), "\\PC{0,60}").prop_map(|(last_mover, (hot_x, hot_y), name)| {
            ServerMessage::CursorName(CursorName { last_mover, hot_x, hot_y, name })
        }),
        (participant(), any::<(i32, i32)>(), colour())
            .prop_map(|(user, (x, y), colour)| ServerMessage::RemoteCursor(RemoteCursor { user, x, y, colour })),
        (participant(), any::<(u16, u16, bool)>(), action).prop_map(|(agent, (x, y, visible), action)| {
            ServerMessage::AgentCursor(AgentCursor { agent, x, y, action, visible })
        }),
    ]
}

fn presence() -> impl Strategy<Value = ServerMessage> {
    prop_oneof![
        participant().prop_map(|user| ServerMessage::RemoteUser(RemoteUser::Left { user })),
        (participant(), "\\PC{0,60}", colour(), "[a-z:/.]{0,300}").prop_map(|(user, name, colour, avatar_url)| {
            ServerMessage::RemoteUser(RemoteUser::Joined { user, name, colour, avatar_url })
        }),
        (participant(), any::<(u32, i32, i32, u16)>(), phase(), colour()).prop_map(
            |(user, (touch, x, y, pressure), phase, colour)| {
                ServerMessage::RemoteTouch(RemoteTouch { user, touch, phase, x, y, pressure, colour })
            }
        ),
        participant().prop_map(ServerMessage::SelfId),
    ]
}

fn beginnings() -> impl Strategy<Value = ServerMessage> {
    prop_oneof![
        (codec(), any::<(u16, u16, u8, bool)>()).prop_map(|(codec, (width, height, fps, touch))| {
            ServerMessage::StreamInit(StreamInit { codec, width, height, fps, touch })
        }),
        "(?s).{0,300}".prop_map(|text| ServerMessage::StreamError(StreamError::new(text))),
    ]
}

pub fn server_message() -> impl Strategy<Value = ServerMessage> {
    let control = server_control().prop_map(ServerMessage::Control);
    prop_oneof![video(), control, clocks(), pointers(), presence(), beginnings()]
}

pub fn init() -> impl Strategy<Value = Init> {
    let mode = prop::sample::select(vec![VideoMode::Scanout, VideoMode::ZeroCopy, VideoMode::Native, VideoMode::Shm]);
    let number = |most| of((1..=most).prop_map(|value: u32| NonZeroU32::new(value).expect("above 0")));
    let text = || of(".{1,60}");
    let wishes = (number(8192), number(8192), 1..=240_u8, of(10..=1_000_000_u32), of(mode), number(10_000));
    let person = (text(), text(), text(), text(), of("[a-z:/.]{1,300}"), any::<bool>());
    let decoders = prop::collection::vec("[a-zA-Z0-9.]{1,20}", 0..5);
    (wishes, person, number(u32::MAX), decoders).prop_map(|(wishes, person, lunette, decoders)| {
        let (width, height, fps, kilobits, video_mode, gop_size) = wishes;
        let (session_id, client_unique_id, user_id, user_name, avatar_url, user_retry) = person;
        Init {
            session_id,
            width,
            height,
            fps,
            bit_rate: kilobits.map(|kilobits| BitRate::from_bits_per_second(kilobits * 1000)),
            video_mode,
            gop_size,
            client_unique_id,
            user_id,
            user_name,
            avatar_url,
            user_retry,
            lunette,
            decoders,
        }
    })
}
