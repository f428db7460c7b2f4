//! Hosts that dial in.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use lunette_relay::{RunnerClient, Target, Trust};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Message;

use crate::gateway::socket;
use crate::hydra::Hydra;
use crate::plane::{PATIENCE, Plane};

/// A host that dials in until it is dropped.
struct Runner {
    _end: oneshot::Sender<()>,
    _running: JoinHandle<()>,
}

fn runner(plane: &Plane, name: &str, token: &str, hydra: &Hydra) -> Runner {
    let server = format!("http://{}", plane.address).parse().unwrap();
    let target = Target::Tcp(hydra.address.to_string());
    let client = RunnerClient::new(server, name.parse().unwrap(), token, target, &Trust::System).unwrap();
    let (end, ended) = oneshot::channel::<()>();
    Runner { _end: end, _running: tokio::spawn(client.run(async move { drop(ended.await) })) }
}

async fn host(plane: &Plane, name: &str, wanted: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let hosts = plane.get("/api/v1/hosts").await.json();
        let state =
            hosts.as_array().unwrap().iter().find(|host| host["name"] == name).map(|host| host["state"].clone());
        if state == Some(wanted.into()) {
            return;
        }
        assert!(Instant::now() < deadline, "{name} is not {wanted}: {hosts}");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_host_that_dials_in_has_desktops_as_any_other() {
    let (near, far) = (Hydra::start().await, Hydra::start_open().await);
    let plane = Plane::start(&near).await;
    let token = plane.token(&["operate"], None).await;
    let first = runner(&plane, "hydra-far", &token, &far);
    host(&plane, "far", "here").await;
    let wish = json!({ "id": "one", "profile": "light", "host": "far" });
    let made = plane.post("/api/v1/desktops?wait=15", &wish).await.is(201).json();
    assert_eq!((&made["state"], &made["host"], near.creates()), (&json!("running"), &json!("far"), 0));
    let mut stream = socket(&plane, &plane.admin, "/api/v1/external-agents/one/ws/stream").await;
    stream.send(Message::text("through")).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap().into_text().unwrap().as_str(), "through");

    // A way that is lost is no end of the desktop, and whoever watched is told at once.
    drop(first);
    let cut = Instant::now();
    while let Some(Ok(message)) = stream.next().await {
        if message.is_close() {
            break;
        }
    }
    assert!(cut.elapsed() < Duration::from_secs(3), "{:?}", cut.elapsed());
    let _second = runner(&plane, "hydra-far", &token, &far);
    host(&plane, "far", "here").await;
    plane.until("one", |one| one["state"] == "running").await;
    assert_eq!(far.creates(), 1);
}

#[tokio::test]
async fn only_who_may_operate_is_a_host() {
    let (near, far) = (Hydra::start().await, Hydra::start_open().await);
    let plane = Plane::start(&near).await;
    let path = "/api/v1/revdial?runnerid=hydra-far";
    for (scopes, status) in [(&["view"][..], 403), (&["agent"], 403), (&["operate"], 426)] {
        let token = plane.token(scopes, None).await;
        plane.by(&token, "get", path, &Value::Null).await.is(status);
    }
    // Whoever may operate certain desktops only must not say what others show.
    let bounded = plane.token(&["operate"], Some(&["one"])).await;
    for path in [path, "/api/v1/revdial?runnerid=export-local"] {
        plane.by(&bounded, "get", path, &Value::Null).await.is(403);
    }
    plane.send("get", path, &[], "").await.is(401);
    let view = plane.token(&["control"], None).await;
    let _refused = runner(&plane, "hydra-far", &view, &far);
    sleep(Duration::from_millis(300)).await;
    assert_eq!(plane.get("/api/v1/hosts").await.json().as_array().unwrap().len(), 1);
}
