//! Where the program listens, and what it says when it cannot.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::{Client, Eye, Server, not_run, refused};

const SMALL: [&str; 6] = ["--pattern", "typing", "--scanouts", "1", "--size", "320x180"];

/// A directory for sockets, and one name in it.
fn socket() -> (TempDir, PathBuf) {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("frames.sock");
    (directory, path)
}

fn only_unix(path: &Path) -> Vec<&str> {
    [&SMALL[..], &["--tcp", "off", "--unix", path.to_str().expect("UTF-8")]].concat()
}

/// The program refuses to start, says why in one line without the noise of a panic, and names `word`.
#[track_caller]
fn assert_refused(args: &[&str], word: &str) {
    let (code, text) = refused(args);
    assert!(code.is_some_and(|code| code != 0), "{args:?}: {code:?}");
    let last = text.lines().last().unwrap_or_default();
    assert!(last.starts_with("frame-export: ") && last.contains(word), "{args:?}: {text}");
    assert!(!text.contains("panicked"), "{text}");
}

fn assert_serves(server: &Server) {
    let mut client = Client::connect_unix(&server.unix());
    assert!(client.subscribe(0));
    Eye::new(0).look_at_all(&client.frames(5));
}

#[test]
fn a_unix_socket_delivers_frames_and_is_for_owner_and_group() {
    let (_directory, path) = socket();
    let server = Server::start(&only_unix(&path));
    assert_serves(&server);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
}

#[test]
fn all_transports_share_one_pipeline() {
    let (_directory, path) = socket();
    let server = Server::start(&[&SMALL[..], &["--unix", path.to_str().unwrap()]].concat());
    let mut unix = Client::connect_unix(&path);
    assert!(unix.subscribe(0));
    unix.frames(5);
    Client::subscribed(&server, 0).frames(5);
    assert_eq!(server.metrics().sum("pipelines", &[]), 1.0);
}

#[test]
fn a_second_server_on_a_unix_socket_is_refused_and_the_first_goes_on() {
    let (_directory, path) = socket();
    let first = Server::start(&only_unix(&path));
    let mut client = Client::connect_unix(&path);
    assert!(client.subscribe(0));
    client.frames(5);
    assert_refused(&only_unix(&path), path.to_str().unwrap());
    assert!(refused(&only_unix(&path)).1.contains("another server is listening there"));
    client.frames(5);
    assert_serves(&first);
}

#[test]
fn a_stale_unix_socket_is_replaced() {
    let (_directory, path) = socket();
    drop(UnixListener::bind(&path).unwrap());
    assert!(fs::symlink_metadata(&path).unwrap().file_type().is_socket());
    assert_serves(&Server::start(&only_unix(&path)));
}

#[test]
fn the_socket_of_a_server_that_was_killed_is_replaced() {
    let (_directory, path) = socket();
    let mut first = Server::start(&only_unix(&path));
    assert_serves(&first);
    first.end_by(Signal::KILL);
    assert!(path.exists(), "nobody could remove it");
    assert_serves(&Server::start(&only_unix(&path)));
    assert!(!path.exists(), "the second one removed it");
}

#[test]
fn a_file_in_the_place_of_a_socket_is_refused_and_kept() {
    let (_directory, path) = socket();
    fs::write(&path, "mine").unwrap();
    assert_refused(&only_unix(&path), path.to_str().unwrap());
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let (_directory, path) = socket();
    let path = path.with_file_name("missing").join("frames.sock");
    assert_refused(&only_unix(&path), path.to_str().unwrap());
}

#[test]
fn a_directory_that_cannot_be_written_is_named() {
    // Not even root makes a file there.
    assert_refused(&only_unix(Path::new("/sys/frames.sock")), "/sys/frames.sock");
}

#[test]
fn a_path_too_long_for_a_socket_is_named() {
    let (_directory, path) = socket();
    let path = path.with_file_name("x".repeat(200));
    assert_refused(&only_unix(&path), &"x".repeat(200));
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    assert_refused(&[&SMALL[..], &["--tcp", &address]].concat(), &format!("cannot listen on tcp={address}"));
    let metrics = [&SMALL[..], &["--tcp", "127.0.0.1:0", "--metrics", &address]].concat();
    assert_refused(&metrics, &format!("cannot listen on metrics={address}"));
}

#[test]
fn an_address_that_is_not_ours_is_named() {
    assert_refused(&[&SMALL[..], &["--tcp", "192.0.2.1:15937"]].concat(), "tcp=192.0.2.1:15937");
}

#[test]
fn a_failed_start_leaves_no_socket_behind() {
    let (_directory, path) = socket();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    assert_refused(&[&only_unix(&path)[..], &["--metrics", &address]].concat(), "metrics=");
    assert!(!path.exists());
}

#[test]
fn vsock_is_offered_or_its_absence_explained() {
    let args = [&SMALL[..], &["--tcp", "off", "--vsock", "15937"]].concat();
    if Path::new("/dev/vsock").exists() {
        let mut server = Server::start(&args);
        assert_eq!(server.address("vsock"), Some("15937"));
        assert_refused(&args, "vsock=15937");
        assert!(server.end_by(Signal::TERM).success());
        not_run("frames over vsock", "needs a guest of this host, or the kernel module vsock_loopback");
    } else {
        assert_refused(&args, "cannot listen on vsock=15937: this kernel offers no vsock");
        not_run("listening on vsock", "this kernel has no /dev/vsock");
    }
}

#[test]
fn what_cannot_be_encoded_is_said_before_anybody_connects() {
    assert_refused(&[&SMALL[..], &["--tcp", "127.0.0.1:0", "--encoder", "videotoolbox"]].concat(), "videotoolbox");
}
