//! From a wish to nothing.

use std::collections::BTreeSet;
use std::fs;
use std::time::Instant;

use serde_json::json;

use crate::fixture::{World, eventually, path};

#[test]
fn a_desktop_runs_shows_what_it_has_and_goes() {
    let world = World::new();
    let hydra = world.start(&[]);
    let made = hydra.http.create("a", "").is(201).json();
    assert_eq!((made["status"].as_str(), made["render_node"].as_str()), (Some("running"), Some("/dev/dri/renderD128")));
    assert_eq!((made["report"]["scanout"].as_u64(), made["ip_address"].as_str()), (Some(1), Some("10.213.0.2")));
    assert_eq!(hydra.http.get(&path("a", "/logs")).is(200).text(), "desktop a prints\n");
    assert!(hydra.http.get(&path("a", "/logs?of=launcher")).text().starts_with("fake launcher of a"));
    let gone = hydra.http.delete("a").is(200).json();
    assert_eq!(gone["status"], "stopped");
    hydra.http.get(&path("a", "")).is(404);
    assert!(!world.desktop("a").exists());
    hydra.http.delete("a").is(200);
}

#[test]
fn what_exists_is_answered_as_it_is() {
    let world = World::new();
    let hydra = world.start(&[]);
    let wish = json!({ "session_id": "ses_01X", "container_name": "n", "container_type": "ubuntu", "image": "x:1",
                       "env": ["GPU_VENDOR=a", "GPU_VENDOR=b"] });
    let first = hydra.http.post("/api/v1/dev-containers?wait=60", &wish).is(201).json();
    let second = hydra.http.post("/api/v1/dev-containers", &wish).is(200).json();
    assert_eq!(first, second, "the same object, its session and status among it");
    assert_eq!((second["session_id"].as_str(), second["container_type"].as_str()), (Some("ses_01X"), Some("ubuntu")));
    assert_eq!(hydra.http.show("ses_01X")["id"], "ses-01x");
    let order = fs::read_to_string(world.desktop("ses-01x").join("desktop.json")).unwrap();
    assert_eq!(order.matches("GPU_VENDOR").count(), 1, "one value per key");
    let other = json!({ "session_id": "SES_01x", "container_type": "ubuntu" });
    hydra.http.post("/api/v1/dev-containers", &other).is(409);
}

#[test]
fn many_creates_of_one_id_make_one_desktop() {
    let world = World::new();
    let hydra = world.start(&[]);
    let replies: Vec<u16> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..200)
            .map(|number| {
                let http = hydra.http.clone();
                scope.spawn(move || http.create(if number % 2 == 0 { "even" } else { "odd" }, "").status)
            })
            .collect();
        asking.into_iter().map(|asking| asking.join().unwrap()).collect()
    });
    let made = replies.iter().filter(|status| **status == 201).count();
    assert_eq!((made, replies.iter().filter(|status| **status == 200).count()), (2, 198));
    let list = hydra.http.get("/api/v1/dev-containers").json();
    let slots: BTreeSet<_> = list.as_array().unwrap().iter().map(|desktop| desktop["slot"].as_u64()).collect();
    assert_eq!(slots, BTreeSet::from([Some(0), Some(1)]));
}

#[test]
fn a_crash_has_its_reason_and_the_launchers_death_is_one() {
    let world = World::new();
    let hydra = world.start(&[]);
    let crashed = hydra.http.create("a", "crash").json();
    let crashed =
        if crashed["status"] == "error" { crashed } else { hydra.http.until("a", |a| a["status"] == "error") };
    assert_eq!(crashed["error"], "its compositor was killed by signal 11");
    let running = hydra.http.create("b", "").is(201).json();
    let pid = i32::try_from(running["report"]["launcher_pid"].as_i64().unwrap()).unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    let dead = hydra.http.until("b", |b| b["status"] == "error");
    assert_eq!(dead["report"]["reason"]["kind"], "launcher-died");
    hydra.http.create("b", "").is(201);
}

#[test]
fn a_launcher_hears_nothing_of_what_the_service_manager_told_hydra() {
    let world = World::new();
    let told = [
        ("NOTIFY_SOCKET", "/none"),
        ("WATCHDOG_USEC", "1"),
        ("WATCHDOG_PID", "1"),
        ("LISTEN_FDS", "1"),
        ("LISTEN_PID", "1"),
        ("LISTEN_FDNAMES", "a"),
        ("INVOCATION_ID", "a"),
        ("JOURNAL_STREAM", "1:2"),
        ("SYSTEMD_EXEC_PID", "1"),
        ("CREDENTIALS_DIRECTORY", "/none"),
    ];
    let hydra = world.start_with(&[], &told);
    let running = hydra.http.create("a", "").is(201).json();
    let environment = fs::read_to_string(format!("/proc/{}/environ", running["report"]["launcher_pid"])).unwrap();
    let names: Vec<&str> = environment.split('\0').filter_map(|pair| pair.split('=').next()).collect();
    assert!(names.contains(&"PATH"), "{names:?}");
    let heard: Vec<_> = told.iter().filter(|(name, _)| names.contains(name)).collect();
    assert!(heard.is_empty(), "{heard:?}");
}

