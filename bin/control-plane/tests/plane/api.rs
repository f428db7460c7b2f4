//! Desktops by the API.

use serde_json::{Value, json};

use crate::hydra::Hydra;
use crate::plane::Plane;

#[tokio::test]
async fn a_desktop_is_made_stopped_started_and_ended() {
    let hydra = Hydra::start().await;
    let plane = Plane::start(&hydra).await;
    let made = plane.desktop("one").await;
    assert_eq!((&made["host"], &made["owner"], &made["scanout"]), (&json!("local"), &json!("admin"), &json!(3)));
    plane.post("/api/v1/desktops", &json!({ "id": "one", "profile": "light" })).await.is(200);
    plane.post("/api/v1/desktops", &json!({ "id": "one", "profile": "gnome" })).await.is(409);
    let stopped = plane.post("/api/v1/desktops/one/stop?wait=15", &Value::Null).await.is(202).json();
    assert_eq!((&stopped["state"], hydra.inside.lock().unwrap().desktops.len()), (&json!("stopped"), 0));
    let started = plane.post("/api/v1/desktops/one/start?wait=15", &Value::Null).await.is(202).json();
    assert_eq!((&started["state"], hydra.creates()), (&json!("running"), 2));
    let path = "/api/v1/desktops/one?wait=15";
    assert_eq!(plane.by(&plane.admin, "delete", path, &Value::Null).await.is(200).json()["state"], "gone");
    plane.by(&plane.admin, "delete", path, &Value::Null).await.is(200);
    plane.get("/api/v1/desktops/one").await.is(404);
    assert_eq!(plane.get("/api/v1/desktops").await.json(), json!([]));
}

#[tokio::test]
async fn names_tags_and_sizes_change() {
    let hydra = Hydra::start().await;
    let plane = Plane::start(&hydra).await;
    plane.desktop("one").await;
    let change = json!({ "name": "Büro", "tags": ["red", "blue"], "size": "1920x1080" });
    let changed = plane.by(&plane.admin, "patch", "/api/v1/desktops/one", &change).await.is(200).json();
    assert_eq!((&changed["name"], &changed["tags"]), (&json!("Büro"), &json!(["blue", "red"])));
    plane.until("one", |one| one["size"] == "1920x1080").await;
    assert_eq!(plane.get("/api/v1/desktops?tag=red").await.json().as_array().unwrap().len(), 1);
    assert_eq!(plane.get("/api/v1/desktops?tag=green").await.json(), json!([]));
    // A refusal is told, and the desktop goes on.
    plane.post("/api/v1/desktops/one/resize", &json!({ "width": 640, "height": 480 })).await.is(202);
    let kept = plane.until("one", |one| one["why"].is_string()).await;
    assert_eq!((&kept["state"], &kept["size"]), (&json!("running"), &json!("1920x1080")));
    assert!(kept["why"].as_str().unwrap().contains("it keeps its size"), "{kept}");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_as_a_problem() {
    let hydra = Hydra::start().await;
    let plane = Plane::start(&hydra).await;
    for (body, status) in [
        ("{", 400),
        ("{}", 422),
        (r#"{"profile":"light","colour":1}"#, 422),
        (r#"{"profile":"light","size":"9x9"}"#, 422),
        (r#"{"profile":"light","id":"../x"}"#, 422),
        (r#"{"profile":"light","host":"elsewhere"}"#, 422),
        (r#"{"profile":"light","name":" "}"#, 422),
    ] {
        let bearer = format!("Bearer {}", plane.admin);
        let answer = plane.send("post", "/api/v1/desktops", &[("authorization", &bearer)], body).await.is(status);
        assert_eq!(answer.header("content-type"), "application/problem+json", "{body}");
        assert_eq!(answer.json()["status"], status, "{body}");
    }
    let failed = json!({ "id": "odd", "profile": "odd" });
    let made = plane.post("/api/v1/desktops?wait=15", &failed).await.is(201).json();
    assert_eq!(made["state"], "failed");
    assert_eq!(made["why"], "no such profile (light is there)");
    assert_eq!(hydra.creates(), 1, "what is refused is not asked for again");
    plane.get("/api/v1/recordings").await.is(501);
    plane.get("/api/v1/nothing").await.is(404);
    plane.post("/api/v1/hosts", &Value::Null).await.is(405);
}

#[tokio::test]
async fn hosts_profiles_programs_and_logs_are_there() {
    let hydra = Hydra::start().await;
    let plane = Plane::start(&hydra).await;
    plane.desktop("one").await;
    let host = plane.get("/api/v1/hosts").await.is(200).json()[0].clone();
    assert_eq!((&host["state"], &host["facts"]["memory_available_mib"]), (&json!("here"), &json!(1000)));
    assert_eq!(plane.get("/api/v1/profiles").await.is(200).json()[0]["hosts"], json!(["local"]));
    let ran = plane.post("/api/v1/external-agents/one/exec", &json!({ "command": ["ls", "-l"] })).await.is(200).json();
    assert_eq!((&ran["success"], &ran["output"]), (&json!(true), &json!("[\"-l\"]")));
    assert_eq!(&plane.get("/api/v1/desktops/one/logs").await.is(200).body[..], b"printed\n");
    let metrics = plane.get("/metrics").await.is(200);
    assert!(String::from_utf8_lossy(&metrics.body).contains("control_plane_desktops{state=\"running\"} 1"));
    assert_eq!(plane.get("/readyz").await.is(200).json()["hosts"]["local"], "here");
    plane.post("/api/v1/hosts/local/drain", &json!({ "draining": true })).await.is(200);
    plane.post("/api/v1/desktops", &json!({ "profile": "light" })).await.is(507);
}

#[tokio::test]
async fn of_many_desktops_at_once_as_many_are_made_as_there_is_room_for() {
    let hydra = Hydra::start().await;
    let plane = Plane::start(&hydra).await;
    // By then the host has told that it may have four.
    plane.desktop("one").await;
    let wish = json!({ "profile": "light", "limits": { "memory_mib": 64 } });
    let asked = (0..10).map(|_| plane.post("/api/v1/desktops", &wish));
    let mut answers: Vec<u16> = futures_util::future::join_all(asked).await.iter().map(|one| one.status).collect();
    answers.sort_unstable();
    assert_eq!(answers, [201, 201, 201, 507, 507, 507, 507, 507, 507, 507]);
}

#[tokio::test]
async fn what_happened_is_told_in_order_and_can_be_asked_for_again() {
    let hydra = Hydra::start().await;
    let plane = Plane::start(&hydra).await;
    plane.desktop("one").await;
    let text = |answer: crate::plane::Answer| String::from_utf8(answer.body.to_vec()).unwrap();
    let all = text(plane.get("/api/v1/events?after=0&follow=0").await.is(200));
    assert!(all.contains("event: desktop.create") && all.contains("event: desktop.running"), "{all}");
    let last = all.lines().rev().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned();
    let after = text(plane.get(&format!("/api/v1/events?after={last}&follow=0")).await.is(200));
    assert_eq!(after, "");
}
