//! The tools for language models.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use lunette_input_events::Event;
use serde_json::{Value, json};

use crate::support::{Answer, SPOT, Server, serve};

const JSON: (&str, &str) = ("content-type", "application/json");

async fn ask(server: &Server, body: &[u8]) -> Answer {
    let accept = ("accept", "application/json, text/event-stream");
    server.send("POST", "/mcp", &[JSON, accept], body).await
}

/// The result of a tool.
async fn call(server: &Server, name: &str, arguments: Value) -> Value {
    let body = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}
    });
    let answer = ask(server, body.to_string().as_bytes()).await;
    assert_eq!(answer.status, 200);
    answer.json()["result"].clone()
}

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{result}"))
}

/// Lines that start with `>` are sent, those with `<` come back; `<202` stands for an answer without a body.
#[tokio::test]
async fn a_conversation_is_as_it_is_written_down() {
    let server = serve("agent").await;
    let version = env!("CARGO_PKG_VERSION");
    let mut answer = String::new();
    for line in include_str!("transcript.txt").lines() {
        if let Some(sent) = line.strip_prefix("> ") {
            let got = ask(&server, sent.as_bytes()).await;
            answer = if got.status == 202 { "202".to_owned() } else { got.json().to_string() };
        } else if let Some(expected) = line.strip_prefix("< ") {
            let parsed = serde_json::from_str::<Value>(&expected.replace("$VERSION", version)).expect(expected);
            let same = answer == "202" && parsed == 202 || serde_json::from_str::<Value>(&answer).ok() == Some(parsed);
            assert!(same, "expected {expected}\ngot      {answer}");
        }
    }
    assert_eq!(*server.host.actions.lock().expect("alive"), ["Focus 7", "launch org.example.Notes"]);
}

#[tokio::test]
async fn a_screenshot_is_a_picture_of_the_kind_that_it_says() {
    let server = serve("agent").await;
    for (arguments, kind, magic) in [
        (json!({}), "image/png", b"\x89PNG".as_slice()),
        (json!({"format": "jpeg", "scale": 0.5}), "image/jpeg", b"\xff\xd8\xff".as_slice()),
        (json!({"format": "webp", "region": {"x": 0, "y": 0, "width": 64, "height": 64}}), "image/webp", b"RIFF"),
    ] {
        let result = call(&server, "take_screenshot", arguments).await;
        assert!(text(&result).starts_with("Frame 1, the screen has 320x192 pixels."), "{result}");
        let image = &result["content"][1];
        assert_eq!((&image["type"], &image["mimeType"]), (&json!("image"), &json!(kind)));
        let file = BASE64.decode(image["data"].as_str().expect("text")).expect("base64");
        assert!(file.starts_with(magic), "{kind}");
    }
}

#[tokio::test]
async fn a_picture_of_a_part_says_where_that_part_is() {
    let server = serve("agent").await;
    let region = json!({"x": 40, "y": 20, "width": 64, "height": 64});
    let result = call(&server, "screenshot", json!({"region": region, "scale": 0.5})).await;
    assert!(text(&result).contains("(40 + u / 0.5, 20 + v / 0.5)"), "{result}");
}

#[tokio::test]
async fn with_since_only_what_changed_is_shown() {
    let mut server = serve("agent").await;
    call(&server, "screenshot", json!({})).await;
    let result = call(&server, "screenshot", json!({"since": 1})).await;
    assert_eq!(text(&result), "Frame 1: nothing changed since frame 1.");
    server.screen.paint(SPOT, 30);
    let result = call(&server, "wait_change", json!({"since": 1, "timeout_ms": 20_000})).await;
    assert!(text(&result).starts_with("Frame 2: changed since frame 1: "), "{result}");
    let result = call(&server, "screenshot", json!({"since": 1})).await;
    assert_eq!(result["content"].as_array().map(Vec::len), Some(2));
    let result = call(&server, "wait_stable", json!({"quiet_ms": 50, "timeout_ms": 20_000})).await;
    assert_eq!(text(&result), "Frame 2: nothing has changed for 50 ms.");
}

#[tokio::test]
async fn acting_on_a_picture_that_is_no_longer_there_is_refused_in_words() {
    let mut server = serve("agent").await;
    call(&server, "screenshot", json!({})).await;
    let frame = server.screen.paint(SPOT, 30);
    server.seen(frame).await;
    let result = call(&server, "click", json!({"x": 70, "y": 70, "frame": 1})).await;
    assert_eq!(result["isError"], true);
    assert!(text(&result).contains("has changed since that frame") && text(&result).contains("look again"), "{result}");
    assert!(server.host.events.lock().expect("alive").is_empty());
    let result = call(&server, "mouse_click", json!({"x": 70, "y": 70, "frame": frame})).await;
    assert_eq!(result["isError"], false, "{result}");
}

