//! Telling a desktop's programs of events, as its udevd would.

use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::{io, thread};

use lunette_desktop::IdRange;
use lunette_uevent::{Event, message};
use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::{
    self, AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, UCred,
};
use rustix::process::{Gid, Uid, getpid};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::UdevError;

/// What udevd sends; the kernel's own events have another group.
const UDEV_GROUP: u32 = 2;

/// A socket in a desktop's network namespace.
#[derive(Debug)]
pub struct Relay {
    socket: OwnedFd,
    sender: UCred,
}

impl Relay {
    /// Opens it in the network namespace `netns`, a file such as `/proc/PID/ns/net`.
    ///
    /// libudev listens to root alone, which in the desktop is the first of `ids`.
    ///
    /// # Errors
    /// When this process may not enter the namespace.
    pub fn into(netns: &OwnedFd, ids: IdRange) -> Result<Self, UdevError> {
        let socket = thread::scope(|scope| {
            // Of its own, since a thread that is in another namespace is of no use for anything else.
            let thread = scope.spawn(|| open(netns.as_fd()));
            thread.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))
        });
        let socket = socket.map_err(UdevError::socket("open a socket for events in the desktop's network"))?;
        let (uid, gid) = (Uid::from_raw(ids.first), Gid::from_raw(ids.first));
        Ok(Self { socket, sender: UCred { pid: getpid(), uid, gid } })
    }

    /// Tells an event to all who listen; it is no error when nobody does.
    ///
    /// # Errors
    /// When the kernel refuses it.
    pub fn send(&self, event: &Event) -> Result<(), UdevError> {
        let bytes = message::encode(event)?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        ancillary.push(SendAncillaryMessage::ScmCredentials(self.sender));
        let (to, flags) = (SocketAddrNetlink::new(0, UDEV_GROUP), SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
        let sent = net::sendmsg_addr(&self.socket, &to, &[IoSlice::new(&bytes)], &mut ancillary, flags);
        sent.map(drop).map_err(|errno| UdevError::socket("tell the desktop an event")(errno.into()))
    }
}

fn open(netns: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    move_into_link_name_space(netns, Some(LinkNameSpaceType::Network))?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = net::socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, Some(KOBJECT_UEVENT))?;
    net::bind(&socket, &SocketAddrNetlink::new(0, 0))?;
    Ok(socket)
}
