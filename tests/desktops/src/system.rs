//! What the kernel must refuse.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use rustix::io::Errno;
use rustix::mount::{MountFlags, mount};
use rustix::process::{Pid, Signal};
use rustix::thread::LinkNameSpaceType;

use crate::attempt::{Attempt, Target};

pub(crate) fn attempts(target: &Target) -> Vec<Attempt> {
    let mut attempts = nodes(target);
    attempts.extend(sockets());
    attempts.extend(namespaces());
    attempts.extend(processes(target));
    attempts.extend(kernel());
    attempts
}

/// Device nodes: those that are there, and those that one could make.
fn nodes(target: &Target) -> Vec<Attempt> {
    let input = format!("/dev/input/{}", target.neighbour_input);
    let mut attempts: Vec<Attempt> = ["/dev/uinput", "/dev/mem", "/dev/kmsg", "/dev/vda", "/dev/fuse", &input]
        .iter()
        .map(|path| Attempt::new(format!("open {path}"), open(path)))
        .collect();
    attempts.push(Attempt::new("open a render node", open("/dev/dri/renderD128")));
    let number = fs::read_to_string(format!("/sys/class/input/{}/dev", target.neighbour_input)).unwrap_or_default();
    let minor = number.trim().split_once(':').and_then(|(_, minor)| minor.parse().ok()).unwrap_or(64);
    for (name, major, minor) in [("another's input", 13, minor), ("uinput", 10, 223), ("mem", 1, 1), ("vda", 254, 0)] {
        let made = make_and_open(&format!("/tmp/probe-{}", name.replace([' ', '\''], "-")), major, minor);
        attempts.push(Attempt::new(format!("make and open a node of {name}"), made));
    }
    attempts
}

fn open(path: &str) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(path).or_else(|_| File::open(path))
}

fn make_and_open(path: &str, major: u32, minor: u32) -> io::Result<File> {
    let _ = fs::remove_file(path);
    mknodat(CWD, path, FileType::CharacterDevice, Mode::from(0o666), makedev(major, minor))?;
    open(path)
}

fn sockets() -> Vec<Attempt> {
    ["/run/helix-drm/drm.sock", "/run/helix-drm/status.sock", "/run/hydra/hydra.sock", "/run/docker.sock"]
        .iter()
        .map(|path| Attempt::new(format!("connect to {path}"), UnixStream::connect(path)))
        .collect()
}

fn namespaces() -> Vec<Attempt> {
    let flags = MountFlags::empty();
    let mut attempts = vec![
        Attempt::new("mount a tmpfs", mount("none", "/mnt", "tmpfs", flags, None)),
        Attempt::new("mount sysfs", mount("none", "/mnt", "sysfs", flags, None)),
        Attempt::new("mount proc", mount("none", "/mnt", "proc", flags, None)),
        Attempt::new("mount the cgroups", mount("none", "/mnt", "cgroup2", flags, None)),
        Attempt::new("change the host name", rustix::system::sethostname(b"owned")),
    ];
    for (name, flag) in [("user", "U"), ("mount", "m"), ("network", "n"), ("process", "pf")] {
        attempts
            .push(Attempt::new(format!("make a {name} namespace"), run(&format!("unshare -{flag} true"), "unshare")));
    }
    let of_init = File::open("/proc/1/ns/net").and_then(|file| {
        Ok(rustix::thread::move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))?)
    });
    attempts.push(Attempt::new("enter the network namespace of process 1", of_init));
    attempts
}

fn processes(target: &Target) -> Vec<Attempt> {
    let numbers = fs::read_dir("/proc").into_iter().flatten().flatten();
    let names = numbers.filter_map(|entry| {
        let comm = fs::read_to_string(entry.path().join("comm")).ok()?;
        Some(comm.trim().to_owned())
    });
    // A container sees its own processes only.
    let foreign: Vec<String> = names
        .filter(|name| ["hydra", "lease-launcher", "drm-manager", "systemd", "kthreadd"].contains(&name.as_str()))
        .collect();
    let seen = if foreign.is_empty() { Err("there are none") } else { Ok(()) };
    let pid = target.neighbour_pid;
    let signalled =
        Pid::from_raw(pid).ok_or(Errno::SRCH).and_then(|pid| rustix::process::kill_process(pid, Signal::CONT));
    vec![
        Attempt::new("see processes of the machine", seen),
        Attempt::new("signal a process of another desktop", signalled),
        Attempt::new("trace a process of another desktop", File::open(format!("/proc/{pid}/mem"))),
    ]
}

/// Runs a shell command that must fail; a program that is missing is no refusal but nothing to try.
fn run(command: &str, program: &str) -> Result<(), String> {
    let shell = |text: &str| {
        Command::new("timeout").args(["3", "sh", "-c", text]).stdin(Stdio::null()).output().map_err(|e| e.to_string())
    };
    if !shell(&format!("command -v {program}"))?.status.success() {
        return Err(format!("{program} is not installed"));
    }
    let output = shell(command)?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()) }
}

/// Writes far more than a socket's folder should take.
fn fill(path: &str) -> io::Result<()> {
    let filled = fs::write(path, vec![0; 8 << 20]);
    let _ = fs::remove_file(path);
    filled
}

fn kernel() -> Vec<Attempt> {
    let write = |path: &str, text: &str| fs::write(path, text);
    vec![
        Attempt::new("write /proc/sys", write("/proc/sys/kernel/core_pattern", "|/bin/sh")),
        Attempt::new("write /proc/sysrq-trigger", write("/proc/sysrq-trigger", "b")),
        Attempt::new("write /sys", write("/sys/class/drm/card0-Virtual-1/status", "on")),
        Attempt::new("send uevents", write("/sys/class/drm/card0/uevent", "change")),
        Attempt::new("leave the cgroup", write("/sys/fs/cgroup/cgroup.procs", "0")),
        Attempt::new("read the kernel's log", run("dmesg", "dmesg")),
        Attempt::new("read the machine's secret", fs::read("/sys/firmware/qemu_fw_cfg/by_name/opt/lunette/secret/raw")),
        Attempt::new("fill the machine's memory by its bus' folder", fill("/run/lunette/bus/fill")),
        Attempt::new("read another desktop's files", fs::read_dir("/run/hydra/desktops")),
        Attempt::new("set the clock", run("date -s 2000-01-01", "date")),
    ]
}
