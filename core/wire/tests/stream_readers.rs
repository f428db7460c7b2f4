//! What readers of the stream make of what peers get wrong, and what becomes an event.

mod common;

use common::vectors::vectors;
use lunette_input_events::{
    Event, Fraction, KeyCode, Keysym, Modifiers, ParticipantId, PointerButton, Scroll, ScrollKind, TouchPhase,
};
use lunette_wire::stream::{
    ClientMessage, Codec, Colour, CursorBitmap, CursorImage, CursorName, Input, InputMessage, PageScroll, RemoteUser,
    ScrollUnit, ServerControl, ServerMessage, StreamError, StreamWireError,
};

const PAGE: &str = include_str!("../../../docs/protocol-stream.md");

fn block(name: &str) -> Vec<u8> {
    vectors(PAGE, "stream ").into_iter().find(|(shown, _)| shown == name).expect("a block").1
}

fn event(name: &str) -> Option<Event> {
    ClientMessage::decode(&block(name)).expect("a message").into_event()
}

fn scroll(event: Option<Event>) -> Scroll {
    match event {
        Some(Event::Scroll(scroll)) => scroll,
        other => panic!("no scroll: {other:?}"),
    }
}

#[test]
fn every_wheel_goes_by_the_one_table() {
    let page = |unit, dx, dy| InputMessage::Scroll(PageScroll { unit, trackpad: false, dx, dy }).into_event();
    let stream = |input: Input| ClientMessage::Input(input).into_event();
    for (event, dx, dy) in [
        (stream(Input::Wheel { dx: 0.0, dy: 120.0 }), 0.0, 1.8),
        (stream(Input::Wheel { dx: -100.0, dy: -200.0 }), -1.5, -3.0),
        (stream(Input::LegacyWheel { dx: 0, dy: 1 }), 0.0, 1.0),
        (stream(Input::LegacyWheel { dx: -3, dy: -128 }), -3.0, -100.0),
        (page(ScrollUnit::Pixel, 0.0, 120.0), 0.0, 1.8),
        (page(ScrollUnit::Pixel, -100.0, -200.0), -1.5, -3.0),
        (page(ScrollUnit::Line, 1.0, 5.0), 0.6, 3.0),
        (page(ScrollUnit::Page, 1.0, 1.0), 12.0, 9.0),
        (stream(Input::Wheel { dx: f32::MAX, dy: f32::MIN }), 100.0, -100.0),
        (page(ScrollUnit::Page, f32::MIN, f32::MAX), -100.0, 100.0),
    ] {
        let turned = scroll(event);
        assert_eq!((turned.dx, turned.dy), (dx, dy));
    }
}

#[test]
fn a_wheel_is_no_finger_unless_it_says_so() {
    let input = |name: &str| scroll(InputMessage::decode(&block(name)).expect("a message").into_event()).kind;
    assert_eq!(scroll(event("client-wheel")).kind, ScrollKind::Wheel);
    assert_eq!(scroll(event("client-legacy-wheel")).kind, ScrollKind::Wheel);
    assert_eq!(input("input-scroll-lines"), ScrollKind::Wheel);
    assert_eq!(input("input-scroll-pixels"), ScrollKind::Finger);
}

#[test]
fn keysyms_taps_and_text_become_events() {
    let both = Modifiers { shift: true, ctrl: true, ..Modifiers::default() };
    assert_eq!(event("client-keysym"), Some(Event::Keysym { keysym: Keysym(0x41), down: true }));
    assert_eq!(event("client-keysym-unicode"), Some(Event::Keysym { keysym: Keysym(0x0100_3042), down: false }));
    assert_eq!(event("client-keysym-tap"), Some(Event::Tap { keysym: Keysym(0xff0d), modifiers: both }));
    assert_eq!(event("client-text"), Some(Event::Text("aé😀".into())));
}

#[test]
fn a_key_code_is_the_kernels() {
    assert_eq!(event("client-key"), Some(Event::Key { code: KeyCode(30), down: true }));
}

#[test]
fn buttons_have_the_kernels_numbers() {
    let number = |button| match (Input::Button { down: true, button }).into_event() {
        Some(Event::Button { button: PointerButton(number), down: true }) => Some(number),
        _ => None,
    };
    let numbers: Vec<_> = (0..=17).map(number).collect();
    let expected: Vec<_> = [272, 274, 273].into_iter().chain(275..=287).map(Some).collect();
    assert_eq!((numbers[0], &numbers[1..17], numbers[17]), (None, &expected[..], None));
}

