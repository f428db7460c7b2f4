//! When something dies.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::hydra::Hydra;
use crate::plane::Plane;

#[tokio::test]
async fn a_control_plane_that_begins_again_finds_what_runs() {
    let hydra = Hydra::start().await;
    let mut plane = Plane::start(&hydra).await;
    plane.desktop("one").await;
    let token = plane.token(&["view"], None).await;
    let link = plane.post("/api/v1/login-links", &Value::Null).await.json();
    let login = json!({ "login": link["login"] }).to_string();
    let entered = plane.send("post", "/api/v1/session", &[], &login).await.is(200);
    let cookie = entered.header("set-cookie").split(';').next().unwrap().to_owned();
    let began = Instant::now();
    plane.post("/api/v1/hosts/local/drain", &json!({ "draining": true })).await.is(200);
    plane.restart().await;
    let found = plane.until("one", |one| one["state"] == "running").await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!((&found["owner"], hydra.creates()), (&json!("admin"), 1));
    plane.by(&token, "get", "/api/v1/desktops", &Value::Null).await.is(200);
    plane.post("/api/v1/desktops", &json!({ "profile": "light" })).await.is(507);
    plane.send("get", "/api/v1/desktops", &[("cookie", &cookie)], "").await.is(200);
}

#[tokio::test]
async fn one_without_its_store_finds_what_runs_too() {
    let hydra = Hydra::start().await;
    let first = Plane::start(&hydra).await;
    first.desktop("one").await;
    drop(first);
    let second = Plane::start(&hydra).await;
    let found = second.until("one", |one| one["state"] == "running").await;
    assert_eq!((&found["owner"], hydra.creates()), (&json!("host"), 1));
}

#[tokio::test]
async fn desktops_of_a_host_that_is_gone_are_lost_and_come_back_with_it() {
    let hydra = Hydra::start().await;
    let plane = Plane::start(&hydra).await;
    plane.desktop("one").await;
    let again = hydra.die().await;
    let lost = plane.until("one", |one| one["state"] == "lost").await;
    assert!(lost["why"].as_str().unwrap().contains("does not answer"), "{lost}");
    plane.get("/api/v1/external-agents/one/clipboard").await.is(502);
    assert_eq!(plane.get("/readyz").await.is(503).json()["store"], "ok");
    let hydra = again.await;
    plane.until("one", |one| one["state"] == "running").await;
    assert_eq!(hydra.creates(), 1);
    // One that lost everything is given it again.
    hydra.inside.lock().unwrap().desktops.clear();
    plane.until("one", |_| hydra.creates() == 2).await;
    plane.until("one", |one| one["state"] == "running").await;
}
