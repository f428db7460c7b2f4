//! What becomes of children.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;

use lunette_sys_process::{Lifetime, Spawn, wait_without_reaping};

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]).stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

fn output(mut child: Child) -> String {
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(child.wait().unwrap().success());
    text
}

#[test]
#[cfg(target_os = "linux")]
fn a_bound_child_dies_with_the_thread_that_spawned_it() {
    let (end, until) = channel::<()>();
    let thread = std::thread::spawn(move || {
        let mut child = Spawn::new(shell("echo up; exec sleep 1000"), Lifetime::SpawningThread).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(until.recv().is_err());
        child
    });
    drop(end);
    let status = thread.join().unwrap().wait().unwrap();
    assert_eq!(status.signal(), Some(libc::SIGKILL));
}

#[test]
fn an_independent_child_outlives_the_thread_that_spawned_it() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let mut command = shell("read line; echo $line");
    command.stdin(reader);
    let spawn = Spawn::new(command, Lifetime::Independent);
    let child = std::thread::spawn(move || spawn.spawn().unwrap()).join().unwrap();
    writer.write_all(b"still here\n").unwrap();
    assert_eq!(output(child), "still here\n");
}

#[test]
fn a_child_leads_a_process_group_of_its_own() {
    let child = Spawn::new(shell("cut -d' ' -f1,5 /proc/$$/stat"), Lifetime::Independent).spawn().unwrap();
    let id = child.id().to_string();
    assert_eq!(output(child).trim(), format!("{id} {id}"));
}

#[test]
fn a_child_has_the_descriptors_it_was_given_and_no_others() {
    let dir = tempfile::tempdir().unwrap();
    let given: OwnedFd = File::create(dir.path().join("given")).unwrap().into();
    let kept = File::create(dir.path().join("kept")).unwrap();
    // As a careless library would leave it.
    rustix::io::fcntl_setfd(&kept, rustix::io::FdFlags::empty()).unwrap();
    let mut spawn = Spawn::new(shell("ls -l /proc/$$/fd"), Lifetime::Independent);
    let number = spawn.inherit(given);
    let seen = output(spawn.spawn().unwrap());
    assert!(seen.contains(&format!("{number} -> {}", dir.path().join("given").display())), "{seen}");
    assert!(!seen.contains("/kept"), "{seen}");
    assert!(kept.as_raw_fd() > 2);
}

#[test]
fn a_program_that_does_not_exist_is_an_error() {
    let error = Spawn::new(Command::new("/no/such/program"), Lifetime::SpawningThread).spawn().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
}

#[test]
fn waiting_leaves_the_status_to_the_owner() {
    let mut child = Spawn::new(shell("exit 7"), Lifetime::SpawningThread).spawn().unwrap();
    wait_without_reaping(child.id()).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(7));
    assert!(wait_without_reaping(child.id()).is_err());
}

#[test]
#[cfg(target_os = "linux")]
fn an_adopted_orphan_is_waited_for_like_a_child() {
    lunette_sys_process::adopt_orphans().unwrap();
    let script = "(read line; exit 5) <&3 >/dev/null 2>&1 & echo $!";
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = shell(&format!("exec 3<&0; {script}"));
    command.stdin(reader);
    let orphan = output(Spawn::new(command, Lifetime::Independent).spawn().unwrap()).trim().parse().unwrap();
    drop(writer);
    wait_without_reaping(orphan).unwrap();
    let pid = rustix::process::Pid::from_raw(i32::try_from(orphan).unwrap());
    let (_, status) = rustix::process::waitpid(pid, rustix::process::WaitOptions::empty()).unwrap().unwrap();
    assert_eq!(status.exit_status(), Some(5));
}