#[test]
fn places_are_parts_of_the_picture_and_never_outside() {
    let at =
        |x, y| Some(Event::MoveTo { x: Fraction::new(x).expect("a number"), y: Fraction::new(y).expect("a number") });
    assert_eq!(event("client-move-to"), at(0.5, 0.5));
    assert_eq!(Input::MoveTo { x: -5, y: 1000, width: 800, height: 600 }.into_event(), at(0.0, 1.0));
    assert_eq!(Input::MoveTo { x: 1, y: 1, width: 0, height: 600 }.into_event(), None);
    assert_eq!(event("client-move-by"), Some(Event::MoveBy { dx: 10.0, dy: -10.0 }));
    let Some(Event::Touch { slot: 0, phase: TouchPhase::Down, x, y }) = event("client-touch-down") else {
        panic!("no finger")
    };
    assert_eq!((Some(x), Some(y)), (Fraction::new(0.5), Fraction::new(0.25)));
}

#[test]
fn what_decoding_refuses_is_no_event_either() {
    for input in [
        Input::Wheel { dx: f32::NAN, dy: 0.0 },
        Input::Wheel { dx: 0.0, dy: f32::INFINITY },
        Input::Touch { phase: TouchPhase::Move, slot: 0, x: f32::NAN, y: 0.0 },
        Input::Button { down: true, button: 0 },
    ] {
        assert_eq!(input.clone().into_event(), None, "{input:?}");
        assert!(ClientMessage::decode(&ClientMessage::Input(input.clone()).encode()).is_err(), "{input:?}");
    }
}

#[test]
fn input_types_carry_what_the_stream_carries() {
    for (on_input, on_stream) in [
        ("input-key", "client-key"),
        ("input-move-to", "client-move-to"),
        ("input-move-by", "client-move-by"),
        ("input-touch", "client-touch-down"),
    ] {
        let message = InputMessage::decode(&block(on_input)).expect("a message");
        assert_eq!(message.into_event(), event(on_stream), "{on_input}");
        assert_eq!(block(on_input)[1..], block(on_stream)[1..], "{on_input}");
    }
}

#[test]
fn names_are_cut_at_whole_characters() {
    for name in ["é".repeat(200), "😀".repeat(70), "あ".repeat(90), format!("a{}", "é".repeat(127))] {
        let joined = |name: String| RemoteUser::Joined {
            user: ParticipantId(1),
            name,
            colour: Colour::FALLBACK,
            avatar_url: "/a".into(),
        };
        let sent = ServerMessage::RemoteUser(joined(name.clone())).encode();
        let read = ServerMessage::decode(&sent).expect("a message");
        let kept: String = name.char_indices().take_while(|(at, c)| at + c.len_utf8() <= 255).map(|(_, c)| c).collect();
        assert_eq!(read, ServerMessage::RemoteUser(joined(kept.clone())));
        let cursor =
            |name| ServerMessage::CursorName(CursorName { last_mover: ParticipantId(0), hot_x: 0, hot_y: 0, name });
        assert_eq!(ServerMessage::decode(&cursor(name).encode()), Ok(cursor(kept)));
    }
}

#[test]
fn an_address_that_does_not_fit_is_sent_as_none() {
    let joined = |avatar_url: String| {
        ServerMessage::RemoteUser(RemoteUser::Joined {
            user: ParticipantId(1),
            name: "Zoë".into(),
            colour: Colour::FALLBACK,
            avatar_url,
        })
    };
    let longest = joined("a".repeat(65_535));
    assert_eq!(ServerMessage::decode(&longest.encode()), Ok(longest));
    assert_eq!(ServerMessage::decode(&joined("a".repeat(65_536)).encode()), Ok(joined(String::new())));
}

#[test]
fn a_long_stream_error_ends_at_a_whole_character() {
    let error = ServerMessage::StreamError(StreamError::new("é".repeat(40_000)));
    let read = ServerMessage::decode(&error.encode()).expect("a message");
    assert_eq!(read, ServerMessage::StreamError(StreamError::new("é".repeat(32_767))));
}

#[test]
fn a_stream_error_has_a_first_paragraph_and_a_detail() {
    let error = StreamError::with_detail("No picture.", "scanout 3:\n\nnot enabled");
    assert_eq!((error.summary(), error.detail()), ("No picture.", Some("scanout 3:\n\nnot enabled")));
    let short = StreamError::new("No picture.");
    assert_eq!((short.summary(), short.detail()), ("No picture.", None));
}

