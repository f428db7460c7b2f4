//! Whether this machine can do it: what is missing is said at once, with the remedy, and not after ten minutes.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use anyhow::{Context, Result, bail};
use lunette_vm::{Arch, Qemu};

use crate::lab::Programs;

/// Programs of ours that are started, here or in the guest.
pub(crate) const PROGRAMS: [&str; 8] = [
    "frame-export",
    "control-plane",
    "drm-manager",
    "drm-flipper",
    "hydra",
    "lease-launcher",
    "logind-stub",
    "desktop-bridge",
];
/// MiB that this machine keeps for itself.
const OWN: u64 = 512;

/// What was found.
pub(super) struct Found {
    pub(super) qemu: Qemu,
}

/// Looks for everything that is needed.
pub(super) fn check(programs: &Programs, listen: SocketAddr, memory_mib: u32) -> Result<Found> {
    for name in PROGRAMS {
        programs.path(name)?;
    }
    let arch = Arch::of_host().context("there are no guests for this processor")?;
    let qemu = Qemu::find(arch)?;
    if let Some(free) = available_mib()
        && free < u64::from(memory_mib) + OWN
    {
        bail!(
            "the machine is to have {memory_mib} MiB, and {free} MiB are free here: fewer --desktops or less --vm-memory \
             would do"
        );
    }
    port(listen)?;
    Ok(Found { qemu })
}

/// Whether nobody else has the port.
pub(crate) fn port(listen: SocketAddr) -> Result<()> {
    let taken = || format!("cannot listen on {listen}: something else may have it; --listen names another");
    TcpListener::bind(listen).map(drop).with_context(taken)
}

/// MiB of memory that are free here.
pub(crate) fn available_mib() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? / 1024)
}

/// MiB of a folder's disk that are free.
pub(crate) fn disk_mib(folder: &Path) -> Option<u64> {
    let about = rustix::fs::statvfs(folder).ok()?;
    Some(about.f_bavail.saturating_mul(about.f_frsize) >> 20)
}
