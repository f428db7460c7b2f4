//! Desktops of which something is left that cannot be removed.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::engine::{Here, Inside};
use crate::fixture::{World, eventually, path};

const WHY: &str = "cannot unmount x: busy";

fn stuck() -> Here {
    let engine = Here::default();
    engine.stick(Some(WHY));
    engine
}

/// Whether it is told what prevents its end.
fn is_told(desktop: &Value) -> bool {
    desktop["report"]["phase"] == "stopping" && desktop["why"].as_str().is_some_and(|why| why.contains(WHY))
}

#[test]
fn a_desktop_that_cannot_be_swept_keeps_its_slot_and_says_why_until_it_can() {
    let inside = Inside::start_in(Arc::new(World::new()), stuck());
    let http = &inside.http;
    http.create("a", "").is(201);
    let refused = http.delete("a").is(503).text();
    assert!(refused.contains(WHY), "{refused}");
    assert!(is_told(&http.show("a")), "{}", http.show("a"));
    http.create("a", "").is(409);
    assert_eq!(http.create("b", "").is(201).json()["slot"], 1, "slot 0 is taken");
    let asked = Instant::now();
    http.delete("a").is(503);
    assert!(asked.elapsed() < Duration::from_secs(1), "what is known already is not waited for");
    inside.engine.stick(None);
    http.until("a", |a| a["status"] == "stopped");
    assert_eq!(http.create("c", "").is(201).json()["slot"], 0);
}

#[test]
fn whoever_asks_again_need_not_wait_for_the_next_try() {
    let inside = Inside::start_in(Arc::new(World::new()), stuck());
    let http = &inside.http;
    http.create("a", "").is(201);
    http.delete("a").is(503);
    inside.engine.stick(None);
    // The next try would be in four seconds.
    let asked = Instant::now();
    http.delete("a");
    http.until("a", |a| a["status"] == "stopped");
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
}

#[test]
fn what_mends_itself_is_told_to_nobody() {
    let inside = Inside::start_in(Arc::new(World::new()), stuck());
    inside.http.create("a", "").is(201);
    let http = inside.http.clone();
    let ending = std::thread::spawn(move || http.delete("a"));
    eventually(|| inside.swept.lock().unwrap().first().cloned());
    inside.engine.stick(None);
    ending.join().unwrap().is(200);
}

#[test]
fn hydra_does_not_wait_for_what_cannot_be_swept_and_the_next_one_goes_on() {
    let world = Arc::new(World::new());
    let first = Inside::start_in(Arc::clone(&world), stuck());
    first.http.create("a", "").is(201);
    first.http.delete("a").is(503);
    let drained = first.http.ask("POST", "/api/v1/drain", b"").is(503).text();
    assert!(drained.contains(WHY), "{drained}");
    let ending = Instant::now();
    drop(first);
    assert!(ending.elapsed() < Duration::from_secs(2));
    let next = Inside::start_in(world, stuck());
    next.http.until("a", is_told);
    assert_eq!(next.http.create("b", "").is(201).json()["slot"], 1);
    next.engine.stick(None);
    next.http.until("a", |a| a["status"] == "stopped");
}

#[test]
fn remains_without_an_order_are_swept_before_anybody_is_served() {
    let world = World::new();
    for (name, file, content) in [("half", "desktop.json", "{\"id\":"), ("none", "layer/upper/x", "")] {
        let path = world.desktop(name).join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let inside = Inside::start_in(Arc::new(world), Here::default());
    let mut swept = inside.swept.lock().unwrap().clone();
    swept.sort();
    assert_eq!(swept, ["half", "none"]);
    assert_eq!(inside.http.get("/api/v1/dev-containers").is(200).json(), json!([]));
    assert!(!inside.world.desktop("half").exists() && !inside.world.desktop("none").exists());
}

#[test]
fn remains_that_cannot_be_swept_keep_the_slot_of_their_order_or_note() {
    let world = World::new();
    fs::create_dir_all(world.desktop("a")).unwrap();
    fs::write(world.desktop("a").join("desktop.json"), "{\"slot\":0,\"of\":\"another hydra\"}").unwrap();
    fs::create_dir_all(world.desktop("b").join("bundle")).unwrap();
    fs::write(world.desktop("b").join("bundle/container.json"), "{\"slot\":1,\"docker\":null}").unwrap();
    let inside = Inside::start_in(Arc::new(world), stuck());
    assert!(is_told(&inside.http.show("a")) && is_told(&inside.http.show("b")));
    assert_eq!(inside.http.create("c", "").is(201).json()["slot"], 2);
    inside.engine.stick(None);
    inside.http.until("a", |a| a["status"] == "error");
    inside.http.delete("a").is(200);
    inside.http.get(&path("a", "")).is(404);
    assert_eq!(inside.http.create("d", "").is(201).json()["slot"], 0);
}

#[test]
fn no_slot_is_free_while_remains_may_have_it() {
    let world = World::new();
    fs::create_dir_all(world.desktop("a")).unwrap();
    fs::write(world.desktop("a").join("desktop.json"), "{\"id\":").unwrap();
    let inside = Inside::start_in(Arc::new(world), stuck());
    let refused = inside.http.create("b", "").is(503).text();
    assert!(refused.contains("desktop a"), "{refused}");
    inside.engine.stick(None);
    inside.http.until("a", |a| a["status"] == "error");
    inside.http.create("b", "").is(201);
}
