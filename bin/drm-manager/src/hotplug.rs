//! Kernel events that say that a screen was plugged in or pulled out.

use std::io;
use std::os::unix::net::UnixDatagram as Blocking;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::{self, AddressFamily, SocketFlags, SocketType};
use tokio::net::UnixDatagram;

/// The kernel's own events; what udevd makes of them has another group.
const KERNEL_GROUP: u32 = 1;
/// The kernel makes none longer.
const LONGEST: usize = 8192;

/// Kernel events that say that a screen was plugged in or pulled out.
#[derive(Debug)]
pub(crate) struct Hotplug(Option<UnixDatagram>);

impl Hotplug {
    /// Listens, where this process may.
    pub(crate) fn listen(events: io::Result<Blocking>) -> Self {
        let opened = events.and_then(UnixDatagram::from_std);
        if let Err(error) = &opened {
            tracing::warn!(%error, "no kernel events; connectors are read every {:?}", Self::WITHOUT);
        }
        Self(opened.ok())
    }

    const WITHOUT: Duration = Duration::from_millis(20);
    /// Events get lost, too.
    const BESIDE: Duration = Duration::from_millis(100);

    /// How often to read the state of a connector that something depends on.
    pub(crate) fn read_every(&self) -> Duration {
        if self.0.is_some() { Self::BESIDE } else { Self::WITHOUT }
    }

    /// Waits for the next event about a display: the node of its card, or `None` when it may have been any. Dropping the
    /// future loses nothing.
    ///
    /// Only root sends any but the kernel.
    pub(crate) async fn changed(&mut self) -> Option<String> {
        let Some(socket) = &self.0 else { return std::future::pending().await };
        let mut event = [0; LONGEST];
        loop {
            match socket.recv(&mut event).await {
                Ok(len) => {
                    if let Some(node) = changed_card(&event[..len]) {
                        return Some(node.to_owned());
                    }
                }
                // Some were lost: one of them may have been for us.
                Err(error) if error.raw_os_error() == Some(Errno::NOBUFS.raw_os_error()) => return None,
                Err(error) => {
                    tracing::warn!(%error, "kernel events ended");
                    self.0 = None;
                    return None;
                }
            }
        }
    }
}

/// The kernel's events. Netlink sockets are datagram sockets; of the type only `recv` is used, which all of those have.
pub(crate) fn kernel_events() -> io::Result<Blocking> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = net::socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, Some(KOBJECT_UEVENT))?;
    net::bind(&socket, &SocketAddrNetlink::new(0, KERNEL_GROUP))?;
    Ok(socket.into())
}

/// The node of the card that an event is about: `action@path`, then `KEY=value` fields, each ended by a NUL. The kernel
/// also tells when leases begin and end, as `LEASE=1`: that says nothing about screens.
fn changed_card(event: &[u8]) -> Option<&str> {
    let fields = || event.split(|byte| *byte == 0);
    let has = |field: &[u8]| fields().any(|found| found == field);
    let node = fields().find_map(|field| field.strip_prefix(b"DEVNAME="))?;
    let node = str::from_utf8(node).ok()?;
    (has(b"SUBSYSTEM=drm") && has(b"HOTPLUG=1")).then_some(node)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_display_events_matter() {
        let hotplug = b"change@/devices/pci0000:00/0000:00:10.3/virtio3/drm/card3\0ACTION=change\0SUBSYSTEM=drm\0\
            HOTPLUG=1\0DEVNAME=dri/card3\0";
        assert_eq!(changed_card(hotplug), Some("dri/card3"));
        assert_eq!(changed_card(b"change@/gpu\0SUBSYSTEM=drm\0LEASE=1\0DEVNAME=dri/card0\0"), None, "a lease");
        let input = b"add@/x\0ACTION=add\0SUBSYSTEM=input\0NAME=SUBSYSTEM=drm\0HOTPLUG=1\0DEVNAME=input/event1\0";
        assert_eq!(changed_card(input), None);
        assert_eq!(changed_card(b""), None);
    }
}
