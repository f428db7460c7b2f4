//! Learning that a child has ended.

use std::io;

use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

/// Blocks until a child of this process has ended, and leaves it to be reaped by its owner. Until that happens its
/// number belongs to nobody else, so the owner may signal it without hitting a stranger.
///
/// # Errors
/// When there is no such child.
pub fn wait_without_reaping(pid: u32) -> io::Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidInput)?;
    loop {
        match waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// From now on, grandchildren whose parent ended become children of this process, to be waited for by it.
///
/// # Errors
/// When the kernel has no such notion.
#[cfg(target_os = "linux")]
pub fn adopt_orphans() -> io::Result<()> {
    Ok(rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?)
}
