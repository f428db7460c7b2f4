//! The way to bridges.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::hydra::{Hydra, LAST_PICTURE};
use crate::plane::{PATIENCE, Plane};

pub(crate) async fn socket(plane: &Plane, token: &str, path: &str) -> WebSocketStream<TcpStream> {
    let stream = TcpStream::connect(plane.address).await.unwrap();
    let mut request = format!("ws://{}{path}", plane.address).into_client_request().unwrap();
    let protocols = format!("lunette, lunette.bearer.{token}");
    request.headers_mut().insert("sec-websocket-protocol", protocols.parse().unwrap());
    tokio_tungstenite::client_async(request, stream).await.unwrap().0
}

async fn next(socket: &mut WebSocketStream<TcpStream>) -> Option<Message> {
    timeout(PATIENCE, socket.next()).await.expect("in time").and_then(Result::ok)
}

#[tokio::test]
async fn a_bridge_hears_what_the_caller_may_do_and_nothing_of_ours() {
    let hydra = Hydra::start().await;
    let plane = Plane::start(&hydra).await;
    plane.desktop("one").await;
    for (scope, bridge) in
        [("view", "the-view"), ("control", "the-control"), ("agent", "the-agent"), ("operate", "the-view")]
    {
        let token = plane.token(&[scope], None).await;
        let said =
            plane.by(&token, "get", "/api/v1/desktops/one/bridge/status?a=%2F", &Value::Null).await.is(200).json();
        assert_eq!(said["token"], format!("Bearer {bridge}"), "{scope}");
        assert_eq!((&said["cookie"], &said["origin"]), (&json!(false), &json!(false)));
    }
    plane.get("/api/v1/external-agents/one/clipboard").await.is(200);
    assert_eq!(hydra.bridged().last().unwrap().0, "clipboard");
    plane.get("/api/v1/external-agents/none/clipboard").await.is(404);
    plane.post("/api/v1/desktops/one/stop?wait=15", &Value::Null).await.is(202);
    plane.get("/api/v1/external-agents/one/clipboard").await.is(409);
}

#[tokio::test]
async fn a_bridge_is_told_whose_request_it_is_whatever_the_request_says() {
    let hydra = Hydra::start().await;
    let plane = Plane::start(&hydra).await;
    plane.desktop("one").await;
    let token = plane.token(&["control"], None).await;
    let bearer = format!("Bearer {token}");
    let claims = [("authorization", bearer.as_str()), ("lunette-user", "admin"), ("lunette-user", "another")];
    let said = plane.send("get", "/api/v1/desktops/one/bridge/status", &claims, "").await.is(200).json();
    assert_eq!(said["user"], "control", "the token's own name");
    let person = json!({ "name": "Zoë", "password": "correct horse", "scopes": ["view"] });
    plane.post("/api/v1/users", &person).await.is(201);
    let login = json!({ "user": "Zoë", "password": "correct horse" }).to_string();
    let entered = plane.send("post", "/api/v1/session", &[], &login).await.is(200);
    let cookie = entered.header("set-cookie").split(';').next().unwrap().to_owned();
    let headers = [("cookie", cookie.as_str()), ("lunette-user", "admin")];
    let said = plane.send("get", "/api/v1/desktops/one/bridge/status", &headers, "").await.is(200).json();
    assert_eq!(said["user"], "Zoë");
}

#[tokio::test]
async fn a_websocket_passes_both_ways_is_listed_and_can_be_ended() {
    let hydra = Hydra::start().await;
    let plane = Plane::start(&hydra).await;
    plane.desktop("one").await;
    let token = plane.token(&["control"], None).await;
    let mut socket = socket(&plane, &token, "/api/v1/external-agents/one/ws/stream").await;
    let big = "x".repeat(300_000);
    socket.send(Message::text(big.clone())).await.unwrap();
    assert_eq!(next(&mut socket).await.unwrap().into_text().unwrap().as_str(), big);
    let viewer = plane.get("/api/v1/viewers").await.json()[0].clone();
    assert_eq!((&viewer["desktop"], &viewer["who"]), (&json!("one"), &json!("control")));
    let path = format!("/api/v1/viewers/{}", viewer["id"]);
    plane.by(&plane.admin, "delete", &path, &Value::Null).await.is(204);
    while next(&mut socket).await.is_some_and(|message| !message.is_close()) {}
    plane.by(&plane.admin, "delete", &path, &Value::Null).await.is(404);
}

