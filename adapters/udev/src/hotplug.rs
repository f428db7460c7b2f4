//! The kernel's events of the whole machine.

use std::io;
use std::os::unix::net::UnixDatagram as Blocking;

use lunette_uevent::{Event, kernel};
use rustix::io::Errno;
use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::{self, AddressFamily, RecvFlags, SocketFlags, SocketType};
use tokio::io::Interest;
use tokio::net::UnixDatagram;

use crate::UdevError;

/// The kernel's own events; what udevd makes of them has another group.
const KERNEL_GROUP: u32 = 1;
/// The kernel makes none longer.
const LONGEST: usize = 8192;

/// Listens to the kernel.
///
/// Netlink sockets are datagram sockets; of the type only the waiting is used, which all of those have.
#[derive(Debug)]
pub struct Hotplug {
    socket: UnixDatagram,
}

/// What the kernel said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// One event.
    Event(Event),
    /// Some that nobody will hear of: more than the socket holds came at once.
    Lost,
}

impl Hotplug {
    /// Listens from now on, in the network namespace of this thread. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the kernel gives no such socket.
    pub fn listen() -> Result<Self, UdevError> {
        let open = || {
            let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
            let socket = net::socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, Some(KOBJECT_UEVENT))?;
            net::bind(&socket, &SocketAddrNetlink::new(0, KERNEL_GROUP))?;
            UnixDatagram::from_std(Blocking::from(socket))
        };
        Ok(Self { socket: open().map_err(UdevError::socket("listen to the kernel's events"))? })
    }

    /// Waits for the next. Dropping the future loses nothing.
    ///
    /// # Errors
    /// When the socket fails.
    pub async fn next(&mut self) -> Result<Heard, UdevError> {
        let mut bytes = [0; LONGEST];
        loop {
            let received = self.socket.async_io(Interest::READABLE, || receive(&self.socket, &mut bytes));
            match received.await {
                Ok(Some(length)) => match kernel::parse(&bytes[..length]) {
                    Ok(event) => return Ok(Heard::Event(event)),
                    Err(error) => tracing::debug!(%error, "an event that is not understood"),
                },
                Ok(None) => {}
                Err(error) if error.raw_os_error() == Some(Errno::NOBUFS.raw_os_error()) => return Ok(Heard::Lost),
                Err(source) => return Err(UdevError::Socket { what: "hear the kernel's events", source }),
            }
        }
    }
}

/// The length of a message of the kernel; `None` for one of somebody else.
fn receive(socket: &UnixDatagram, bytes: &mut [u8]) -> io::Result<Option<usize>> {
    let (length, _, from) = net::recvfrom(socket, &mut *bytes, RecvFlags::empty())?;
    let from = from.and_then(|from| SocketAddrNetlink::try_from(from).ok());
    Ok(from.is_some_and(|from| from.pid() == 0).then_some(length))
}