#[tokio::test]
async fn what_a_model_gets_wrong_is_told_in_a_way_that_helps() {
    let server = serve("agent").await;
    *server.host.holder.lock().expect("alive") = Some("Ada".to_owned());
    for (name, arguments, words) in [
        ("click", json!({"x": 1}), "y is missing"),
        ("click", json!({"x": 1, "y": "2"}), "y has to be of type number, not string"),
        ("click", json!({"x": 1, "y": 2, "z": 3}), "z is not known; known are: button, frame, x, y"),
        ("click", json!({"x": 1, "y": 192}), "not in the picture of 320x192 pixels"),
        ("click", json!({"x": 1, "y": 2, "button": "top"}), "left, middle, right"),
        ("click", json!({"x": 1, "y": 2}), "Ada is using this desktop"),
        ("scroll", json!({}), "notches"),
        ("key", json!({"key": "hello"}), "send text as text"),
        ("type_text", json!({"text": ""}), "text is empty"),
        ("screenshot", json!({"region": {"x": 1, "y": 1}}), "region.width is missing"),
        ("screenshot", json!([]), "arguments has to be of type object"),
        (
            "screenshot",
            json!({"region": {"x": 999, "y": 0, "width": 9, "height": 9}}),
            "no pixel in a picture of 320x192",
        ),
        ("wait_change", json!({}), "since is missing"),
        ("set_clipboard", json!({}), "either text or html"),
        ("close_window", json!({"window_id": "8"}), "list_windows"),
        ("get_workspaces", json!({}), "has no workspaces"),
        ("save_screenshot", json!({"path": ".."}), "name"),
    ] {
        let result = call(&server, name, arguments.clone()).await;
        assert_eq!(result["isError"], true, "{name} {arguments}");
        assert!(text(&result).contains(words), "{name} {arguments}: {result}");
    }
    assert!(server.host.events.lock().expect("alive").is_empty());
}

#[tokio::test]
async fn every_listed_tool_can_be_called() {
    let server = serve("agent").await;
    let listed = ask(&server, br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#).await.json();
    let tools = listed["result"]["tools"].as_array().expect("a list").clone();
    assert!(tools.len() >= 24);
    for tool in tools {
        let result = call(&server, tool["name"].as_str().expect("a name"), json!({})).await;
        let required = tool["inputSchema"]["required"].as_array().expect("a list");
        let missing = required.first().and_then(Value::as_str).map(|name| format!("{name} is missing"));
        if missing.is_some() {
            assert_eq!(result["isError"], true, "{tool}");
        }
        assert!(text(&result).contains(missing.as_deref().unwrap_or("")), "{tool}: {result}");
    }
}

#[tokio::test]
async fn a_saved_screenshot_is_in_the_folder() {
    let server = serve("agent").await;
    for name in ["shot.png", "shot (1).png"] {
        let result = call(&server, "save_screenshot", json!({"path": "/home/somebody/shot.png"})).await;
        assert_eq!(result["isError"], false, "{result}");
        assert!(server.outer.path().join("files").join(name).exists(), "{result}");
    }
}

#[tokio::test]
async fn text_of_any_script_is_typed_as_it_is() {
    let server = serve("agent").await;
    call(&server, "type_text", json!({"text": "Grüße, 日本語 👩‍👧"})).await;
    assert_eq!(*server.host.events.lock().expect("alive"), [Event::Text("Grüße, 日本語 👩‍👧".to_owned())]);
}

#[tokio::test]
async fn only_agents_have_tools() {
    let server = serve("control").await;
    assert_eq!(ask(&server, br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).await.status, 403);
}

#[tokio::test]
async fn what_is_no_message_for_us_is_refused() {
    let server = serve("agent").await;
    let ping = br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    for (method, status) in [("GET", 405), ("DELETE", 405), ("PUT", 405)] {
        let answer = server.send(method, "/mcp", &[JSON], b"").await;
        assert_eq!((answer.status, answer.header("allow")), (status, "POST"));
    }
    assert_eq!(server.send("POST", "/mcp", &[("content-type", "text/plain")], ping).await.status, 415);
    for (version, status) in [("2025-06-18", 200), ("2025-03-26", 200), ("1999-01-01", 400), ("\u{ff}", 400)] {
        let answer = server.send("POST", "/mcp", &[JSON, ("mcp-protocol-version", version)], ping).await;
        assert_eq!(answer.status, status, "{version}");
    }
    assert_eq!(ask(&server, &vec![b' '; (1 << 20) + 1]).await.status, 413);
    for hostile in ["[".repeat(200_000), "\"".repeat(1000), r#"{"jsonrpc":"2.0","id":[],"method":"x"}"#.to_owned()] {
        let answer = ask(&server, hostile.as_bytes()).await;
        assert_eq!((answer.status, answer.json()["id"].is_null()), (400, true));
    }
}
