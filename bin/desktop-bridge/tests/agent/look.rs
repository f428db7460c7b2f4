//! Screenshots and waiting.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;

use crate::support::{SPOT, serve};

/// Width and height of a PNG.
fn png_size(file: &[u8]) -> (u32, u32) {
    assert_eq!(file[..8], *b"\x89PNG\r\n\x1a\n");
    let number = |at: usize| u32::from_be_bytes(file[at..at + 4].try_into().expect("four bytes"));
    (number(16), number(20))
}

#[tokio::test]
async fn a_screenshot_is_a_jpeg_that_says_which_picture_it_is() {
    let server = serve("view").await;
    let answer = server.get("/screenshot").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/jpeg"));
    assert_eq!(answer.body[..3], [0xff, 0xd8, 0xff]);
    assert_eq!((answer.header("x-lunette-frame"), answer.header("x-lunette-size")), ("1", "320x192"));
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn formats_regions_and_scales_are_as_asked() {
    let server = serve("view").await;
    let answer = server.get("/screenshot?format=png&region=300,10,100,50&scale=0.5").await;
    assert_eq!((answer.header("content-type"), png_size(&answer.body)), ("image/png", (10, 25)));
    let answer = server.get("/screenshot?format=webp&include_cursor=false").await;
    assert_eq!((answer.header("content-type"), &answer.body[8..12]), ("image/webp", b"WEBP".as_slice()));
    let coarse = server.get("/screenshot?quality=1").await.body.len();
    assert!(coarse < server.get("/screenshot?quality=100").await.body.len());
}

#[tokio::test]
async fn the_pointer_is_drawn_unless_it_is_not_wanted() {
    let server = serve("view").await;
    let shot = |cursor: &'static str| {
        let path = format!("/screenshot?format=png&region=100,50,4,4&include_cursor={cursor}");
        let server = &server;
        async move { server.get(&path).await.body }
    };
    assert_ne!(shot("true").await, shot("false").await);
    assert_eq!(shot("0").await, shot("false").await);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_in_json() {
    let server = serve("view").await;
    for (path, word) in [
        ("/screenshot?format=bmp", "bmp"),
        ("/screenshot?quality=0", "quality"),
        ("/screenshot?quality=101", "quality"),
        ("/screenshot?region=1,2,3", "region"),
        ("/screenshot?region=0,0,0,0", "region"),
        ("/screenshot?region=320,0,1,1", "no pixel"),
        ("/screenshot?scale=0", "scale"),
        ("/screenshot?scale=NaN", "scale"),
        ("/screenshot?scale=2", "scale"),
        ("/screenshot?since=-1", "since"),
        ("/screenshot?since=1&scale=0.5", "since"),
        ("/screenshot?format=png&format=jpeg", "twice"),
        ("/wait", "change_since"),
        ("/wait?change_since=1&stable_ms=1", "change_since"),
        ("/wait?stable_ms=60001", "stable_ms"),
        ("/wait?stable_ms=1&timeout_ms=x", "timeout_ms"),
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, 400, "{path}");
        assert!(answer.error().contains(word), "{path}: {}", answer.error());
    }
    for path in ["/screenshot", "/wait"] {
        let answer = server.post(path, &json!({})).await;
        assert_eq!((answer.status, answer.error().is_empty()), (405, false));
    }
}

#[tokio::test]
async fn who_was_not_let_in_sees_nothing() {
    let server = serve("nobody").await;
    for path in ["/screenshot", "/wait?stable_ms=1", "/files", "/file?name=a"] {
        assert_eq!(server.get(path).await.status, 401, "{path}");
    }
    for path in ["/input", "/exec", "/mcp", "/upload"] {
        assert_eq!(server.post(path, &json!({})).await.status, 401, "{path}");
    }
}

#[tokio::test]
async fn only_what_changed_is_sent_to_who_has_the_rest() {
    let mut server = serve("view").await;
    server.get("/screenshot").await;
    let answer = server.get("/screenshot?since=1&format=png").await.json();
    assert_eq!(answer, json!({"frame": 1, "size": {"width": 320, "height": 192}, "rects": []}));
    let frame = server.screen.paint(SPOT, 30);
    server.seen(frame).await;
    let answer = server.get("/screenshot?since=1&format=png").await.json();
    let rects = answer["rects"].as_array().expect("a list");
    assert_eq!((answer["frame"].as_u64(), rects.len()), (Some(frame), 1));
    let number = |name: &str| u32::try_from(rects[0][name].as_u64().expect("a number")).expect("small");
    assert!(number("x") <= 64 && number("y") <= 64 && number("x") + number("width") >= 80, "{answer}");
    let file = BASE64.decode(rects[0]["data"].as_str().expect("text")).expect("base64");
    assert_eq!((rects[0]["format"].as_str(), png_size(&file)), (Some("png"), (number("width"), number("height"))));
}

#[tokio::test]
async fn who_has_something_unknown_gets_the_whole_picture() {
    let server = serve("view").await;
    let answer = server.get("/screenshot?since=9&format=png").await.json();
    assert_eq!((answer["whole"].as_bool(), answer["rects"][0]["width"].as_u64()), (Some(true), Some(320)));
}

#[tokio::test]
async fn waiting_ends_with_the_change_or_with_the_time() {
    let mut server = serve("view").await;
    server.get("/screenshot").await;
    let answer = server.get("/wait?change_since=1&timeout_ms=0").await.json();
    assert_eq!((answer["changed"].as_bool(), answer["timed_out"].as_bool()), (Some(false), Some(true)));
    server.screen.paint(SPOT, 30);
    let answer = server.get("/wait?change_since=1&timeout_ms=20000").await.json();
    assert_eq!((answer["frame"].as_u64(), answer["changed"].as_bool()), (Some(2), Some(true)));
    let answer = server.get("/wait?change_since=1&timeout_ms=0&region=200,100,50,50").await.json();
    assert_eq!(answer["changed"].as_bool(), Some(false));
    let answer = server.get("/wait?stable_ms=50&timeout_ms=20000").await.json();
    assert_eq!((answer["frame"].as_u64(), answer["stable"].as_bool()), (Some(2), Some(true)));
    let answer = server.get("/wait?stable_ms=60000&timeout_ms=0").await.json();
    assert_eq!((answer["stable"].as_bool(), answer["timed_out"].as_bool()), (Some(false), Some(true)));
}
