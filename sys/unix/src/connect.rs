//! Connecting as somebody else.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;

use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat};
use rustix::process::{Gid, Uid, getegid, geteuid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// There is nothing with this name, or it cannot be reached.
    #[error("cannot open the socket")]
    Open(#[source] io::Error),
    /// What has this name is a link or a file: a socket is taken only from whoever made it under this very name.
    #[error("it is not a socket")]
    NotASocket,
    /// This process may not be that user.
    #[error("cannot become user {uid} and group {gid}")]
    Become {
        /// The user.
        uid: u32,
        /// The group.
        gid: u32,
        /// What the kernel says.
        source: io::Error,
    },
    /// Nobody listens, or not to this user.
    #[error("cannot connect")]
    Connect(#[source] io::Error),
    /// There is no thread to be had.
    #[error("cannot start a thread")]
    Thread(#[source] io::Error),
}

/// Connects to a socket as another user, whom the listener will then see in SO_PEERCRED.
///
/// The path is walked as who we are; of its last part no link is followed, so that a container that owns the folder
/// cannot send us elsewhere. The connection is made by a thread that becomes the other user and ends; no other thread
/// changes.
///
/// Anybody may connect as who he is.
///
/// # Errors
/// When there is no such socket, nobody listens, or we may not be that user.
pub fn connect_as(path: &Path, uid: u32, gid: u32) -> Result<UnixStream, ConnectError> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let socket = openat(CWD, path, flags, Mode::empty()).map_err(|error| ConnectError::Open(error.into()))?;
    let found = fstat(&socket).map_err(|error| ConnectError::Open(error.into()))?;
    if FileType::from_raw_mode(found.st_mode) != FileType::Socket {
        return Err(ConnectError::NotASocket);
    }
    thread::scope(|scope| {
        let name = thread::Builder::new().name(format!("uid-{uid}"));
        let connecting = name.spawn_scoped(scope, || connect_here(&socket, uid, gid)).map_err(ConnectError::Thread)?;
        connecting.join().expect("connecting does not panic")
    })
}

/// Changes the calling thread for good.
fn connect_here(socket: &OwnedFd, uid: u32, gid: u32) -> Result<UnixStream, ConnectError> {
    become_user(uid, gid).map_err(|error| ConnectError::Become { uid, gid, source: error.into() })?;
    // The new user may not be able to walk to the socket, but what is open already needs no walk.
    UnixStream::connect(format!("/proc/self/fd/{}", socket.as_raw_fd())).map_err(ConnectError::Connect)
}

/// These are the system calls themselves, which change one thread; libc's functions would change all of them.
fn become_user(uid: u32, gid: u32) -> rustix::io::Result<()> {
    if (uid, gid) == (geteuid().as_raw(), getegid().as_raw()) {
        return Ok(());
    }
    let valid = |id: u32| if id == u32::MAX { Err(rustix::io::Errno::INVAL) } else { Ok(id) };
    let (uid, gid) = (Uid::from_raw(valid(uid)?), Gid::from_raw(valid(gid)?));
    set_thread_groups(&[gid])?;
    set_thread_res_gid(gid, gid, gid)?;
    set_thread_res_uid(uid, uid, uid)
}
