//! The API: what is described is what is answered.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

use serde_json::{Value, json};

use crate::engine::Inside;
use crate::fixture::{Reply, eventually, path};
use crate::schema::mismatch;

/// Demands that the answer is one of those that the description has for this operation.
fn check(document: &Value, template: &str, method: &str, reply: &Reply) {
    let operation = &document["paths"][template][method];
    let described = &operation["responses"][reply.status.to_string()];
    assert!(described.is_object(), "{method} {template}: {} is not described: {}", reply.status, reply.text());
    let Some(content) = described["content"].as_object() else {
        return assert!(reply.body.is_empty(), "{method} {template}: a body where none is described");
    };
    let (kind, media) = content.iter().next().unwrap();
    assert!(reply.head.to_lowercase().contains(&format!("content-type: {kind}")), "{template}: {}", reply.head);
    if kind == "application/json" {
        let why = mismatch(document, &media["schema"], &reply.json());
        assert_eq!(why, None, "{method} {template}: {}", reply.text());
    }
}

fn document(inside: &Inside) -> Value {
    inside.http.get("/openapi.json").is(200).json()
}

#[test]
fn every_operation_answers_as_described_when_there_is_no_desktop() {
    let inside = Inside::start();
    let document = document(&inside);
    assert_eq!(document["openapi"], "3.1.0");
    for (template, operations) in document["paths"].as_object().unwrap() {
        let target = template.replace("{id}", "nobody").replace("{exec}", "nothing");
        for method in operations.as_object().unwrap().keys() {
            let reply = inside.http.ask(&method.to_uppercase(), &target, b"{}");
            assert_ne!(reply.status, 405, "{method} {template} is described and not served");
            check(&document, template, method, &reply);
        }
    }
}

