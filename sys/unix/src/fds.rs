//! Bytes with descriptors.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};

/// Descriptors that go with one message, at most.
const MOST_FDS: usize = 4;

/// What came in one piece.
#[derive(Debug)]
pub struct Received {
    /// How many bytes; 0 when the other end has closed.
    pub len: usize,
    /// The descriptors, which close on exec.
    pub fds: Vec<OwnedFd>,
}

/// Sends bytes, and copies of these descriptors with them; says how many bytes went out.
///
/// # Errors
/// When the socket takes nothing now or any more; also for more than four descriptors. Never SIGPIPE.
pub fn send_with_fds(socket: impl AsFd, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FDS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    // Its space is rounded up, so it might take one more.
    let fits = fds.len() <= MOST_FDS && (fds.is_empty() || ancillary.push(SendAncillaryMessage::ScmRights(fds)));
    if !fits {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Ok(sendmsg(socket, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::NOSIGNAL)?)
}

/// Receives bytes, and the descriptors that came with them; those beyond the fourth are closed.
///
/// # Errors
/// When nothing is there yet, or the socket failed.
pub fn recv_with_fds(socket: impl AsFd, bytes: &mut [u8]) -> io::Result<Received> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FDS))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let message = recvmsg(socket, &mut [IoSliceMut::new(bytes)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    let mut fds = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            fds.extend(rights);
        }
    }
    fds.truncate(MOST_FDS);
    Ok(Received { len: message.bytes, fds })
}
