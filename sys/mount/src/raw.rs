//! The system calls that rustix does not have.

use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, WaitOptions, waitpid};
use rustix::thread::{UnshareFlags, unshare_unsafe};

/// Sets attributes of a mount, and the ids that its owners are seen as.
pub(crate) fn set_attributes(tree: &OwnedFd, set: u64, ids: Option<BorrowedFd<'_>>) -> io::Result<()> {
    let attributes = libc::mount_attr {
        attr_set: set | if ids.is_some() { libc::MOUNT_ATTR_IDMAP } else { 0 },
        attr_clr: 0,
        propagation: libc::MS_PRIVATE,
        userns_fd: ids.map_or(0, |fd| u64::from(fd.as_raw_fd().unsigned_abs())),
    };
    // SAFETY: the path is an empty C string, the struct is as long as the size says, and the kernel only reads both.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            tree.as_fd().as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Gives this thread mounts of its own.
pub(crate) fn unshare_mounts() -> io::Result<()> {
    // SAFETY: what can be unsound is to unshare the table of descriptors, which these flags do not.
    unsafe { unshare_unsafe(UnshareFlags::NEWNS | UnshareFlags::FS) }.map_err(io::Error::from)
}

/// A child in a user namespace of its own. It does nothing, and ends with this value or with us.
pub(crate) struct Helper {
    pid: Pid,
    /// Its end of file ends the child.
    life: Option<OwnedFd>,
}

impl Helper {
    pub(crate) fn in_user_namespace() -> io::Result<Self> {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
        let flags = libc::CLONE_NEWUSER | libc::SIGCHLD;
        // SAFETY: without CLONE_VM the child has its own copy of memory, as after fork. It makes system calls on
        // integers only, takes no lock, allocates nothing and never returns into Rust code that other threads knew.
        let pid = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
        if pid == 0 {
            wait_for_end(read.as_raw_fd(), write.as_raw_fd());
        }
        if pid < 0 {
            return Err(io::Error::last_os_error());
        }
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self { pid, life: Some(write) })
    }

    pub(crate) fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.life = None;
        // Another thread may have forked meanwhile and hold the pipe open until it execs.
        let _ = rustix::process::kill_process(self.pid, rustix::process::Signal::KILL);
        let _ = waitpid(Some(self.pid), WaitOptions::empty());
    }
}

/// What the child does: waits until our end of the pipe is closed.
fn wait_for_end(read: RawFd, write: RawFd) -> ! {
    let mut byte = 0_u8;
    // SAFETY: both descriptors are this process's copies and used by nobody else here; the buffer is one byte long.
    unsafe {
        libc::close(write);
        libc::read(read, (&raw mut byte).cast(), 1);
        libc::_exit(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_the_kernels() {
        assert_eq!(size_of::<libc::mount_attr>(), 32);
    }
}
