//! Who connected.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd};

/// Who a process was when it called `connect` or `listen`, in terms of our own namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credentials {
    /// Its process, unless it is in no namespace of ours.
    pub pid: Option<u32>,
    /// Its effective user.
    pub uid: u32,
    /// Its effective group.
    pub gid: u32,
}

/// The credentials of the other end of a Unix socket.
///
/// # Errors
/// When it is none.
pub fn peer_credentials(socket: impl AsFd) -> io::Result<Credentials> {
    let mut found = MaybeUninit::<libc::ucred>::zeroed();
    let mut size = libc::socklen_t::try_from(size_of::<libc::ucred>()).expect("it has 12 bytes");
    // SAFETY: `found` has room for `size` bytes, and the descriptor is open while it is borrowed.
    let result = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            found.as_mut_ptr().cast(),
            &raw mut size,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was all zeroes, which is a ucred, and the kernel wrote nothing but integers.
    let found = unsafe { found.assume_init() };
    let pid = u32::try_from(found.pid).ok().filter(|pid| *pid != 0);
    Ok(Credentials { pid, uid: found.uid, gid: found.gid })
}
