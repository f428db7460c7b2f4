//! The file systems of a container.

use std::path::{Path, PathBuf};

use super::Mount;
use crate::plan::{ContainerPlan, USER};
use crate::root::{Bound, Layout};

/// Files and folders of the machine that nobody inside has any use for.
pub(crate) const MASKED: [&str; 16] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/bus/input",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/dmi",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
    "/sys/fs",
    "/sys/kernel",
];
pub(super) const READ_ONLY: [&str; 5] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/// Where input devices that programs make are in sysfs.
pub(crate) const VIRTUAL_INPUT: &str = "/sys/devices/virtual/input";

/// All of them, each after the one that it is on.
pub(super) fn mounts(plan: &ContainerPlan, layout: &Layout) -> Vec<Mount> {
    let half = plan.limits.memory_mib / 2;
    let user = format!("mode=0700,uid={USER},gid={USER},size={half}m");
    let mut mounts = vec![
        fresh("/proc", "proc", "nosuid,noexec,nodev"),
        fresh("/dev", "tmpfs", "nosuid,strictatime,mode=755,size=64k"),
        fresh("/dev/pts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"),
        fresh("/dev/shm", "tmpfs", &format!("nosuid,nodev,noexec,mode=1777,size={half}m")),
        fresh("/dev/mqueue", "mqueue", "nosuid,noexec,nodev"),
        fresh("/sys", "sysfs", "nosuid,noexec,nodev,ro"),
        fresh("/run", "tmpfs", "nosuid,nodev,mode=755,size=64m"),
        fresh(&format!("/run/user/{USER}"), "tmpfs", &format!("nosuid,nodev,{user}")),
        fresh("/tmp", "tmpfs", &format!("nosuid,nodev,mode=1777,size={half}m")),
    ];
    // Nothing can be mounted on a folder that sysfs does not have.
    if Path::new(VIRTUAL_INPUT).exists() {
        mounts.push(fresh(VIRTUAL_INPUT, "tmpfs", "nosuid,noexec,nodev,ro,mode=755,size=64k"));
        mounts.extend(plan.inputs.iter().filter(|path| path.starts_with(VIRTUAL_INPUT)).map(|path| own_input(path)));
    }
    mounts.extend(layout.mounts.iter().map(bound));
    mounts.extend(layout.nodes.iter().map(bound));
    mounts
}

fn fresh(destination: &str, kind: &'static str, options: &str) -> Mount {
    let options = options.split(',').map(str::to_owned).collect();
    Mount { destination: PathBuf::from(destination), kind, source: PathBuf::from(kind), options }
}

fn own_input(path: &Path) -> Mount {
    bind(path, path, "rbind,ro,nosuid,noexec,nodev")
}

fn bound(bound: &Bound) -> Mount {
    bind(&bound.source, &bound.destination, &bound.options.join(","))
}

fn bind(source: &Path, destination: &Path, options: &str) -> Mount {
    let options = options.split(',').map(str::to_owned).collect();
    Mount { destination: destination.to_owned(), kind: "bind", source: source.to_owned(), options }
}
