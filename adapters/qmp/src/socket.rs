//! The Unix socket of a monitor.

use std::io::{self, IoSlice, Read};
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketType, connect, sendmsg,
    socket,
};

/// How often a socket that is not there yet is tried again.
const RETRY: Duration = Duration::from_millis(10);

/// A point in time, and the span it was made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    pub(crate) limit: Duration,
    start: Instant,
}

impl Deadline {
    pub(crate) fn after(limit: Duration) -> Self {
        Self { limit, start: Instant::now() }
    }

    /// What is left; `None` when it has passed.
    pub(crate) fn left(self) -> Option<Duration> {
        self.limit.checked_sub(self.start.elapsed()).filter(|left| !left.is_zero())
    }
}

/// Connects; while nobody listens yet it tries again until the deadline.
pub(crate) fn dial(path: &Path, deadline: Deadline) -> io::Result<UnixStream> {
    let address = SocketAddrUnix::new(path)?;
    loop {
        let left = deadline.left().unwrap_or(RETRY);
        match dial_once(&address, left) {
            Ok(stream) => return Ok(stream),
            Err(Errno::NOENT | Errno::CONNREFUSED) if deadline.left().is_some() => std::thread::sleep(RETRY),
            Err(errno) => return Err(errno.into()),
        }
    }
}

fn dial_once(address: &SocketAddrUnix, left: Duration) -> Result<UnixStream, Errno> {
    let fd = socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC)?;
    // It bounds the connect too, which blocks while the listener's backlog is full.
    set_socket_timeout(&fd, Timeout::Send, Some(left))?;
    connect(&fd, address)?;
    Ok(UnixStream::from(fd))
}

/// Reads what is there, waiting no longer than the deadline.
pub(crate) fn read_before(stream: &mut UnixStream, buffer: &mut [u8], deadline: Deadline) -> io::Result<usize> {
    let left = deadline.left().ok_or(io::ErrorKind::TimedOut)?;
    stream.set_read_timeout(Some(left))?;
    match stream.read(buffer) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(io::ErrorKind::TimedOut.into()),
        outcome => outcome,
    }
}

/// Sends all bytes; the descriptor, if any, travels with the first of them.
pub(crate) fn send_all(stream: &UnixStream, mut bytes: &[u8], fd: Option<BorrowedFd<'_>>) -> io::Result<()> {
    let mut fd = fd;
    while !bytes.is_empty() {
        match send_some(stream, bytes, fd) {
            Ok(sent) => {
                bytes = &bytes[sent..];
                fd = None;
            }
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Err(io::ErrorKind::TimedOut.into()),
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

fn send_some(stream: &UnixStream, bytes: &[u8], fd: Option<BorrowedFd<'_>>) -> Result<usize, Errno> {
    let fds: Vec<BorrowedFd<'_>> = fd.into_iter().collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() {
        let fits = ancillary.push(SendAncillaryMessage::ScmRights(&fds));
        debug_assert!(fits, "the space is made for one descriptor");
    }
    sendmsg(stream, &[IoSlice::new(bytes)], &mut ancillary, no_signal())
}

fn no_signal() -> SendFlags {
    // Apple has no such flag; Rust programs ignore SIGPIPE from the start anyway.
    #[cfg(not(target_vendor = "apple"))]
    return SendFlags::NOSIGNAL;
    #[cfg(target_vendor = "apple")]
    return SendFlags::empty();
}