#[test]
fn a_failed_desktop_starts_again_when_its_order_says_so() {
    let world = World::new();
    let hydra = world.start(&[]);
    let wish = json!({ "id": "a", "profile": "weston", "environment": { "FAKE": "vanish-once" },
                       "restart": { "when": "on-failure", "times": 3 } });
    hydra.http.post("/api/v1/dev-containers", &wish).is(201);
    let again = hydra.http.until("a", |a| a["status"] == "running" && a["report"]["restarts"] == 1);
    assert_eq!(again["report"]["reason"]["kind"], "launcher-died");
    assert!(fs::read_to_string(world.desktop("a").join("launcher.log")).unwrap().contains("restart 1"));
}

#[test]
fn a_desktop_can_be_ended_while_it_starts() {
    let world = World::new();
    let hydra = world.start(&[]);
    let wish = json!({ "id": "a", "profile": "weston", "environment": { "FAKE": "slow" } });
    let made = hydra.http.post("/api/v1/dev-containers", &wish).is(201).json();
    assert_eq!(made["status"], "starting");
    eventually(|| world.desktop("a").join("desktop.log").exists().then_some(()));
    let http = hydra.http.clone();
    let ending = std::thread::spawn(move || http.delete("a"));
    hydra.http.until_gone_or("a", "stopping");
    hydra.http.post("/api/v1/dev-containers", &wish).has_one_of(&[409, 201]);
    fs::write(world.desktop("a").join("go"), "").unwrap();
    ending.join().unwrap().is(200);
}

#[test]
fn a_launcher_that_does_not_listen_is_killed_in_less_than_a_minute() {
    let world = World::new();
    let hydra = world.start(&[]);
    hydra.http.create("a", "deaf").is(201);
    let began = Instant::now();
    hydra.http.delete("a").is(200);
    assert!(began.elapsed().as_secs() < 60);
}

#[test]
fn a_size_is_changed_or_the_refusal_says_why() {
    let world = World::new();
    let hydra = world.start(&[]);
    hydra.http.create("a", "").is(201);
    hydra.http.post(&path("a", "/resize"), &json!({ "width": 800, "height": 600 })).is(200);
    hydra.http.until("a", |a| a["report"]["size"] == "800x600");
    let refused = hydra.http.post(&path("a", "/resize"), &json!({ "size": "5000x600" })).is(409).json();
    assert!(refused["error"].as_str().unwrap().contains("too wide for a fake"));
    hydra.http.post(&path("a", "/resize"), &json!({ "size": "1x1" })).is(422);
    hydra.http.post(&path("b", "/resize"), &json!({ "size": "800x600" })).is(404);
}

#[test]
fn input_reaches_the_launcher_line_by_line() {
    let world = World::new();
    let hydra = world.start(&[]);
    hydra.http.create("a", "").is(201);
    let lines = "{\"type\":\"key\",\"keycode\":30,\"state\":1}\n{\"type\":\"key\",\"keycode\":30,\"state\":0}";
    hydra.http.ask("POST", &path("a", "/input"), lines.as_bytes()).is(204);
    let file = world.desktop("a").join("input.txt");
    let got = eventually(|| fs::read_to_string(&file).ok().filter(|text| text.ends_with('\n')));
    assert_eq!(got.trim_end(), lines);
    hydra.http.ask("POST", &path("a", "/input"), b"{}\nrm -rf\n").is(400);
}

#[test]
fn a_full_machine_says_so_with_numbers() {
    let world = World::new();
    let hydra = world.start(&["--max-desktops", "1"]);
    let big = json!({ "profile": "weston", "limits": { "memory_mib": 100_000_000 } });
    let refused = hydra.http.post("/api/v1/dev-containers", &big).is(507).json();
    assert!(refused["error"].as_str().unwrap().starts_with("100000000 MiB of memory are wanted"));
    hydra.http.create("a", "").is(201);
    hydra.http.create("b", "").is(507);
    hydra.http.delete("a").is(200);
    hydra.http.create("b", "").is(201);
}

#[test]
fn people_have_commands() {
    let world = World::new();
    let _hydra = world.start(&[]);
    let run = |args: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_hydra"));
        let output = command.args(args).env("HYDRA_SOCKET", world.socket()).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    };
    let (made, text) = run(&["create", "weston", "--id", "a", "--name", "mine"]);
    assert!(made && text.contains("phase") && text.contains("running"), "{text}");
    let (_, list) = run(&["list"]);
    assert!(list.starts_with("ID") && list.lines().nth(1).is_some_and(|line| line.starts_with("a ")), "{list}");
    assert!(run(&["profiles"]).1.contains("for tests"));
    assert_eq!(run(&["logs", "a"]), (true, "desktop a prints\n".to_owned()));
    assert!(run(&["resize", "a", "800x600"]).0);
    let (shown, json) = run(&["show", "a", "--json"]);
    assert!(shown && json.contains("\"container_name\": \"mine\""), "{json}");
    assert!(run(&["stop", "a"]).0);
    let (shown, text) = run(&["show", "a"]);
    assert!(!shown && text.contains("no desktop a"), "{text}");
}
