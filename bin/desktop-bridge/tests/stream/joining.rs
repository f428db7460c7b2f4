//! How a connection starts.

use std::time::Duration;

use lunette_wire::stream::{ClientControl, Question, RemoteUser, ServerControl, ServerMessage, ServerText};
use tokio::time::Instant;

use crate::support::{Arrival, Bridge, Eye, Viewer, earlier, knowing};

/// What came, in a word.
fn word(arrival: &Arrival) -> &'static str {
    match arrival {
        Arrival::Message(ServerMessage::StreamInit(_)) => "stream init",
        Arrival::Message(ServerMessage::CursorImage(_) | ServerMessage::CursorName(_)) => "cursor",
        Arrival::Text(ServerText::ConnectionComplete(_)) => "complete",
        Arrival::Message(ServerMessage::SelfId(_)) => "self id",
        Arrival::Message(ServerMessage::RemoteUser(RemoteUser::Joined { .. })) => "join",
        Arrival::Message(ServerMessage::Control(ServerControl::Input(_))) => "input",
        Arrival::Message(ServerMessage::Video(frame)) if frame.head.keyframe => "keyframe",
        Arrival::Message(ServerMessage::Video(_)) => "frame",
        _ => "something else",
    }
}

async fn words(viewer: &mut Viewer) -> Vec<&'static str> {
    let mut words = Vec::new();
    while words.last() != Some(&"keyframe") {
        words.push(word(&viewer.next().await));
    }
    words
}

#[tokio::test]
async fn a_connection_starts_in_the_order_of_the_page() {
    let bridge = Bridge::showing("typing");
    let _other = Viewer::watching(&bridge, &earlier("Ada")).await;
    // Several times: what goes right by chance would not always.
    for _ in 0..8 {
        let mut viewer = Viewer::join(&bridge, &knowing("Zoë")).await;
        let order = ["stream init", "complete", "self id", "join", "join", "input", "keyframe"];
        assert_eq!(words(&mut viewer).await, order);
        viewer.leave().await;
        let mut viewer = Viewer::join(&bridge, &earlier("Zoë")).await;
        assert_eq!(words(&mut viewer).await, ["stream init", "complete", "self id", "join", "join", "keyframe"]);
        viewer.leave().await;
    }
}

#[tokio::test]
async fn a_joiner_on_a_still_screen_gets_a_picture() {
    let bridge = Bridge::showing("still");
    let (mut first, shown) = Viewer::watching(&bridge, &knowing("Zoë")).await;
    let mut eye = Eye::new();
    eye.look(&shown);
    for number in 0..5 {
        let asked = Instant::now();
        let (viewer, frame) = Viewer::watching(&bridge, &knowing("Ada")).await;
        assert!(frame.head.keyframe, "joiner {number}");
        Eye::new().look(&frame);
        assert!(asked.elapsed() < Duration::from_secs(5), "joiner {number}: {:?}", asked.elapsed());
        viewer.leave().await;
    }
    // Whoever watches is shown nothing again.
    first.control(ClientControl { ask: Some(Question::Hops), ..ClientControl::default() }).await;
    first
        .until(|message| match message {
            ServerMessage::Video(frame) => panic!("the same picture again at {}", frame.head.pts_us),
            ServerMessage::Control(ServerControl::Hops(_)) => Some(()),
            _ => None,
        })
        .await;
}

#[tokio::test]
async fn a_joiner_at_any_moment_decodes_every_frame_once() {
    let bridge = Bridge::showing("scroll");
    let (mut witness, first) = Viewer::watching(&bridge, &earlier("Ada")).await;
    let mut eye = Eye::new();
    eye.look(&first);
    for joiner in 0..12 {
        // Between no two joins is the same number of frames.
        for _ in 0..joiner {
            eye.look(&witness.frame().await);
        }
        let init = if joiner % 2 == 0 { knowing("Zoë") } else { earlier("Zoë") };
        let (mut viewer, first) = Viewer::watching(&bridge, &init).await;
        assert!(first.head.keyframe);
        let mut own = Eye::new();
        let mut seen = vec![own.look(&first)];
        let mut live = 0;
        while live < 8 {
            let frame = viewer.frame().await;
            assert!(live == 0 || !frame.head.replay, "what is replayed comes first");
            live += usize::from(!frame.head.replay);
            seen.push(own.look(&frame));
        }
        assert!(seen.is_sorted(), "{seen:?}");
        drop(viewer);
        eye.look(&witness.frame().await);
    }
}

#[tokio::test]
async fn capture_times_increase_across_replay_and_live() {
    let bridge = Bridge::showing("typing");
    let (_first, _) = Viewer::watching(&bridge, &knowing("Ada")).await;
    let (mut viewer, first) = Viewer::watching(&bridge, &knowing("Zoë")).await;
    let (mut last, mut replayed, mut live) = (first.head.pts_us, 1, 0);
    assert!(first.head.replay, "others have seen it");
    while live < 10 {
        let frame = viewer.frame().await;
        assert!(frame.head.pts_us > last);
        last = frame.head.pts_us;
        if frame.head.replay {
            replayed += 1;
        } else {
            live += 1;
        }
    }
    assert!(replayed >= 1);
}
