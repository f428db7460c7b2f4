//! Asking for a lease.

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use lunette_frame::Size;
use lunette_sys_kms::Card;
use lunette_wire::lease::{LeaseOptions, LongReply, Reply, Request, RequestError};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendFlags, SocketAddrUnix,
    SocketFlags, SocketType, sockopt,
};

use crate::wait::readable;
use crate::{Connection, Held, LeaseError};

/// Descriptors that are received, so that one too many is noticed.
const ROOM: usize = 4;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// Size of the output.
    pub size: Size,
    /// Whether the manager shows a black picture first.
    pub light_crtc: bool,
    /// How long connecting and waiting for the reply may take together.
    pub limit: Duration,
}

/// Takes a lease, with a token where the manager gives one. Gives up as soon as `cancel` can be read or is closed by its
/// other end.
///
/// # Errors
/// When there is none within the limit.
pub fn take(socket: &Path, terms: &Terms, cancel: impl AsFd) -> Result<Held, LeaseError> {
    let patience = Patience { until: Instant::now() + terms.limit, limit: terms.limit, cancel: cancel.as_fd() };
    let options = LeaseOptions { light_crtc: terms.light_crtc };
    match ask(socket, Request::lease_with(terms.size, options), LongReply::LEN, &patience) {
        // An older manager: it knows the shorter request.
        Err(LeaseError::Refused(reason)) if reason == RequestError::UnknownCommand(0).to_string() => {
            ask(socket, Request::lease(terms.size), Reply::LEN, &patience)
        }
        outcome => outcome,
    }
}

/// How long to wait, and what for else.
struct Patience<'a> {
    until: Instant,
    limit: Duration,
    cancel: BorrowedFd<'a>,
}

impl Patience<'_> {
    fn wait_for(&self, connection: &OwnedFd) -> Result<(), LeaseError> {
        let sources = [connection.as_fd(), self.cancel];
        match readable(sources, self.until).map_err(LeaseError::Broken)? {
            [_, true] => Err(LeaseError::Stopped),
            [true, false] => Ok(()),
            [false, false] => Err(LeaseError::Late(self.limit)),
        }
    }
}

/// Sends one request on a connection of its own; a lease's reply has `length` bytes.
fn ask(socket: &Path, request: Request, length: usize, patience: &Patience<'_>) -> Result<Held, LeaseError> {
    let connection = connect(socket, patience.until).map_err(|errno| match errno {
        Errno::AGAIN => LeaseError::Late(patience.limit),
        errno => LeaseError::Connect { path: socket.to_owned(), source: errno.into() },
    })?;
    let bytes = request.encode();
    match rustix::net::send(&connection, &bytes, SendFlags::NOSIGNAL) {
        Ok(sent) if sent == bytes.len() => {}
        Ok(_) => return Err(LeaseError::Broken(io::ErrorKind::WriteZero.into())),
        Err(errno) => return Err(LeaseError::Broken(errno.into())),
    }
    let (LongReply { reply, token }, descriptors) = receive(&connection, length, patience)?;
    match reply {
        Reply::Refused { reason } => Err(LeaseError::Refused(reason)),
        Reply::Granted { scanout, connector } => {
            let card = Card::from_fd(exactly_one(descriptors)?);
            Ok(Held { card, scanout, connector, token, connection: Connection::new(connection) })
        }
    }
}

fn connect(socket: &Path, until: Instant) -> Result<OwnedFd, Errno> {
    let connection = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    // Bounds a connect to a manager whose queue is full, too. Zero would mean no bound.
    let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    sockopt::set_socket_timeout(&connection, sockopt::Timeout::Send, Some(left))?;
    rustix::net::connect(&connection, &SocketAddrUnix::new(socket)?)?;
    Ok(connection)
}

/// Reads a reply of `length` bytes, or a refusal of the shorter kind, and what came with it.
fn receive(
    connection: &OwnedFd,
    length: usize,
    patience: &Patience<'_>,
) -> Result<(LongReply, Vec<OwnedFd>), LeaseError> {
    // What a shorter reply leaves out reads as no token.
    let mut bytes = [0; LongReply::LEN];
    let (mut filled, mut descriptors) = (0, Vec::new());
    while !is_whole(&bytes[..filled], length) {
        patience.wait_for(connection)?;
        match receive_some(connection, &mut bytes[filled..length], &mut descriptors)? {
            0 => return Err(LeaseError::Closed),
            received => filled += received,
        }
    }
    Ok((LongReply::decode(&bytes)?, descriptors))
}

/// A refusal may be short: an older manager knows no longer one.
fn is_whole(bytes: &[u8], length: usize) -> bool {
    let refused = bytes.first().is_some_and(|status| *status != 0);
    bytes.len() >= if refused { Reply::LEN } else { length }
}

fn receive_some(connection: &OwnedFd, bytes: &mut [u8], descriptors: &mut Vec<OwnedFd>) -> Result<usize, LeaseError> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(ROOM))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT;
    let received = match rustix::net::recvmsg(connection, &mut [IoSliceMut::new(bytes)], &mut ancillary, flags) {
        Err(Errno::CONNRESET) => return Err(LeaseError::Closed),
        outcome => outcome.map_err(|errno| LeaseError::Broken(errno.into()))?,
    };
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            descriptors.extend(rights);
        }
    }
    if received.flags.contains(ReturnFlags::CTRUNC) || descriptors.len() > ROOM {
        return Err(LeaseError::Descriptors(descriptors.len() + 1));
    }
    Ok(received.bytes)
}

fn exactly_one(descriptors: Vec<OwnedFd>) -> Result<OwnedFd, LeaseError> {
    <[OwnedFd; 1]>::try_from(descriptors)
        .map(|[descriptor]| descriptor)
        .map_err(|descriptors| LeaseError::Descriptors(descriptors.len()))
}
