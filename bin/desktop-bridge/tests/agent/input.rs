//! Acting.

use lunette_input_events::{Event, PointerButton};
use serde_json::{Value, json};

use crate::support::{SPOT, Server, serve, serve_blind};

fn click(x: u32, y: u32) -> Value {
    json!({"type": "click", "x": x, "y": y})
}

fn arrived(server: &Server) -> Vec<Event> {
    server.host.events.lock().expect("alive").clone()
}

#[tokio::test]
async fn a_click_arrives() {
    let server = serve("control").await;
    let answer = server.post("/input", &json!({"events": [click(160, 96), {"type": "text", "text": "hü"}]})).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"frame": 1, "accepted": 2})));
    let events = arrived(&server);
    assert!(matches!(events[0], Event::MoveTo { x, y } if x.of(320) == 160.5 && y.of(192) == 96.5), "{events:?}");
    assert_eq!(events[1], Event::Button { button: PointerButton::LEFT, down: true });
    assert_eq!(events[3], Event::Text("hü".to_owned()));
}

#[tokio::test]
async fn what_was_decided_on_an_older_picture_is_refused_where_it_changed() {
    let mut server = serve("control").await;
    server.get("/screenshot").await;
    let frame = server.screen.paint(SPOT, 30);
    server.seen(frame).await;
    let answer = server.post("/input", &json!({"frame": 1, "events": [click(70, 70)]})).await;
    assert_eq!((answer.status, answer.json()["frame"].as_u64()), (409, Some(frame)));
    assert!(answer.json()["changed"][0]["width"].is_u64());
    let wide = json!({"x": 0, "y": 0, "width": 320, "height": 192});
    for refused in [
        json!({"frame": 1, "events": [{"type": "key", "key": "a"}]}),
        json!({"frame": 1, "region": wide, "events": [click(300, 180)]}),
        json!({"frame": 9, "events": [click(300, 180)]}),
        json!({"frame": 1, "events": [click(300, 180), click(70, 70)]}),
    ] {
        assert_eq!(server.post("/input", &refused).await.status, 409, "{refused}");
    }
    assert!(arrived(&server).is_empty());
    let far = json!({"x": 200, "y": 100, "width": 50, "height": 50});
    for done in [
        json!({"frame": 1, "events": [click(300, 180)]}),
        json!({"frame": 1, "region": far, "events": [click(70, 70)]}),
        json!({"frame": frame, "events": [click(70, 70)]}),
        json!({"events": [click(70, 70)]}),
    ] {
        assert_eq!(server.post("/input", &done).await.status, 200, "{done}");
    }
}

#[tokio::test]
async fn typing_needs_no_picture_and_pointing_does() {
    let server = serve_blind("control").await;
    let typed =
        json!({"events": [{"type": "text", "text": "ls"}, {"type": "key", "key": "Return"}, {"type": "click"}]});
    let answer = server.post("/input", &typed).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"frame": null, "accepted": 3})));
    assert_eq!(arrived(&server).len(), 4);
    for needs in [json!({"events": [click(1, 1)]}), json!({"frame": 1, "events": [{"type": "key", "key": "a"}]})] {
        assert_eq!(server.post("/input", &needs).await.status, 503, "{needs}");
    }
}

#[tokio::test]
async fn a_plan_of_too_many_events_is_refused_whole() {
    let server = serve("control").await;
    let drag = json!({"type": "drag", "x": 0, "y": 0, "to_x": 319, "to_y": 191});
    let answer = server.post("/input", &json!({"events": vec![drag.clone(); 256]})).await;
    assert_eq!((answer.status, arrived(&server).len()), (413, 0), "{}", answer.error());
    assert_eq!(server.post("/input", &json!({"events": vec![drag; 50]})).await.status, 200);
}

#[tokio::test]
async fn input_that_somebody_else_holds_is_refused() {
    let server = serve("control").await;
    *server.host.holder.lock().expect("alive") = Some("Ada".to_owned());
    let answer = server.post("/input", &json!({"events": [click(1, 1)]})).await;
    assert_eq!((answer.status, answer.error().as_str()), (409, "Ada is using this desktop"));
}

#[tokio::test]
async fn who_may_only_look_does_not_act() {
    let server = serve("view").await;
    let answer = server.post("/input", &json!({"events": [click(1, 1)]})).await;
    assert_eq!((answer.status, arrived(&server).len()), (403, 0));
    assert!(answer.error().contains("control"), "{}", answer.error());
}

#[tokio::test]
async fn hostile_requests_are_refused_whole() {
    let server = serve("control").await;
    let many = vec![click(1, 1); 257];
    for body in [
        json!({"events": []}),
        json!({"events": many}),
        json!({"events": [click(1, 1), click(320, 0)]}),
        json!({"events": [click(1, 1)], "more": 1}),
        json!({"events": [{"type": "click", "x": 1e300, "y": 0}]}),
        json!({"events": [{"type": "text", "text": "\u{1b}[31m"}]}),
        json!({"events": [{"type": "text", "text": "x".repeat(70_000)}]}),
        json!([]),
        json!({"events": [click(1, 1)], "region": {"x": 1}}),
    ] {
        let answer = server.post("/input", &body).await;
        assert_eq!((answer.status, answer.error().is_empty()), (400, false));
    }
    let huge = json!({"events": [{"type": "text", "text": "x".repeat(600_000)}]});
    assert_eq!(server.post("/input", &huge).await.status, 413);
    assert_eq!(server.send("POST", "/input", &[], b"\xff\xfe{").await.status, 400);
    assert!(arrived(&server).is_empty());
}
