//! Who may do what.

use serde_json::{Value, json};

use crate::hydra::Hydra;
use crate::plane::Plane;

/// What each token's scopes open, as the description names them.
const SCOPES: [(&str, &[&str]); 5] = [
    ("view", &["view"]),
    ("control", &["view", "control"]),
    ("agent", &["view", "control", "agent"]),
    ("operate", &["view", "operate"]),
    ("admin", &["view", "control", "agent", "operate", "admin"]),
];

/// Every operation of the description: method, path with names filled in, and the scope that it needs.
fn operations() -> Vec<(String, String, Option<String>)> {
    let document = control_plane::http::document();
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let parts = path.split('/').map(|part| if part.starts_with('{') { "7" } else { part });
            let filled = parts.collect::<Vec<_>>().join("/");
            let scope = match operation["security"].as_array().unwrap().as_slice() {
                [] => None,
                [one] => Some(one["bearer"][0].as_str().unwrap_or("anyone").to_owned()),
                more => panic!("{path}: {more:?}"),
            };
            all.push((method.clone(), filled, scope));
        }
    }
    all
}

#[tokio::test]
async fn every_operation_opens_to_its_scope_and_to_no_other() {
    let hydra = Hydra::start().await;
    let plane = Plane::start(&hydra).await;
    let mut checked = 0;
    for (scope, has) in SCOPES {
        let token = plane.token(&[scope], None).await;
        for (method, path, needs) in operations() {
            let path = if path == "/api/v1/events" { "/api/v1/events?follow=0".to_owned() } else { path };
            let status = plane.by(&token, &method, &path, &Value::Null).await.status;
            let opens = needs.as_deref().is_none_or(|needs| needs == "anyone" || has.contains(&needs));
            assert_eq!(status != 403, opens, "{method} {path} with {scope}: {status}");
            assert_ne!(status, 401, "{method} {path} with {scope}");
            checked += 1;
        }
    }
    for (method, path, needs) in operations() {
        let status = plane.send(&method, &path, &[], "").await.status;
        // What a page asks of its desktop is refused by the page's own handler.
        let page = path.starts_with("/d/7/7");
        assert_eq!(status == 401, needs.is_some() || page, "{method} {path} without a token: {status}");
    }
    assert!(checked > 200, "{checked}");
}

#[tokio::test]
async fn a_token_for_one_desktop_opens_no_other() {
    let hydra = Hydra::start().await;
    let plane = Plane::start(&hydra).await;
    plane.desktop("one").await;
    plane.desktop("two").await;
    let token = plane.token(&["operate", "agent"], Some(&["one"])).await;
    let list = plane.by(&token, "get", "/api/v1/desktops", &Value::Null).await.is(200).json();
    assert_eq!((list.as_array().unwrap().len(), &list[0]["id"]), (1, &json!("one")));
    plane.by(&token, "get", "/api/v1/desktops/one", &Value::Null).await.is(200);
    for (method, path) in [
        ("get", "/api/v1/desktops/two"),
        ("delete", "/api/v1/desktops/two"),
        ("post", "/api/v1/desktops/two/stop"),
        ("get", "/api/v1/external-agents/two/clipboard"),
        ("get", "/api/v1/external-agents/two/ws/stream"),
        ("post", "/api/v1/external-agents/two/exec"),
        ("get", "/d/two/status"),
        ("post", "/api/v1/mcp/desktop?session_id=two"),
    ] {
        plane.by(&token, method, path, &Value::Null).await.is(404);
    }
    plane.by(&token, "post", "/api/v1/desktops", &json!({ "profile": "light" })).await.is(403);
}

#[tokio::test]
async fn tokens_are_shown_once_end_in_time_and_hand_out_no_more_than_they_have() {
    let hydra = Hydra::start().await;
    let plane = Plane::start(&hydra).await;
    let wish = json!({ "name": "ci", "scopes": ["operate"], "lives_s": 0 });
    let made = plane.post("/api/v1/tokens", &wish).await.is(201).json();
    plane.by(made["token"].as_str().unwrap(), "get", "/api/v1/desktops", &Value::Null).await.is(401);
    let lasting = plane.token(&["view"], None).await;
    let list = plane.get("/api/v1/tokens").await.json();
    assert!(!list.to_string().contains(&lasting), "{list}");
    let kept = std::fs::read(plane.state("store.sqlite-wal")).unwrap_or_default();
    assert!(!kept.windows(lasting.len()).any(|window| window == lasting.as_bytes()), "the store has only its hash");
    let id = list.as_array().unwrap().iter().find(|one| one["name"] == "view").unwrap()["id"].clone();
    let path = format!("/api/v1/tokens/{}", id.as_str().unwrap());
    plane.by(&plane.admin, "delete", &path, &Value::Null).await.is(204);
    plane.by(&lasting, "get", "/api/v1/desktops", &Value::Null).await.is(401);
    plane.by(&plane.admin, "delete", &path, &Value::Null).await.is(404);
    plane.post("/api/v1/tokens", &json!({ "name": "x", "scopes": ["root"] })).await.is(422);
}

#[tokio::test]
async fn the_administrators_token_is_its_owners_file_and_stays() {
    use std::os::unix::fs::PermissionsExt as _;
    let hydra = Hydra::start().await;
    let mut plane = Plane::start(&hydra).await;
    let (first, file) = (plane.admin.clone(), plane.state("admin.token"));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    plane.restart().await;
    assert_eq!(plane.admin, first);
    plane.get("/api/v1/tokens").await.is(200);
}

#[tokio::test]
async fn what_was_done_is_in_the_audit_log_which_fits_together() {
    let hydra = Hydra::start().await;
    let plane = Plane::start(&hydra).await;
    plane.desktop("one").await;
    plane.send("post", "/api/v1/desktops", &[], "{}").await.is(401);
    let view = plane.token(&["view"], None).await;
    plane.by(&view, "post", "/api/v1/desktops/one/stop", &Value::Null).await.is(403);
    let log = plane.state("audit.jsonl");
    let lines = std::fs::read_to_string(&log).unwrap();
    assert!(
        lines.contains(r#""who":"admin","from":"127.0.0.1","what":"post /api/v1/desktops","status":201"#),
        "{lines}"
    );
    assert!(lines.contains(r#""who":"nobody","from":"127.0.0.1","what":"post /api/v1/desktops","status":401"#));
    assert!(lines.contains(r#""desktop":"one","status":403"#), "{lines}");
    assert_eq!(control_plane::audit::verify(&log).unwrap().0, lines.lines().count() as u64);
}
