//! Over real sockets.

#![allow(clippy::unwrap_used, reason = "tests and their fixtures")]

use std::fs;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use lunette_sys_unix::{
    ConnectError, Credentials, connect_as, give_up_privileges, inherited, peer_credentials, recv_with_fds,
    send_with_fds,
};

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn own_pid() -> Option<u32> {
    Some(std::process::id())
}

/// A listener that everybody may connect to, in a folder that only root may enter.
fn listener(folder: &Path) -> (UnixListener, PathBuf) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
    let path = folder.join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
    (listener, path)
}

#[test]
fn the_listener_sees_the_other_user_and_no_other_thread_changes() {
    if !is_root() {
        return println!("NOT RUN: only root can connect as somebody else");
    }
    let folder = tempfile::tempdir().unwrap();
    let (listener, path) = listener(folder.path());
    let mut ours = connect_as(&path, 1_001_000, 1_002_000).unwrap();
    let (mut theirs, _) = listener.accept().unwrap();
    let seen = Credentials { pid: own_pid(), uid: 1_001_000, gid: 1_002_000 };
    assert_eq!(peer_credentials(&theirs).unwrap(), seen);
    assert!(is_root());
    ours.write_all(b"hello").unwrap();
    drop(ours);
    let mut text = String::new();
    theirs.read_to_string(&mut text).unwrap();
    assert_eq!(text, "hello");
}

#[test]
fn a_link_in_place_of_the_socket_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let (_listener, path) = listener(folder.path());
    let link = folder.path().join("link");
    symlink(&path, &link).unwrap();
    assert!(matches!(connect_as(&link, 0, 0), Err(ConnectError::NotASocket)));
    fs::write(folder.path().join("file"), "").unwrap();
    assert!(matches!(connect_as(&folder.path().join("file"), 0, 0), Err(ConnectError::NotASocket)));
    assert!(matches!(connect_as(&folder.path().join("missing"), 0, 0), Err(ConnectError::Open(_))));
}

#[test]
fn nobody_becomes_the_user_that_stands_for_none() {
    let folder = tempfile::tempdir().unwrap();
    let (_listener, path) = listener(folder.path());
    assert!(matches!(connect_as(&path, u32::MAX, 0), Err(ConnectError::Become { .. })));
}

#[test]
fn a_socket_that_the_other_user_may_not_use_refuses_him() {
    if !is_root() {
        return println!("NOT RUN: only root can connect as somebody else");
    }
    let folder = tempfile::tempdir().unwrap();
    let (_listener, path) = listener(folder.path());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(matches!(connect_as(&path, 1_001_000, 1_001_000), Err(ConnectError::Connect(_))));
}

#[test]
fn a_descriptor_arrives_with_its_bytes() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let file = tempfile::tempfile().unwrap();
    assert_eq!(send_with_fds(&ours, b"abc", &[file.as_fd()]).unwrap(), 3);
    let mut bytes = [0; 16];
    let received = recv_with_fds(&theirs, &mut bytes).unwrap();
    assert_eq!(&bytes[..received.len], b"abc");
    let [got] = <[_; 1]>::try_from(received.fds).unwrap();
    assert_eq!(fs::File::from(got).metadata().unwrap().ino(), file.metadata().unwrap().ino());
    drop(ours);
    assert_eq!(recv_with_fds(&theirs, &mut bytes).unwrap().len, 0);
}

#[test]
fn too_many_descriptors_are_refused() {
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let fd = ours.as_fd();
    assert!(send_with_fds(&ours, b"abc", &[fd, fd, fd, fd, fd]).is_err());
}

#[test]
fn an_own_socket_pair_is_ours() {
    let (ours, _theirs) = UnixStream::pair().unwrap();
    assert_eq!(peer_credentials(&ours).unwrap().pid, own_pid());
    assert!(peer_credentials(tempfile::tempfile().unwrap()).is_err());
}

#[test]
fn a_number_with_nothing_open_is_refused() {
    assert!(inherited(1).is_err());
    assert!(inherited(-1).is_err());
    assert!(inherited(1_000_000).is_err());
}

#[test]
fn given_up_privileges_are_gone_from_this_thread_only() {
    let status = || fs::read_to_string("/proc/thread-self/status").unwrap();
    let has = |line: &str, text: &str| text.lines().any(|found| found == line);
    let before = status();
    std::thread::spawn(move || {
        give_up_privileges().unwrap();
        let after = status();
        assert!(has("CapEff:\t0000000000000000", &after), "{after}");
        assert!(has("CapPrm:\t0000000000000000", &after), "{after}");
        assert!(has("NoNewPrivs:\t1", &after), "{after}");
    })
    .join()
    .unwrap();
    let effective = |text: &str| text.lines().find(|line| line.starts_with("CapEff")).map(str::to_owned);
    assert_eq!(effective(&before), effective(&status()));
}
