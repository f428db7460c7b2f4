use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::*;

const MARK: &str = "LUNETTE_TEST_RUNC";
/// Runs `quick` to its end, and everything else until it is killed. It notes what it started.
const RUNC: &str = r#"#!/bin/sh
case "$(cat "$5")" in *quick*) exit 0 ;; esac
setsid sleep 1000 &
echo $! >> "$2/started"
echo $! > "$7"
wait $!
"#;
const CONFIG: &str = r#"{"process": {"terminal": false, "user": {"uid": 1000, "gid": 1000}, "args": ["x"], "env": [],
    "cwd": "/", "capabilities": {}, "rlimits": [], "noNewPrivileges": true}}"#;

/// Runs `body` in a process of its own that finds our runc before the machine's.
fn with_runc<F: Future<Output = ()>>(test: &str, body: impl FnOnce(Desktop, PathBuf) -> F) {
    if let Some(folder) = std::env::var_os(MARK).map(PathBuf::from) {
        let desktop = Desktop::find(&folder, &"a".parse().unwrap()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        return runtime.block_on(body(desktop, folder.join("runc/started")));
    }
    let folder = tempfile::tempdir().unwrap();
    let file = |path: &str, content: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    file("bin/runc", RUNC);
    file("runc/started", "");
    file("desktops/a/bundle/config.json", CONFIG);
    file("desktops/a/bundle/container.json", r#"{"slot": 0, "docker": null}"#);
    let path = format!("{}:{}", folder.path().join("bin").display(), std::env::var("PATH").unwrap());
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", &format!("command::tests::{test}"), "--nocapture"]);
    assert!(again.env(MARK, folder.path()).env("PATH", path).status().unwrap().success());
}

fn argv(word: &str) -> Vec<String> {
    vec![word.to_owned()]
}

fn started(file: &Path) -> Vec<String> {
    fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn a_command_that_does_not_end_is_killed_and_gone() {
    with_runc("a_command_that_does_not_end_is_killed_and_gone", async |desktop, file| {
        let commands = Commands::default();
        let why = commands.run(desktop.clone(), argv("endless"), Duration::from_millis(500)).await.unwrap_err();
        assert_eq!(why, "endless did not end within 500ms");
        let pids = started(&file);
        assert_eq!(pids.len(), 1);
        assert!(!Path::new("/proc").join(&pids[0]).exists(), "it runs on");
        commands.run(desktop, argv("quick"), Duration::from_secs(10)).await.unwrap();
    });
}

#[test]
fn no_command_starts_beside_another_even_when_nobody_waits_for_that() {
    with_runc("no_command_starts_beside_another_even_when_nobody_waits_for_that", async |desktop, file| {
        let commands = Commands::default();
        let endless = commands.run(desktop.clone(), argv("endless"), Duration::from_secs(1));
        timeout(Duration::from_millis(300), endless).await.unwrap_err();
        let limit = Duration::from_secs(10);
        assert!(commands.run(desktop.clone(), argv("quick"), limit).await.unwrap_err().contains("has not ended"));
        while commands.run(desktop.clone(), argv("quick"), limit).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let pids = started(&file);
        assert!(!Path::new("/proc").join(&pids[0]).exists(), "it runs on");
    });
}
