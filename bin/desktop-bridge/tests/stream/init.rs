//! What a client says first, and what it is told.

use lunette_capture::pattern::Kind;
use lunette_frame::Size;
use lunette_wire::stream::{ClientControl, Init, Ping, ServerMessage};
use lunette_wire::stream::{ClientMessage, ServerText};
use std::num::NonZeroU32;

use crate::support::{Arrival, Bridge, Machine, Request, Viewer, earlier, knowing};

#[tokio::test]
async fn stream_init_and_connection_complete_say_the_same_about_touch() {
    let bridge = Bridge::showing("still");
    let mut viewer = Viewer::join(&bridge, &earlier("Zoë")).await;
    let ServerMessage::StreamInit(init) = viewer.message().await else { panic!("it comes first") };
    let complete = viewer.complete().await;
    assert!(init.touch && complete.capabilities.touch);
    assert_eq!((u32::from(init.width), u32::from(init.height)), (complete.width, complete.height));
}

#[tokio::test]
async fn sizes_are_those_of_the_sps_whatever_the_client_asked_for() {
    let bridge = Bridge::showing("typing");
    let asked = |width| NonZeroU32::new(width);
    let init = Init { width: asked(3840), height: asked(2160), ..knowing("Zoë") };
    let mut viewer = Viewer::join(&bridge, &init).await;
    let ServerMessage::StreamInit(init) = viewer.message().await else { panic!("it comes first") };
    assert_eq!((init.width, init.height), (640, 360));
    let complete = viewer.complete().await;
    assert_eq!((complete.width, complete.height), (640, 360));
    let frame = viewer.frame().await;
    assert_eq!((frame.size(), crate::support::size_in(&frame)), (Size::new(640, 360), Size::new(640, 360)));
    // Another size later: the frames say so.
    let resize = lunette_wire::stream::Resize::to(Size::new(480, 270));
    viewer.control(ClientControl { resize, ..ClientControl::default() }).await;
    loop {
        let frame = viewer.frame().await;
        if frame.head.keyframe && frame.size() != Size::new(640, 360) {
            assert_eq!((frame.size(), crate::support::size_in(&frame)), (Size::new(480, 270), Size::new(480, 270)));
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_viewer_of_a_scanout_is_told_its_size_and_not_its_own_wish() {
    let machine = Machine::showing(Kind::Still).await;
    let bridge = Bridge::start(&["--source", "scanout", "--scanout", "0", "--export", &machine.address.to_string()]);
    let asked = |width| NonZeroU32::new(width);
    let init = Init { width: asked(3840), height: asked(2160), fps: 240, ..knowing("Zoë") };
    let mut viewer = Viewer::join(&bridge, &init).await;
    let ServerMessage::StreamInit(init) = viewer.message().await else { panic!("it comes first") };
    assert_eq!((init.width, init.height, init.fps), (320, 180, 60));
}

#[tokio::test]
async fn binary_before_the_init_is_ignored() {
    let bridge = Bridge::showing("still");
    let mut viewer = Request::of(&bridge, "/ws/stream").open().await;
    viewer.bytes(&[0x10, 0, 1, 0, 0, 30]).await;
    viewer.say(&ClientMessage::Ping(Ping { seq: 1, client_time_us: 1 })).await;
    viewer.bytes(b"anything").await;
    viewer.init(&knowing("Zoë")).await;
    let first = viewer.message().await;
    assert!(matches!(first, ServerMessage::StreamInit(_)), "{first:?}");
    assert!(viewer.frame().await.head.keyframe);
    assert!(bridge.events().is_empty());
}

#[tokio::test]
async fn a_first_text_that_is_no_init_is_answered_and_closed() {
    let bridge = Bridge::showing("still");
    for (text, named) in [
        ("hello", "JSON"),
        (r#"{"type":"hello"}"#, "init"),
        (r#"{"type":"init","width":"wide"}"#, "width"),
        (r#"["init"]"#, "JSON"),
    ] {
        let mut viewer = Request::of(&bridge, "/ws/stream").open().await;
        viewer.text(text).await;
        let (cause, code) = viewer.end().await;
        assert_eq!(code, Some(1008), "{text}");
        assert!(cause.as_ref().is_some_and(|cause| cause.contains(named)), "{text}: {cause:?}");
    }
}

#[tokio::test]
async fn an_earlier_client_gets_nothing_that_it_does_not_know() {
    let bridge = Bridge::showing("typing");
    let (mut viewer, _) = Viewer::watching(&bridge, &earlier("Zoë")).await;
    let (mut other, _) = Viewer::watching(&bridge, &knowing("Ada")).await;
    other.input(lunette_wire::stream::Input::Text("x".to_owned())).await;
    let control = ClientControl {
        timings: Some(true),
        ask: Some(lunette_wire::stream::Question::Hops),
        input: Some(lunette_wire::stream::InputRequest::Take),
        ..ClientControl::default()
    };
    viewer.control(control).await;
    viewer.input(lunette_wire::stream::Input::Text("y".to_owned())).await;
    viewer.bytes(b"\x20{\"timings\": 7}").await;
    viewer.say(&ClientMessage::Ping(Ping { seq: 1, client_time_us: 1 })).await;
    let (mut frames, mut pongs) = (0, 0);
    while frames < 20 || pongs < 1 {
        match viewer.next().await {
            Arrival::Message(ServerMessage::Video(_)) => frames += 1,
            Arrival::Message(ServerMessage::Pong(pong)) => {
                pongs += 1;
                assert_eq!(pong.stream_clock, lunette_wire::stream::StreamClock::Untold);
            }
            Arrival::Message(ServerMessage::Control(_) | ServerMessage::Timing(_)) => panic!("an extension"),
            Arrival::Message(_) | Arrival::Text(ServerText::ConnectionComplete(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_wrong_message_ends_nothing() {
    let bridge = Bridge::showing("still");
    let (mut viewer, _) = Viewer::watching(&bridge, &knowing("Zoë")).await;
    for wrong in [
        &b""[..],
        b"\xff\xff",
        b"\x10",
        b"\x10\x09\x01",
        // A reference size of 0, and one below it.
        b"\x12\x01\x00\x08\x00\x08\x00\x00\x00\x00",
        b"\x12\x01\x00\x08\x00\x08\xff\xff\xff\xff",
        b"\x11\x03\x00\x00\xc0\x7f\x00\x00\xc0\x7f",
        b"\x10\x00\x01\x00\xff\xff",
        b"\x15\x00",
        b"\x40\x00",
        b"\x20{",
    ] {
        viewer.bytes(wrong).await;
    }
    viewer.text("{}").await;
    viewer.say(&ClientMessage::Ping(Ping { seq: 7, client_time_us: 8 })).await;
    let pong = viewer
        .until(|message| match message {
            ServerMessage::Pong(pong) => Some(pong),
            _ => None,
        })
        .await;
    assert_eq!((pong.seq, pong.client_time_us), (7, 8));
    assert!(bridge.events().is_empty());
}
