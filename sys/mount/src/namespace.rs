//! Doing something inside another namespace. A thread that went there does not come back: it ends.

use std::io;
use std::os::fd::BorrowedFd;
use std::thread;

use rustix::mount::{MountPropagationFlags, mount_change};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::raw;

/// Runs `work` on a thread of its own inside a network namespace. Programs that it starts are there too.
///
/// # Errors
/// When the namespace cannot be entered, or the thread panicked.
pub fn in_network_namespace<T: Send>(namespace: BorrowedFd<'_>, work: impl FnOnce() -> T + Send) -> io::Result<T> {
    on_thread("netns", || {
        move_into_link_name_space(namespace, Some(LinkNameSpaceType::Network))?;
        Ok(work())
    })
}

/// Runs `work` on a thread of its own where mounts are a private copy of ours: what it mounts is gone with it.
///
/// # Errors
/// When there is no such namespace to be had, or the thread panicked.
pub fn in_mount_namespace_of_its_own<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    on_thread("mountns", || {
        raw::unshare_mounts()?;
        mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
        Ok(work())
    })
}

fn on_thread<T: Send>(name: &str, work: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, work)?;
        thread.join().map_err(|_| io::Error::other("the thread inside the namespace panicked"))?
    })
}
