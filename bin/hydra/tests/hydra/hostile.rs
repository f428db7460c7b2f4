//! Requests that nobody should send.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use crate::fixture::{World, path};

#[test]
fn bodies_that_make_no_sense_are_refused_and_named() {
    let world = World::new();
    let hydra = world.start(&[]);
    let ask = |body: &str| hydra.http.ask("POST", "/api/v1/dev-containers", body.as_bytes());
    for (status, body, named) in [
        (400, "", "not JSON"),
        (400, "{", "not JSON"),
        (422, "[]", ""),
        (422, r#"{"profile":"weston","surprise":1}"#, "surprise"),
        (422, r#"{"profile":"../etc"}"#, "../etc"),
        (422, r#"{"profile":"none-such"}"#, "none-such"),
        (422, r#"{"profile":"weston","id":"A B"}"#, "A B"),
        (422, r#"{"profile":"weston","size":"0x0"}"#, "0x0"),
        (422, r#"{"session_id":"a","privileged":true}"#, "privileged"),
        (422, r#"{"session_id":7}"#, ""),
    ] {
        let reply = ask(body).is(status);
        assert!(reply.json()["error"].as_str().unwrap().contains(named), "{body}: {}", reply.text());
    }
    ask(&"[".repeat(500_000)).is(400);
    ask(&format!("{{\"profile\":\"{}\"}}", "x".repeat(2 << 20))).is(413);
    assert_eq!(hydra.http.get("/api/v1/dev-containers").json().as_array().unwrap().len(), 0);
}

#[test]
fn paths_that_lead_nowhere_lead_nowhere() {
    let world = World::new();
    let hydra = world.start(&[]);
    hydra.http.get("/api/v1/none").is(404);
    hydra.http.ask("PATCH", "/health", b"").is(405);
    hydra.http.get(&path("..%2F..%2Fetc", "")).is(400);
    hydra.http.get(&path("%00", "")).is(400);
    hydra.http.get(&path("%ff", "")).is(400);
    hydra.http.get(&path("a", "?wait=forever")).is(400);
    hydra.http.get(&path("a", "/logs")).is(404);
}

#[test]
fn who_says_nothing_keeps_nobody_waiting() {
    let world = World::new();
    let hydra = world.start(&[]);
    let silent: Vec<_> = (0..200)
        .map(|_| {
            let mut stream = UnixStream::connect(world.socket()).unwrap();
            stream.write_all(b"POST /api/v1/dev-containers HTTP/1.1\r\nContent-Le").unwrap();
            stream
        })
        .collect();
    hydra.http.get("/health").is(200);
    drop(silent);
    let mut garbage = UnixStream::connect(world.socket()).unwrap();
    garbage.write_all(&[0xff; 4096]).unwrap();
    let mut answer = Vec::new();
    // It may be cut off before all is written.
    let _ = garbage.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 200"));
    hydra.http.get("/health").is(200);
}
