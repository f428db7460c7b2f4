//! `lunette doctor` as a person runs it, on machines that lack something.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// What it says of a machine where nothing runs.
fn doctor(state: &Path, words: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lunette"));
    command.arg("doctor").arg("--state-dir").arg(state).args(words).envs(environment.iter().copied());
    command.output().expect("it runs")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The hop's line and the line that says what to do.
fn hop<'a>(text: &'a str, name: &str) -> (&'a str, &'a str) {
    let mut lines = text.lines().skip_while(|line| !line.get(4..).is_some_and(|rest| rest.starts_with(name)));
    (lines.next().unwrap_or_else(|| panic!("no {name} in {text}")), lines.next().unwrap_or_default())
}

#[test]
fn a_machine_without_qemu_is_told_how_to_get_one() {
    let state = tempfile::tempdir().expect("a folder");
    let output = doctor(state.path(), &[], &[("LUNETTE_QEMU", "/nowhere/qemu")]);
    let text = text(&output);
    let (line, remedy) = hop(&text, "QEMU");
    assert!(line.starts_with("BAD") && line.contains("/nowhere/qemu"), "{text}");
    assert!(remedy.contains("-> install QEMU"), "{text}");
    assert!(hop(&text, "accelerator").0.contains("not looked at without QEMU"), "{text}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_port_that_somebody_has_is_bad_and_a_free_one_is_good() {
    let state = tempfile::tempdir().expect("a folder");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let taken = doctor(state.path(), &["--listen", &address], &[]);
    let (line, remedy) = (text(&taken), "`ss -ltnp`");
    assert!(hop(&line, "port").0.starts_with("BAD"), "{line}");
    assert!(hop(&line, "port").0.contains(&address) && hop(&line, "port").1.contains(remedy), "{line}");
    assert_eq!(taken.status.code(), Some(1));
    drop(listener);
    let free = text(&doctor(state.path(), &["--listen", &address], &[]));
    assert!(hop(&free, "port").0.starts_with("ok"), "{free}");
}

/// `/proc` is a file system on which nothing is free.
#[test]
#[cfg(target_os = "linux")]
fn a_disk_without_room_is_bad_and_named() {
    let output = doctor(Path::new("/proc/lunette"), &["--json"], &[]);
    let hops: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let disk = hops.as_array().expect("hops").iter().find(|hop| hop["name"] == "disk").expect("a disk");
    assert_eq!((disk["state"].as_str(), disk["seen"].as_str()), (Some("bad"), Some("0 MiB are free for /proc")));
    assert!(disk["remedy"].as_str().is_some_and(|remedy| remedy.starts_with("make room")), "{disk}");
    assert_eq!(output.status.code(), Some(1));
}
