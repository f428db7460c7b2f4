//! Who may.

use lunette_wire::stream::{Input, InputStanding, RefusedThing};
use tokio_tungstenite::tungstenite::Error;

use crate::support::{Arrival, Bridge, Request, TOKENS, knowing};

/// The status of a handshake that failed.
fn refused(error: &Error) -> u16 {
    match error {
        Error::Http(response) => response.status().as_u16(),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn the_subprotocol_carries_the_token_in_and_not_out() {
    let bridge = Bridge::guarded("still");
    let (mut viewer, response) =
        Request::of(&bridge, "/ws/stream").offering(TOKENS.control).connect().await.expect("let in");
    assert_eq!(response.headers()["sec-websocket-protocol"], "lunette");
    assert!(!format!("{:?}", response.headers()).contains(TOKENS.control));
    viewer.init(&knowing("Zoë")).await;
    assert_eq!(viewer.input_state().await.you, InputStanding::Free);
    let (_, response) = Request::of(&bridge, "/ws/stream").bearer(TOKENS.view).connect().await.expect("let in");
    assert!(response.headers().get("sec-websocket-protocol").is_none(), "none was offered");
}

#[tokio::test]
async fn strangers_get_a_stream_error_and_4001() {
    let bridge = Bridge::guarded("still");
    let stream = || Request::of(&bridge, "/ws/stream");
    let input = || Request::of(&bridge, "/ws/input");
    for request in [
        stream(),
        stream().bearer(TOKENS.unknown),
        stream().offering(TOKENS.unknown),
        stream().offering("short"),
        input(),
        input().offering(TOKENS.unknown),
        input().offering(TOKENS.view),
    ] {
        let (cause, code) = request.open().await.end().await;
        assert_eq!(code, Some(4001));
        assert!(cause.is_some_and(|cause| cause.contains("token")));
    }
}

#[tokio::test]
async fn a_stranger_is_answered_in_the_protocol_that_it_offered() {
    let bridge = Bridge::guarded("still");
    // Browsers fail a connection whose server chooses no protocol of theirs, and do not tell the page why.
    let (_, response) =
        Request::of(&bridge, "/ws/stream").offering(TOKENS.unknown).connect().await.expect("a WebSocket");
    assert_eq!(response.headers()["sec-websocket-protocol"], "lunette");
}

#[tokio::test]
async fn whoever_tries_tokens_has_to_wait() {
    let bridge = Bridge::guarded("still");
    let mut statuses = Vec::new();
    for _ in 0..20 {
        match Request::of(&bridge, "/ws/stream").bearer(TOKENS.unknown).connect().await {
            Ok((mut viewer, _)) => assert_eq!(viewer.end().await.1, Some(4001)),
            Err(error) => statuses.push(refused(&error)),
        }
    }
    assert!(!statuses.is_empty() && statuses.iter().all(|status| *status == 429), "{statuses:?}");
}

#[tokio::test]
async fn a_foreign_origin_is_turned_away() {
    let bridge = Bridge::showing("still");
    let request = || Request::of(&bridge, "/ws/stream");
    for turned_away in [
        request().header("origin", "https://example.org"),
        request().header("origin", "null"),
        request().header("host", "example.org"),
        request().header("sec-fetch-site", "cross-site").header("origin", "http://127.0.0.1:1"),
    ] {
        let error = turned_away.connect().await.err().expect("turned away");
        assert_eq!(refused(&error), 403);
    }
    let own = format!("http://{}", bridge.address());
    let mut viewer = request().header("origin", &own).open().await;
    viewer.init(&knowing("Zoë")).await;
    assert!(viewer.frame().await.head.keyframe);
}

#[tokio::test]
async fn who_may_only_view_sees_and_is_refused_input() {
    let bridge = Bridge::guarded("still");
    let mut viewer = Request::of(&bridge, "/ws/stream").bearer(TOKENS.view).open().await;
    viewer.init(&knowing("Zoë")).await;
    let capabilities = viewer.complete().await.capabilities;
    assert!(!capabilities.clipboard && !capabilities.resize, "{capabilities:?}");
    assert_eq!(viewer.input_state().await.you, InputStanding::ViewOnly);
    assert!(viewer.frame().await.head.keyframe);
    viewer.input(Input::Text("x".to_owned())).await;
    let refused = viewer.refused().await;
    assert_eq!(refused.what, RefusedThing::Input);
    assert!(refused.reason.contains("view only"), "{}", refused.reason);
    assert!(bridge.events().is_empty());
}

#[tokio::test]
async fn an_agents_token_takes_part_as_an_agent_under_its_name() {
    let bridge = Bridge::guarded("still");
    let mut agent = Request::of(&bridge, "/ws/stream").bearer(TOKENS.agent).open().await;
    agent.init(&knowing("somebody else")).await;
    agent.input_state().await;
    agent.input(Input::Text("x".to_owned())).await;
    let holder = agent.input_state().await.holder.expect("it is its own");
    assert_eq!((holder.name.as_str(), holder.kind), ("builder", lunette_input_events::Kind::Agent));
    assert!(!matches!(agent.next().await, Arrival::Closed(_)));
}
