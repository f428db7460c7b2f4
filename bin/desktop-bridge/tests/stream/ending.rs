//! How a connection ends.

use lunette_wire::stream::{Init, VideoMode};
use serde_json::json;

use crate::support::{Bridge, Request, TOKENS, Viewer, earlier, knowing, post};

#[tokio::test]
async fn every_close_with_a_cause_has_a_stream_error_before_it() {
    let bridge = Bridge::guarded("typing");
    let open = || Request::of(&bridge, "/ws/stream").bearer(TOKENS.control).open();
    let mut ends = Vec::new();

    let mut stranger = Request::of(&bridge, "/ws/stream").open().await;
    ends.push((4001, stranger.end().await));

    let mut babbler = open().await;
    babbler.text("hello").await;
    ends.push((1008, babbler.end().await));

    let mut wordy = open().await;
    wordy.text(&format!("{{\"type\":\"init\",\"x\":\"{}\"}}", "x".repeat(70_000))).await;
    ends.push((1008, wordy.end().await));

    let mut heavy = open().await;
    heavy.init(&knowing("Zoë")).await;
    heavy.frame().await;
    heavy.bytes(&[0x42; (64 << 10) + 1]).await;
    ends.push((1008, heavy.end().await));

    let same = Init { client_unique_id: Some("0c9f3a52".to_owned()), ..earlier("Zoë") };
    let mut older = open().await;
    older.init(&same).await;
    older.frame().await;
    let mut newer = open().await;
    newer.init(&same).await;
    ends.push((4000, older.end().await));

    let mut other = open().await;
    other.init(&earlier("Ada")).await;
    other.frame().await;
    newer.frame().await;
    bridge.tell_to_end();
    ends.push((4003, newer.end().await));
    ends.push((4003, other.end().await));

    for (expected, (cause, code)) in ends {
        assert_eq!(code, Some(expected), "{cause:?}");
        assert!(cause.is_some_and(|cause| !cause.is_empty()), "{expected} without a cause");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_of_capturing_that_there_is_not_is_answered() {
    let bridge = Bridge::start(&["--source", "scanout", "--scanout", "0", "--export", "127.0.0.1:1"]);
    let mut viewer = Viewer::join(&bridge, &Init { video_mode: Some(VideoMode::ZeroCopy), ..earlier("Zoë") }).await;
    let (cause, code) = viewer.end().await;
    assert_eq!(code, Some(1008));
    assert!(cause.is_some_and(|cause| cause.contains("captured")));
}

#[tokio::test]
async fn a_good_bye_is_answered() {
    let bridge = Bridge::showing("typing");
    let (viewer, _) = Viewer::watching(&bridge, &knowing("Zoë")).await;
    viewer.leave().await;
}

#[tokio::test]
async fn a_program_that_was_here_a_moment_ago_holds_up_no_end() {
    let bridge = Bridge::showing("still");
    let typed = post(&bridge, "/input", &json!({"events": [{"type": "key", "key": "a"}]})).await;
    assert_eq!(typed.status, 200, "{}", typed.body);
    let log = bridge.end();
    assert!(!log.contains("not every viewer was told"), "{log}");
}
