//! Spawning.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

use rustix::io::FdFlags;
use rustix::process::Pid;

/// How long a child lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// On Linux the child is killed when the *thread* that spawns it ends, even if the process goes on: spawn from a
    /// thread that lives as long as the child may. Elsewhere as [`Lifetime::Independent`].
    SpawningThread,
    /// The child lives until it ends by itself.
    Independent,
}

/// A child to be, in a process group of its own.
#[derive(Debug)]
pub struct Spawn {
    command: Command,
    lifetime: Lifetime,
    inherited: Vec<OwnedFd>,
}

impl Spawn {
    /// Standard input, output and error are as `command` has them; no other descriptor is inherited on Linux, and
    /// elsewhere only those that somebody made inheritable.
    pub fn new(mut command: Command, lifetime: Lifetime) -> Self {
        command.process_group(0);
        Self { command, lifetime, inherited: Vec::new() }
    }

    /// Lets the child have this descriptor too; returns its number there. Our copy closes when the child runs.
    pub fn inherit(&mut self, fd: OwnedFd) -> RawFd {
        // The number is kept: to choose one could hit the descriptor that std reports a failed exec through.
        let number = fd.as_raw_fd();
        self.inherited.push(fd);
        number
    }

    /// Starts the child. Whoever drops it must have waited for it, or it stays as a zombie.
    ///
    /// # Errors
    /// When there is no such program, or no process to be had.
    pub fn spawn(self) -> io::Result<Child> {
        let Self { mut command, lifetime, inherited } = self;
        let parent = rustix::process::getpid();
        // SAFETY: `prepare` makes system calls and does arithmetic on what it owns. It takes no lock and allocates
        // nothing, so it is sound between fork and exec whatever other threads were doing.
        unsafe { command.pre_exec(move || prepare(lifetime, parent, &inherited)) };
        command.spawn()
    }
}

fn prepare(lifetime: Lifetime, parent: Pid, inherited: &[OwnedFd]) -> io::Result<()> {
    close_others_on_exec()?;
    for fd in inherited {
        rustix::io::fcntl_setfd(fd, FdFlags::empty())?;
    }
    match lifetime {
        Lifetime::SpawningThread => die_with(parent),
        Lifetime::Independent => Ok(()),
    }
}

#[cfg(target_os = "linux")]
fn die_with(parent: Pid) -> io::Result<()> {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};

    set_parent_process_death_signal(Some(Signal::KILL))?;
    // A parent that died before the call above sends no signal.
    if getppid() == Some(parent) { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::ESRCH)) }
}

#[cfg(not(target_os = "linux"))]
fn die_with(_parent: Pid) -> io::Result<()> {
    Ok(())
}

#[cfg(target_os = "linux")]
fn close_others_on_exec() -> io::Result<()> {
    let (first, last, flags) = (3_u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC);
    // SAFETY: the call takes three integers, and marks descriptors without closing any.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) };
    if result == 0 {
        return Ok(());
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        // Kernels before 5.11. What Rust opens is marked already; this call is for what others opened.
        Some(libc::ENOSYS | libc::EINVAL) => Ok(()),
        _ => Err(error),
    }
}

#[cfg(not(target_os = "linux"))]
fn close_others_on_exec() -> io::Result<()> {
    Ok(())
}