#[test]
fn every_operation_answers_as_described_when_there_is_one() {
    let inside = Inside::start();
    let document = document(&inside);
    let ask = |method: &str, template: &str, query: &str, body: &str, status: u16| {
        let target = template.replace("{id}", "a").replace("{exec}", "one");
        let reply = inside.http.ask(&method.to_uppercase(), &format!("{target}{query}"), body.as_bytes());
        check(&document, template, method, &reply);
        assert_eq!(reply.status, status, "{method} {template}: {}", reply.text());
    };
    let one = "/api/v1/dev-containers/{id}";
    let at = |rest: &str| format!("{one}{rest}");
    ask("get", "/health", "", "", 200);
    ask("get", "/version", "", "", 200);
    ask("get", "/system/stats", "", "", 200);
    ask("get", "/api/v1/profiles", "", "", 200);
    ask("post", "/api/v1/dev-containers", "?wait=60", r#"{"profile":"weston","id":"a"}"#, 201);
    ask("post", "/api/v1/dev-containers", "", r#"{"profile":"weston","id":"a"}"#, 200);
    ask("get", "/api/v1/dev-containers", "", "", 200);
    ask("get", one, "?wait=1", "", 200);
    ask("post", &at("/resize"), "", r#"{"size":"800x600"}"#, 200);
    ask("post", &at("/input"), "", "{\"type\":\"key\"}\n", 204);
    ask("get", &at("/logs"), "", "", 200);
    for rest in ["/stats", "/blkio", "/clients", "/video/stats"] {
        ask("get", &at(rest), "", "", 200);
    }
    ask("post", &at("/exec"), "", r#"{"cmd":"true","cmd_id":"one"}"#, 200);
    ask("get", &at("/exec"), "", "", 200);
    ask("get", &at("/exec/{exec}"), "", "", 200);
    ask("get", &at("/exec/{exec}/logs"), "", "", 200);
    ask("post", &at("/exec/{exec}/kill"), "?signal=KILL", "", 204);
    ask("post", &at("/forget"), "", "", 204);
    ask("get", &at("/exec/{exec}"), "", "", 404);
    let file = format!("?path={}/f", inside.world.folder.path().display());
    ask("put", &at("/files"), &file, "text", 204);
    ask("get", &at("/files"), &file, "", 200);
    ask("get", &at("/files/list"), &format!("?path={}", inside.world.folder.path().display()), "", 200);
    ask("delete", &at("/files"), &file, "", 204);
    ask("get", &at("/files"), &file, "", 404);
    ask("delete", one, "", "", 200);
    assert_eq!(*inside.swept.lock().unwrap(), ["a"]);
    ask("post", "/api/v1/drain", "", "", 204);
}

#[test]
fn programs_run_and_say_how_they_ended() {
    let inside = Inside::start();
    inside.http.create("a", "").is(201);
    let exec = |body: Value| inside.http.post(&path("a", "/exec"), &body).is(200).json();
    let ran = exec(json!({ "cmd": "echo $WHAT; echo bad >&2; exit 3", "env": ["WHAT=no", "WHAT=good"] }));
    assert_eq!((&ran["stdout"], &ran["stderr"], &ran["exit_code"]), (&"good\n".into(), &"bad\n".into(), &3.into()));
    assert_eq!(ran["status"], "finished");
    let late = exec(json!({ "cmd": "sleep", "args": ["1000"], "timeout_seconds": 1 }));
    assert_eq!((&late["status"], &late["exit_code"]), (&"timeout".into(), &137.into()));
    let none = exec(json!({ "cmd": "no-such-program" }));
    assert_eq!(none["status"], "failed");
    let left = exec(json!({ "cmd": "sleep", "args": ["1000"], "detached": true, "cmd_id": "s" }));
    assert_eq!(left["status"], "running");
    inside.http.post(&path("a", "/exec"), &json!({ "cmd": "true", "cmd_id": "s" })).is(409);
    inside.http.ask("POST", &path("a", "/exec/s/kill?signal=TERM"), b"").is(204);
    eventually(|| (inside.http.get(&path("a", "/exec/s")).json()["status"] == "killed").then_some(()));
}

#[test]
fn what_a_program_prints_is_followed_as_it_comes() {
    let inside = Inside::start();
    inside.http.create("a", "").is(201);
    let go = inside.world.folder.path().join("go");
    let line = format!("echo one; until test -e {}; do sleep 0.01; done; echo two >&2; exit 4", go.display());
    inside.http.post(&path("a", "/exec"), &json!({ "cmd": line, "detached": true, "cmd_id": "s" })).is(200);
    let mut stream = UnixStream::connect(inside.world.socket()).unwrap();
    write!(stream, "GET {} HTTP/1.0\r\n\r\n", path("a", "/exec/s/logs?follow=1")).unwrap();
    let mut events = BufReader::new(stream).lines().map_while(Result::ok).filter(|line| !line.is_empty());
    events.by_ref().find(|line| line == "event: stdout").expect("its first line, while it runs");
    assert_eq!(events.next().as_deref(), Some("data: \"one\\n\""));
    fs::write(go, "").unwrap();
    let rest: Vec<String> = events.collect();
    assert_eq!(rest, ["event: stderr", "data: \"two\\n\"", "event: end", "data: \"4\""]);
}

#[test]
fn a_log_is_followed_until_the_desktop_is_over() {
    let inside = Inside::start();
    inside.http.create("a", "").is(201);
    let mut stream = UnixStream::connect(inside.world.socket()).unwrap();
    write!(stream, "GET {} HTTP/1.0\r\n\r\n", path("a", "/logs?follow=1")).unwrap();
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    lines.by_ref().find(|line| line == "desktop a prints").expect("what it printed before");
    let log = inside.world.desktop("a").join("desktop.log");
    let mut file = fs::OpenOptions::new().append(true).open(log).unwrap();
    file.write_all(b"more\n").unwrap();
    assert_eq!(lines.next().as_deref(), Some("more"));
    inside.http.delete("a").is(200);
    assert_eq!(lines.next(), None);
}

#[test]
fn a_file_is_there_whole_or_not_at_all() {
    let inside = Inside::start();
    inside.http.create("a", "").is(201);
    let folder = inside.world.folder.path().join("new/deep");
    let target = path("a", &format!("/files?path={}/f%20g&mode=0600", folder.display()));
    let content: Vec<u8> = (0..300_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    inside.http.ask("PUT", &target, &content).is(204);
    assert_eq!(fs::read(folder.join("f g")).unwrap(), content);
    assert_eq!(inside.http.get(&target).is(200).body, content);
    let mut stream = UnixStream::connect(inside.world.socket()).unwrap();
    write!(stream, "PUT {target} HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf").unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    drop(stream);
    eventually(|| (fs::read_dir(&folder).unwrap().count() == 1).then_some(()));
    assert_eq!(fs::read(folder.join("f g")).unwrap(), content);
    inside.http.get(&path("a", "/files")).is(400);
    inside.http.get(&path("a", "/files?path=relative")).is(400);
    inside.http.ask("DELETE", &path("a", &format!("/files?path={}", folder.display())), b"").is(409);
    let all = format!("/files?path={}&recursive=1", folder.display());
    inside.http.ask("DELETE", &path("a", &all), b"").is(204);
    assert!(!folder.exists());
}