#[tokio::test]
async fn a_way_that_is_cut_ends_cleanly_and_at_once() {
    let hydra = Hydra::start().await;
    let plane = Plane::start(&hydra).await;
    plane.desktop("one").await;
    let mut socket = socket(&plane, &plane.admin, "/d/one/ws/stream").await;
    socket.send(Message::text("here")).await.unwrap();
    assert!(next(&mut socket).await.unwrap().is_text());
    let began = Instant::now();
    socket.send(Message::text("end")).await.unwrap();
    let Some(Message::Close(Some(close))) = next(&mut socket).await else { panic!("no close") };
    assert_eq!(u16::from(close.code), 1012);
    assert!(began.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn the_wall_tells_what_changes_and_why_there_is_no_picture() {
    let hydra = Hydra::start().await;
    let plane = Plane::start(&hydra).await;
    let mut wall = socket(&plane, &plane.admin, "/api/v1/wall").await;
    let list = |message: Message| serde_json::from_str::<Value>(message.to_text().unwrap()).unwrap();
    assert_eq!(list(next(&mut wall).await.unwrap()), json!({ "type": "desktops", "desktops": [] }));
    plane.desktop("one").await;
    loop {
        let told = next(&mut wall).await.unwrap();
        if told.is_text() && list(told)["desktops"][0]["state"] == "running" {
            break;
        }
    }
    wall.send(Message::text(json!({ "type": "watch", "ids": ["one"] }).to_string())).await.unwrap();
    let told = loop {
        let told = next(&mut wall).await.unwrap();
        if told.is_text() && list(told.clone())["type"] == "sight" {
            break list(told);
        }
    };
    assert_eq!((&told["id"], &told["why"]), (&json!("one"), &json!("its host's pictures are not reached from here")));
}

#[tokio::test]
async fn a_stopped_desktop_is_shown_as_it_looked_at_last_and_marked_as_paused() {
    let hydra = Hydra::start().await;
    let mut plane = Plane::start(&hydra).await;
    plane.desktop("one").await;
    let path = "/api/v1/external-agents/one/screenshot";
    assert_eq!(plane.get(path).await.is(200).header("x-paused-screenshot"), "false");
    plane.post("/api/v1/desktops/one/stop?wait=15", &Value::Null).await.is(202);
    let paused = plane.get(path).await.is(200);
    assert_eq!((paused.header("x-paused-screenshot"), paused.header("content-type")), ("true", "image/jpeg"));
    assert_eq!(&*paused.body, LAST_PICTURE);
    let bearer = format!("Bearer {}", plane.admin);
    let again = [("authorization", bearer.as_str()), ("if-none-match", paused.header("etag"))];
    let unchanged = plane.send("get", path, &again, "").await.is(304);
    assert_eq!(unchanged.header("x-paused-screenshot"), "true");
    plane.get(&format!("{path}?format=png")).await.is(409);
    // What is kept outlives the control plane, and not the desktop.
    plane.restart().await;
    assert_eq!(&*plane.get(path).await.is(200).body, LAST_PICTURE);
    plane.post("/api/v1/desktops/one/start?wait=15", &Value::Null).await.is(202);
    assert_eq!(plane.get(path).await.is(200).header("x-paused-screenshot"), "false");
    plane.post("/api/v1/desktops/one/stop?wait=15", &Value::Null).await.is(202);
    assert!(plane.state("pictures/one.jpg").exists());
    plane.by(&plane.admin, "delete", "/api/v1/desktops/one?wait=15", &Value::Null).await.is(200);
    plane.get(path).await.is(404);
    assert!(!plane.state("pictures/one.jpg").exists());
}

#[tokio::test]
async fn a_desktop_that_was_stopped_without_a_picture_has_none() {
    let hydra = Hydra::start().await;
    let plane = Plane::start(&hydra).await;
    plane.desktop("one").await;
    plane.post("/api/v1/desktops/one/stop?wait=15", &Value::Null).await.is(202);
    std::fs::remove_file(plane.state("pictures/one.jpg")).unwrap();
    let refused = plane.get("/api/v1/desktops/one/screenshot").await.is(409);
    assert!(refused.json()["error"].as_str().unwrap().contains("no last picture"), "{refused:?}");
}
