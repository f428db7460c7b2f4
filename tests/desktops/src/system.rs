//! What the kernel must refuse.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use rustix::io::Errno;
use rustix::mount::{MountFlags, mount};
use rustix::net::{AddressFamily, SocketType};
use rustix::process::{Pid, Signal};
use rustix::thread::LinkNameSpaceType;

use crate::attempt::{Attempt, Target};

/// The bridge's program, and where its socket is.
const BRIDGE: &str = "/run/lunette/desktop-bridge";
const BRIDGE_FOLDER: &str = "/run/lunette/bridge";

pub(crate) fn attempts(target: &Target) -> Vec<Attempt> {
    let mut attempts = nodes(target);
    attempts.extend(sockets());
    attempts.extend(bridges(target));
    attempts.extend(namespaces());
    attempts.extend(processes(target));
    attempts.extend(kernel());
    attempts
}

/// Device nodes: those that are there, and those that one could make.
fn nodes(target: &Target) -> Vec<Attempt> {
    let input = format!("/dev/input/{}", target.neighbour_input);
    let card = format!("/dev/dri/{}", target.neighbour_card);
    let paths = ["/dev/uinput", "/dev/mem", "/dev/kmsg", "/dev/vda", "/dev/fuse", "/dev/vsock", &input, &card];
    let mut attempts: Vec<Attempt> =
        paths.iter().map(|path| Attempt::new(format!("open {path}"), open(path))).collect();
    attempts.push(Attempt::new("open a render node", open("/dev/dri/renderD128")));
    let number = fs::read_to_string(format!("/sys/class/input/{}/dev", target.neighbour_input)).unwrap_or_default();
    let minor = number.trim().split_once(':').and_then(|(_, minor)| minor.parse().ok()).unwrap_or(64);
    let card = target.neighbour_card.strip_prefix("card").and_then(|number| number.parse().ok()).unwrap_or(0);
    let numbers = [
        ("another's input", 13, minor),
        ("another's card", 226, card),
        ("uinput", 10, 223),
        ("mem", 1, 1),
        ("vda", 254, 0),
    ];
    for (name, major, minor) in numbers {
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
    let paths = ["/run/helix-drm/drm.sock", "/run/helix-drm/status.sock", "/run/hydra/hydra.sock", "/run/docker.sock"];
    let connections = paths.iter().map(|path| Attempt::new(format!("connect to {path}"), UnixStream::connect(path)));
    // VSOCK would reach the host past the firewall.
    let families = [
        ("VSOCK", AddressFamily::VSOCK, SocketType::STREAM),
        ("PACKET", AddressFamily::PACKET, SocketType::RAW),
        ("ALG", AddressFamily::from_raw(38), SocketType::SEQPACKET),
    ];
    let families = families.into_iter().map(|(name, family, kind)| {
        let what = format!("make a socket of AF_{name}");
        match rustix::net::socket(family, kind, None) {
            Err(error @ (Errno::AFNOSUPPORT | Errno::SOCKTNOSUPPORT)) => Attempt::untried(what, error),
            made => Attempt::new(what, made),
        }
    });
    connections.chain(families).collect()
}

/// What is of another's bridge, and what of the own one is not for the desktop's programs.
fn bridges(target: &Target) -> Vec<Attempt> {
    let folder = format!("/run/hydra/desktops/{}", target.neighbour_id);
    let socket = |path: String| Attempt::new(format!("connect to {path}"), UnixStream::connect(&path));
    let read = |path: String| Attempt::new(format!("read {path}"), fs::read(&path));
    let mut attempts = vec![
        socket(format!("{folder}/bridge/http.sock")),
        socket(format!("{folder}/seat/input.sock")),
        read(format!("{folder}/bridge.tokens")),
        Attempt::new("change the bridge's program", OpenOptions::new().append(true).open(BRIDGE)),
        Attempt::new("put another program in its place", fs::rename("/bin/sh", BRIDGE)),
        Attempt::new("run a program from the bridge's folder", run_from(BRIDGE_FOLDER)),
    ];
    match bridge() {
        Some(pid) => {
            attempts.push(read(format!("/proc/{pid}/environ")));
            attempts.push(Attempt::new("read the bridge's memory", File::open(format!("/proc/{pid}/mem"))));
            attempts.push(read(format!("/proc/{pid}/fd/0")));
        }
        None => attempts.push(Attempt::untried("read the bridge's memory", "there is no bridge")),
    }
    attempts
}

fn bridge() -> Option<u32> {
    let pids = fs::read_dir("/proc").ok()?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let is_it =
        |pid: &u32| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "desktop-bridge");
    pids.into_iter().find(is_it)
}

fn run_from(folder: &str) -> io::Result<std::process::ExitStatus> {
    let program = format!("{folder}/true");
    fs::copy("/bin/true", &program)?;
    Command::new(&program).status()
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
        attempts.push(run(&format!("make a {name} namespace"), &format!("unshare -{flag} true"), "unshare"));
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
    let as_debugger =
        |what: &dyn Fn(Pid) -> io::Result<()>| Pid::from_raw(pid).ok_or(Errno::SRCH.into()).and_then(what);
    vec![
        Attempt::new("see processes of the machine", seen),
        Attempt::new("signal a process of another desktop", signalled),
        Attempt::new("open the memory of a process of another desktop", File::open(format!("/proc/{pid}/mem"))),
        Attempt::new("trace a process of another desktop", as_debugger(&lunette_sys_process::trace)),
        Attempt::new(
            "read memory of a process of another desktop",
            as_debugger(&|pid| {
                match lunette_sys_process::read_memory(pid, 0) {
                    // It was allowed, and there was nothing.
                    Err(error) if error.raw_os_error() == Some(Errno::FAULT.raw_os_error()) => Ok(()),
                    read => read.map(drop),
                }
            }),
        ),
    ]
}

/// Runs a shell command that must fail; a program that is missing is no refusal.
fn run(what: &str, command: &str, program: &str) -> Attempt {
    let shell = |text: &str| Command::new("timeout").args(["3", "sh", "-c", text]).stdin(Stdio::null()).output();
    match shell(&format!("command -v {program}")) {
        Ok(found) if found.status.success() => {}
        Ok(_) => return Attempt::untried(what, format!("{program} is not installed")),
        Err(error) => return Attempt::untried(what, error),
    }
    match shell(command) {
        Ok(output) if output.status.success() => Attempt::new::<_, String>(what, Ok(())),
        Ok(output) => Attempt::new::<(), _>(what, Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
        Err(error) => Attempt::untried(what, error),
    }
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
        run("read the kernel's log", "dmesg", "dmesg"),
        Attempt::new("read the machine's secret", fs::read("/sys/firmware/qemu_fw_cfg/by_name/opt/lunette/secret/raw")),
        Attempt::new("fill the machine's memory by its bus' folder", fill("/run/lunette/bus/fill")),
        Attempt::new("read another desktop's files", fs::read_dir("/run/hydra/desktops")),
        run("set the clock", "date -s 2000-01-01", "date"),
    ]
}
