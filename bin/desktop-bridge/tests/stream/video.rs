//! Pictures while a connection lasts.

use std::time::Duration;

use lunette_wire::stream::{ClientControl, ClientMessage, Ping, Playing, ServerControl, ServerMessage, StreamClock};
use tokio::time::Instant;

use crate::support::{Arrival, Bridge, Eye, Viewer, knowing};

fn enabled(enabled: bool) -> ClientControl {
    ClientControl { set_video_enabled: Some(enabled), ..ClientControl::default() }
}

async fn until_pong(viewer: &mut Viewer, seq: u32) -> usize {
    let mut frames = 0;
    viewer.say(&ClientMessage::Ping(Ping { seq, client_time_us: 1 })).await;
    loop {
        match viewer.message().await {
            ServerMessage::Video(_) => frames += 1,
            ServerMessage::Pong(pong) if pong.seq == seq => return frames,
            _ => {}
        }
    }
}

#[tokio::test]
async fn video_that_is_switched_on_again_starts_with_a_keyframe() {
    for pattern in ["still", "typing"] {
        let bridge = Bridge::showing(pattern);
        let (mut viewer, first) = Viewer::watching(&bridge, &knowing("Zoë")).await;
        let mut eye = Eye::new();
        eye.look(&first);
        for _ in 0..3 {
            viewer.control(enabled(false)).await;
            viewer
                .until(|message| match message {
                    ServerMessage::Control(ServerControl::Video(state)) if state.state == Playing::Paused => Some(()),
                    ServerMessage::Video(frame) => {
                        eye.look(&frame);
                        None
                    }
                    _ => None,
                })
                .await;
            assert_eq!(until_pong(&mut viewer, 1).await, 0, "paused");
            let asked = Instant::now();
            viewer.control(enabled(true)).await;
            let frame = viewer.frame().await;
            let took = asked.elapsed();
            assert!(frame.head.keyframe);
            // It starts anew: what it is sent to catch up it may have seen before.
            eye.starts_anew();
            eye.look(&frame);
            // 200 ms where nothing else runs.
            assert!(took < Duration::from_secs(2), "{pattern}: {took:?}");
        }
    }
}

#[tokio::test]
async fn timings_follow_their_frames_while_they_are_wanted() {
    let bridge = Bridge::showing("typing");
    let (mut viewer, _) = Viewer::watching(&bridge, &knowing("Zoë")).await;
    viewer.control(ClientControl { timings: Some(true), ..ClientControl::default() }).await;
    let (mut last, mut told) = (0, 0);
    while told < 10 {
        match viewer.message().await {
            ServerMessage::Video(frame) => last = frame.head.pts_us,
            ServerMessage::Timing(timing) => {
                told += 1;
                assert_eq!(timing.pts_us, last, "it follows its frame");
                let encoded = timing.encoded_us.expect("encoded here");
                assert!(encoded <= timing.sent_us && timing.sent_us < 5_000_000, "{timing:?}");
            }
            _ => {}
        }
    }
    viewer.control(ClientControl { timings: Some(false), ..ClientControl::default() }).await;
    until_pong(&mut viewer, 1).await;
    for _ in 0..10 {
        assert!(!matches!(viewer.next().await, Arrival::Message(ServerMessage::Timing(_))));
    }
}

#[tokio::test]
async fn a_still_screen_becomes_finer_then_sends_no_frames_and_answers_pings() {
    const SETTLING: Duration = Duration::from_secs(1);
    let bridge = Bridge::showing("still");
    let (mut viewer, first) = Viewer::watching(&bridge, &knowing("Zoë")).await;
    Eye::new().look(&first);
    let began = Instant::now();
    let (mut seq, mut last_clock) = (0, first.head.pts_us);
    // As often as viewers ping, for three seconds.
    let mut interval = tokio::time::interval(Duration::from_millis(100));
    while began.elapsed() < Duration::from_secs(3) {
        interval.tick().await;
        seq += 1;
        viewer.say(&ClientMessage::Ping(Ping { seq, client_time_us: 1 })).await;
        loop {
            match viewer.message().await {
                ServerMessage::Video(frame) if began.elapsed() < SETTLING => last_clock = frame.head.pts_us,
                ServerMessage::Video(frame) => panic!("a frame at {} of what is still", frame.head.pts_us),
                ServerMessage::Pong(pong) => {
                    assert_eq!((pong.seq, pong.client_time_us), (seq, 1));
                    let StreamClock::Now(now) = pong.stream_clock else { panic!("{pong:?}") };
                    assert!(now.get() >= last_clock, "the frames' clock goes on");
                    last_clock = now.get();
                    break;
                }
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn a_rate_that_a_viewer_wants_is_no_others_business() {
    let bridge = Bridge::showing("scroll");
    let (mut slow, first) = Viewer::watching(&bridge, &knowing("Zoë")).await;
    let (mut other, others_first) = Viewer::watching(&bridge, &knowing("Ada")).await;
    let ceiling: ClientControl = serde_json::from_str(r#"{"max_bitrate": 300}"#).expect("of the protocol");
    slow.control(ceiling).await;
    let (mut eye, mut others_eye) = (Eye::new(), Eye::new());
    eye.look(&first);
    others_eye.look(&others_first);
    for _ in 0..20 {
        others_eye.look(&other.frame().await);
        eye.look(&slow.frame().await);
    }
}
