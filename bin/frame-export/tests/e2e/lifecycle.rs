//! How the program starts, says what it is, and ends.

use std::time::{Duration, Instant};

use lunette_wire::hxfr::Message;
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Arrival, Client, Eye, Namespace, Server, eventually, long, not_run, program};

/// What the program prints on stdout when asked for something other than serving.
fn printed(arg: &str) -> String {
    let output = program(&[arg]).output().expect("the program starts");
    assert!(output.status.success(), "{arg}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_same_build_is_named_everywhere() {
    let server = Server::small("still", "60");
    let version = printed("--version");
    let build = version.trim().strip_prefix("frame-export ").expect("name and build");
    let health: Value = serde_json::from_str(&server.get("/healthz")).unwrap();
    assert_eq!((health["status"].as_str(), health["build"].as_str()), (Some("ok"), Some(build)));
    assert_eq!(server.metrics().sum("build_info", &[("build", build)]), 1.0);
    assert!(server.log().contains(build), "{}", server.log());
    assert!(build.split_once('+').is_some_and(|(_, commit)| !commit.is_empty()), "{build}");
}

#[test]
fn help_names_every_flag() {
    let help = printed("--help");
    let flags = [
        "source",
        "pattern",
        "replay",
        "scanouts",
        "size",
        "fps",
        "tcp",
        "unix",
        "vsock",
        "metrics",
        "max-connections",
        "encoder",
        "quality",
        "max-bitrate",
        "encoder-threads",
        "list-encoders",
        "qmp",
        "bus",
        "memory-budget",
        "secret-file",
        "legacy",
        "config",
        "log",
        "version",
        "help",
    ];
    for flag in flags {
        assert!(help.contains(&format!("--{flag}")), "--{flag}");
    }
    for word in ["still", "typing", "scroll", "video", "noise", "FRAME_EXPORT_TCP", "127.0.0.1:15937", "SIGTERM"] {
        assert!(help.contains(word), "{word}");
    }
}

#[test]
fn health_counts_scanouts_and_connections() {
    let server = Server::start(&["--pattern", "still", "--scanouts", "5", "--size", "320x180"]);
    let mut client = Client::connect(&server);
    client.answers();
    let health: Value = serde_json::from_str(&server.get("/healthz")).unwrap();
    assert_eq!((health["scanouts"].as_u64(), health["connections"].as_u64()), (Some(5), Some(1)));
}

#[test]
fn metrics_tell_what_happened_on_a_scanout_and_to_a_client() {
    let server = Server::small("typing", "60");
    let mut client = Client::subscribed(&server, 0);
    client.frames(40);
    let metrics = server.metrics();
    let scanout = [("scanout", "0")];
    for family in [
        "captured_frames_total",
        "encoded_frames_total",
        "encode_seconds_count",
        "convert_seconds_count",
        "diff_seconds_count",
        "damage_share_count",
        "latency_seconds_count",
        "client_delivered_total",
    ] {
        assert!(metrics.sum(family, &scanout) >= 39.0, "{family}: {}", metrics.sum(family, &scanout));
    }
    assert!(metrics.sum("encoded_bytes_total", &scanout) > 1000.0);
    for family in ["replaced_frames_total", "unchanged_frames_total", "client_queue_units", "client_dropped_total"] {
        assert_eq!(metrics.count(family, &scanout), 1, "{family}");
    }
    assert_eq!(metrics.sum("idrs_total", &[("scanout", "0"), ("reason", "join")]), 1.0);
}

#[test]
fn sigterm_and_sigint_end_it_cleanly() {
    for signal in [Signal::TERM, Signal::INT] {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("frames.sock");
        let unix = path.to_str().unwrap();
        let mut server = Server::start(&["--pattern", "typing", "--size", "320x180", "--unix", unix]);
        let mut clients = [Client::subscribed(&server, 0), Client::subscribed(&server, 1), Client::connect(&server)];
        clients[..2].iter_mut().for_each(|client| drop(client.frame()));
        clients[2].answers();
        let asked = Instant::now();
        let status = server.end_by(signal);
        assert_eq!(status.code(), Some(0), "{signal:?}");
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
        assert!(!path.exists());
        for client in &mut clients {
            let left = client.closed();
            assert!(left.iter().all(|message| matches!(message, Message::FrameResponse(_) | Message::Error(_))));
        }
    }
}

#[test]
fn it_ends_while_peers_ask_and_do_not_read() {
    let mut server = Server::start(&["--pattern", "noise", "--fps", "0", "--size", "640x360", "--scanouts", "2"]);
    let mut deaf = Client::subscribed(&server, 0).narrow();
    deaf.frame();
    eventually("it is waited for", || server.waits_for_its_clients());
    let asked = Instant::now();
    assert!(server.end_by(Signal::TERM).success());
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
}

#[test]
fn sighup_loses_nothing() {
    let server = Server::small("typing", "60");
    let mut client = Client::subscribed(&server, 0);
    let mut frames = client.frames(20);
    for _ in 0..5 {
        server.signal(Signal::HUP);
        frames.extend(client.frames(10));
    }
    let gap = frames.windows(2).map(|pair| pair[1].at - pair[0].at).max().unwrap();
    assert!(gap < Duration::from_millis(500), "{gap:?}");
    let seen = Eye::new(0).look_at_all(&frames);
    assert_eq!(seen.iter().filter(|seen| seen.idr).count(), 1);
    eventually("it says so", || server.log().matches("SIGHUP").count() == 5);
}

#[test]
fn settings_come_from_environment_and_file_too() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("frame-export.toml");
    std::fs::write(&file, "scanouts = 2\npattern = \"noise\"\nsize = \"320x180\"\n").unwrap();
    let mut command =
        program(&["--tcp", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--config", file.to_str().unwrap()]);
    command.env("FRAME_EXPORT_PATTERN", "still");
    let server = Server::run(command);
    assert!(!Client::connect(&server).subscribe(2), "two scanouts, says the file");
    let mut client = Client::subscribed(&server, 1);
    client.frame();
    client.settle();
    assert!(matches!(client.receive(Duration::from_millis(500)), Arrival::Nothing), "still, says the environment");
}

#[test]
fn a_black_holed_client_keeps_nobody_out() {
    let namespace = match Namespace::new() {
        Ok(namespace) => namespace,
        Err(why) => {
            not_run("a client whose packets are swallowed", &why);
            return a_deaf_client_keeps_nobody_out();
        }
    };
    let address = format!("{}:0", namespace.host());
    let server = Server::start(&["--tcp", &address, "--pattern", "noise", "--scanouts", "1", "--size", "640x360"]);
    let mut lost = Client::over_tcp(namespace.connect(server.tcp()));
    assert!(lost.subscribe(0));
    lost.frames(10);
    namespace.swallow();
    eventually("nothing of it arrives", || server.waits_for_its_clients());
    assert_welcomes(&server);
}

#[test]
fn a_deaf_client_keeps_nobody_out() {
    let server = Server::small("noise", "60");
    let mut deaf = Client::subscribed(&server, 0).narrow();
    deaf.frame();
    eventually("it reads nothing", || server.waits_for_its_clients());
    assert_welcomes(&server);
}

/// Newcomers have their first picture within a second, however many come.
#[track_caller]
fn assert_welcomes(server: &Server) {
    for _ in 0..5 {
        let asked = Instant::now();
        let mut client = Client::subscribed(server, 0);
        let frames = client.frames(10);
        assert!(frames[0].at - asked < Duration::from_secs(1), "{:?}", frames[0].at - asked);
        Eye::new(0).look_at_all(&frames);
    }
}

#[test]
fn a_client_that_vanished_is_noticed() {
    const WHAT: &str = "a vanished client is forgotten within 40 s";
    if !long() {
        return not_run(WHAT, "takes 40 s: set LUNETTE_LONG=1");
    }
    let namespace = match Namespace::new() {
        Ok(namespace) => namespace,
        Err(why) => return not_run(WHAT, &why),
    };
    let address = format!("{}:0", namespace.host());
    let arguments = ["--tcp", &address, "--scanouts", "1", "--size", "640x360", "--fps", "5"];
    // One has everything when it vanishes, the other is being sent to.
    let servers = ["still", "typing"].map(|pattern| Server::start(&[&arguments[..], &["--pattern", pattern]].concat()));
    let mut lost = servers.each_ref().map(|server| Client::over_tcp(namespace.connect(server.tcp())));
    for client in &mut lost {
        assert!(client.subscribe(0));
        client.frame();
        client.frames_for(Duration::from_secs(1));
    }
    namespace.swallow();
    let since = Instant::now();
    while servers.iter().any(|server| server.metrics().sum("connections", &[]) > 0.0) {
        assert!(since.elapsed() < Duration::from_secs(40), "somebody still counts as connected");
        std::thread::sleep(Duration::from_millis(200));
    }
    println!("forgotten after {:?}", since.elapsed());
}
