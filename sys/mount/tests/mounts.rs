//! Real mounts, each test in a mount namespace of its own. Root only.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::io::{ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lunette_sys_mount::{
    Flags, IdMapping, UserNamespace, bind, in_mount_namespace_of_its_own, in_network_namespace, mounts_below, overlay,
    tmpfs, unmount_below,
};

const FIRST: u32 = 1_000_000;
const SOON: Duration = Duration::from_secs(2);

/// Runs `test` in a folder of its own whose mounts nobody else sees.
fn as_root(test: impl FnOnce(&Path) + Send) {
    if !rustix::process::geteuid().is_root() {
        println!("NOT RUN: mounting takes root");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    in_mount_namespace_of_its_own(|| test(dir.path())).unwrap();
}

fn folders<const N: usize>(dir: &Path, names: [&str; N]) -> [PathBuf; N] {
    names.map(|name| {
        let path = dir.join(name);
        fs::create_dir_all(&path).unwrap();
        path
    })
}

fn shifted() -> UserNamespace {
    let all = IdMapping { stored: 0, seen: FIRST, count: 65_536 };
    UserNamespace::new(all, all).unwrap()
}

#[test]
fn a_mapped_bind_shows_other_owners_and_takes_no_writes() {
    as_root(|dir| {
        let [source, target] = folders(dir, ["source", "target"]);
        fs::write(source.join("file"), "x").unwrap();
        chown(source.join("file"), Some(1000), Some(1001)).unwrap();
        bind(&source, &target, Flags { read_only: true, ..Flags::default() }, Some(&shifted())).unwrap();
        let seen = fs::metadata(target.join("file")).unwrap();
        assert_eq!((seen.uid(), seen.gid()), (FIRST + 1000, FIRST + 1001));
        assert_eq!(fs::write(target.join("file"), "y").unwrap_err().kind(), ErrorKind::ReadOnlyFilesystem);
    });
}

#[test]
fn ids_outside_of_a_mapping_are_nobody() {
    as_root(|dir| {
        let [source, target] = folders(dir, ["source", "target"]);
        fs::write(source.join("mine"), "").unwrap();
        let one = IdMapping { stored: 1234, seen: FIRST, count: 1 };
        bind(&source, &target, Flags::default(), Some(&UserNamespace::new(one, one).unwrap())).unwrap();
        assert_eq!(fs::metadata(target.join("mine")).unwrap().uid(), 65_534);
    });
}

#[test]
fn an_overlay_over_a_mapped_bind_keeps_the_lower_layer_as_it_was() {
    as_root(|dir| {
        let [source, lower, layer, root] = folders(dir, ["source", "lower", "layer", "root"]);
        fs::write(source.join("file"), "old").unwrap();
        bind(&source, &lower, Flags { read_only: true, ..Flags::default() }, Some(&shifted())).unwrap();
        tmpfs(&layer, 4, 0o700, Flags::default()).unwrap();
        let [upper, work] = folders(&layer, ["upper", "work"]);
        overlay(&lower, &upper, &work, &root, Flags::default()).unwrap();
        fs::write(root.join("file"), "new").unwrap();
        assert_eq!(fs::metadata(root.join("file")).unwrap().uid(), FIRST);
        assert_eq!(fs::read_to_string(source.join("file")).unwrap(), "old");
        assert_eq!(fs::read_to_string(upper.join("file")).unwrap(), "new");
    });
}

#[test]
fn a_tmpfs_takes_no_more_than_its_size() {
    as_root(|dir| {
        tmpfs(dir, 1, 0o700, Flags::default()).unwrap();
        let error = fs::write(dir.join("big"), vec![0; 2 << 20]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
    });
}

#[test]
fn a_path_that_would_be_two_options_is_refused() {
    as_root(|dir| {
        let [lower, upper, work, root] = folders(dir, ["a,b", "upper", "work", "root"]);
        let error = overlay(&lower, &upper, &work, &root, Flags::default()).unwrap_err();
        assert!(error.to_string().contains("a,b"), "{error}");
    });
}

#[test]
fn everything_below_a_folder_goes_even_what_is_stacked() {
    as_root(|dir| {
        let [outer, other] = folders(dir, ["desk top", "desk"]);
        for _ in 0..3 {
            tmpfs(&outer, 1, 0o700, Flags::default()).unwrap();
        }
        let [inner] = folders(&outer, ["inner"]);
        tmpfs(&inner, 1, 0o700, Flags::default()).unwrap();
        tmpfs(&other, 1, 0o700, Flags::default()).unwrap();
        assert_eq!(unmount_below(&outer, SOON).unwrap().len(), 4);
        assert_eq!(unmount_below(&outer, SOON).unwrap().len(), 0);
        assert_eq!(mounts_below(dir).unwrap(), [other]);
    });
}

#[test]
fn a_mount_in_use_is_named_once_the_time_is_up() {
    as_root(|dir| {
        tmpfs(dir, 1, 0o700, Flags::default()).unwrap();
        let held = fs::File::create(dir.join("held")).unwrap();
        let error = unmount_below(dir, Duration::from_millis(50)).unwrap_err();
        assert!(error.to_string().contains(&dir.display().to_string()), "{error}");
        drop(held);
        unmount_below(dir, SOON).unwrap();
    });
}

#[test]
fn a_thread_inside_a_network_namespace_sees_that_network_alone() {
    as_root(|_| {
        let mut child = piped(Command::new("unshare").args(["-n", "sh", "-c", "echo; read wait"]));
        let namespace = fs::File::open(format!("/proc/{}/ns/net", child.id())).unwrap();
        let devices = in_network_namespace(namespace.as_fd(), || {
            fs::read_to_string("/proc/thread-self/net/dev").unwrap().lines().count()
        });
        // Two lines of heading, and the loopback at least; never the interface of this machine.
        assert!(devices.unwrap() < fs::read_to_string("/proc/net/dev").unwrap().lines().count());
        drop(child.stdin.take());
        child.wait().unwrap();
    });
}

/// A child that has written its first byte.
fn piped(command: &mut Command) -> Child {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    child
}