#[test]
fn a_colour_that_is_none_is_the_fallback() {
    let mut wire = block("server-remote-cursor");
    wire.truncate(13);
    wire.extend(b"\x04blue");
    let Ok(ServerMessage::RemoteCursor(cursor)) = ServerMessage::decode(&wire) else { panic!("no cursor") };
    assert_eq!(cursor.colour, Colour::FALLBACK);
}

#[test]
fn a_bitmap_is_sent_with_its_pixels_and_hot_spot() {
    let pixels: Vec<u8> = (0..64).collect();
    let bitmap = CursorBitmap::rgba(4, 4, pixels.clone().into());
    let image = CursorImage { last_mover: ParticipantId(0), x: 9, y: 9, hot_x: 3, hot_y: 2, bitmap };
    let wire = ServerMessage::CursorImage(image).encode();
    assert_eq!(wire[13..21], [3, 0, 0, 0, 2, 0, 0, 0]);
    assert_eq!((&wire[21..25], &wire[25..29], &wire[41..]), (&[80, 0, 0, 0][..], &b"AB24"[..], &pixels[..]));
}

#[test]
fn a_bitmap_that_is_not_rgba_is_refused() {
    for (at, bytes) in [
        (25, b"AR24"),
        (29, &[0, 0, 0, 0]),
        (33, &[0, 2, 0, 1]),
        (37, &[7, 0, 0, 0]),
        (37, &[0xff; 4]),
        (21, &[15, 0, 0, 0]),
        (21, &[0xff; 4]),
        (33, &[2, 0, 0, 0]),
    ] {
        let mut wire = block("server-cursor-image");
        wire[at..at + 4].copy_from_slice(bytes);
        assert!(ServerMessage::decode(&wire).is_err(), "{bytes:?} at {at}");
    }
    for (width, height, bytes) in [(0, 0, 0), (1, 1, 3), (1, 1, 5), (513, 1, 2052), (u32::MAX, u32::MAX, 4)] {
        assert_eq!(CursorBitmap::rgba(width, height, vec![0; bytes].into()), None, "{width}x{height}");
    }
}

#[test]
fn padding_of_a_bitmaps_rows_is_left_out() {
    let mut wire = block("server-cursor-image");
    wire[21] = 16 + 32;
    wire[33] = 2;
    wire[37] = 16;
    wire.extend([9; 24]);
    let Ok(ServerMessage::CursorImage(CursorImage { bitmap: Some(bitmap), .. })) = ServerMessage::decode(&wire) else {
        panic!("no bitmap")
    };
    assert_eq!((bitmap.width(), bitmap.height(), &bitmap.pixels()[8..]), (2, 2, &[9; 8][..]));
}

#[test]
fn types_that_are_never_sent_are_unknown() {
    for kind in [0x00, 0x02, 0x03, 0x14, 0x15, 0x52, 0x57, 0xff] {
        let read = ServerMessage::decode(&[kind, 0, 0]);
        assert_eq!(read, Err(StreamWireError::UnknownType(kind)));
    }
    for kind in [0x00, 0x01, 0x18, 0x41, 0x43, 0xff] {
        assert!(ClientMessage::decode(&[kind]).expect_err("unknown").is_unknown(), "{kind:#x}");
    }
    assert!(InputMessage::decode(&[0x07]).expect_err("unknown").is_unknown());
    assert!(ClientMessage::decode(&[0x10, 4, 0, 0, 0, 0]).expect_err("unknown").is_unknown());
    assert_eq!(ClientMessage::decode(&[]), Err(StreamWireError::Empty));
}

#[test]
fn reserved_types_are_known_and_mean_nothing() {
    for kind in 0x15..=0x17 {
        let message = ClientMessage::decode(&[kind, 1, 2, 3]).expect("reserved");
        assert_eq!((message.clone(), message.into_event()), (ClientMessage::Reserved(kind), None));
    }
}

#[test]
fn codecs_have_the_numbers_of_the_page() {
    let ids: Vec<_> = Codec::ALL.into_iter().map(Codec::id).collect();
    assert_eq!(ids, [0x01, 0x02, 0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23]);
    assert!(Codec::ALL.into_iter().all(|codec| Codec::from_id(codec.id()) == Some(codec)));
    assert_eq!(Codec::from_id(0), None);
}

#[test]
fn a_control_message_of_a_later_server_is_an_error_and_later_members_are_not() {
    assert!(ServerControl::from_json(br#"{"weather":{"state":"rain"}}"#).is_err());
    assert!(ServerControl::from_json(br#"{"video":{"state":"paused","bits_per_second":null,"later":1}}"#).is_ok());
}
