//! Desktops outlive hydra.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::fixture::{World, is_alive, path};

fn launcher_of(desktop: &Value) -> Pid {
    let pid = desktop["report"]["launcher_pid"].as_i64().unwrap();
    Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
}

#[test]
fn a_killed_hydra_loses_nobody() {
    let world = World::new();
    let hydra = world.start(&[]);
    let before = hydra.http.create("a", "").is(201).json();
    hydra.kill();
    assert!(is_alive(launcher_of(&before)));
    let hydra = world.start(&[]);
    let after = hydra.http.until("a", |a| a["status"] == "running");
    assert_eq!((launcher_of(&after), &after["slot"]), (launcher_of(&before), &before["slot"]));
    let other = hydra.http.create("b", "").is(201).json();
    assert_ne!(other["slot"], after["slot"], "its slot is taken");
    hydra.http.delete("a").is(200);
    assert!(!is_alive(launcher_of(&before)));
}

#[test]
fn what_lost_its_launcher_meanwhile_is_swept_and_says_so() {
    let world = World::new();
    let hydra = world.start(&[]);
    let before = hydra.http.create("a", "").is(201).json();
    hydra.kill();
    kill_process(launcher_of(&before), Signal::KILL).unwrap();
    let hydra = world.start(&[]);
    let after = hydra.http.until("a", |a| a["status"] == "error");
    assert_eq!(after["report"]["reason"]["kind"], "launcher-died");
}

#[test]
fn the_last_word_about_a_desktop_is_kept_until_it_is_forgotten() {
    let world = World::new();
    let hydra = world.start(&[]);
    hydra.http.create("a", "crash");
    let before = hydra.http.until("a", |a| a["status"] == "error");
    hydra.kill();
    let hydra = world.start(&[]);
    assert_eq!(hydra.http.show("a"), before);
    hydra.http.delete("a").is(200);
    hydra.kill();
    world.start(&[]).http.get(&path("a", "")).is(404);
}

#[test]
fn at_its_end_desktops_live_on_unless_told_otherwise() {
    let world = World::new();
    let hydra = world.start(&[]);
    let desktop = hydra.http.create("a", "").is(201).json();
    assert!(hydra.terminate());
    assert!(is_alive(launcher_of(&desktop)));
    let hydra = world.start(&["--stop-desktops-on-exit"]);
    hydra.http.until("a", |a| a["status"] == "running");
    assert!(hydra.terminate());
    assert!(!is_alive(launcher_of(&desktop)));
}

#[test]
fn a_drain_ends_all() {
    let world = World::new();
    let hydra = world.start(&[]);
    hydra.http.create("a", "").is(201);
    hydra.http.create("b", "").is(201);
    hydra.http.ask("POST", "/api/v1/drain", b"").is(204);
    assert_eq!(
        (hydra.http.show("a")["status"].clone(), hydra.http.show("b")["status"].clone()),
        ("stopped".into(), "stopped".into())
    );
}

#[test]
fn folders_that_make_no_sense_do_not_stop_it() {
    let world = World::new();
    for name in ["UPPER", "no-order", "bad-order"] {
        fs::create_dir_all(world.desktop(name)).unwrap();
    }
    fs::write(world.desktop("bad-order").join("desktop.json"), "{\"id\":").unwrap();
    let hydra = world.start(&[]);
    assert_eq!(hydra.http.get("/api/v1/dev-containers").is(200).json(), Value::Array(Vec::new()));
    hydra.http.create("no-order", "").is(201);
}

#[test]
fn two_hydras_do_not_share_a_folder() {
    let world = World::new();
    let _hydra = world.start(&[]);
    let second = std::process::Command::new(env!("CARGO_BIN_EXE_hydra"))
        .arg("--dir")
        .arg(world.dir())
        .arg("--socket")
        .arg(world.folder.path().join("other.sock"))
        .output()
        .unwrap();
    assert!(!second.status.success());
    assert!(String::from_utf8_lossy(&second.stderr).contains("another hydra has"));
}
