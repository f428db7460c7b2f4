//! The service manager that started us: told when we are ready, and keeper of what must outlive us.
//!
//! The protocol is that of `sd_notify(3)`; systemd speaks it, and so does our own [keeper](crate::keeper). While it holds a
//! copy of each DRM master's descriptor, no container that can open a card becomes its master when we die; while it
//! holds copies of the leases' connections, no client notices.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use rustix::net::sockopt::{self, Timeout};
use rustix::net::{
    self, AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketFlags, SocketType,
};

/// Most descriptors that are kept under one name.
const MOST_FDS: usize = 2;
/// How long the service manager may take to make room for what it is to keep.
const PATIENCE: Duration = Duration::from_millis(500);

/// Where to tell the service manager, when there is one.
#[derive(Debug, Default)]
pub struct Service {
    address: Option<(OwnedFd, SocketAddrUnix)>,
    watchdog: Option<Duration>,
}

impl Service {
    /// The service manager that the environment names, if any.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::from(|name| std::env::var(name).ok())
    }

    /// The one that listens at this path.
    ///
    /// # Errors
    /// When the path is none for a socket.
    pub fn at(path: &Path) -> io::Result<Self> {
        Ok(Self { address: Some((socket()?, SocketAddrUnix::new(path)?)), watchdog: None })
    }

    fn from(environment: impl Fn(&str) -> Option<String>) -> Self {
        let connected = environment("NOTIFY_SOCKET").map(|name| connect(&name)).transpose();
        let address = connected.unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot tell the service manager anything");
            None
        });
        Self { address, watchdog: watchdog(environment) }
    }

    /// Whether there is one.
    pub(crate) fn is_there(&self) -> bool {
        self.address.is_some()
    }

    /// How often it wants to hear of us.
    pub(crate) fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// Tells it `state`, lines of `KEY=value`; what it does not take at once is lost.
    pub fn tell(&self, state: &str) {
        if let Err(error) = self.send(state, &[], SendFlags::DONTWAIT) {
            tracing::debug!(%error, state, "the service manager does not listen");
        }
    }

    /// Gives it copies of descriptors, for our next start. It keeps them whatever happens at their other ends: we tell it
    /// when to [forget](Self::forget) them.
    ///
    /// # Errors
    /// When it takes nothing for half a second. Without a service manager nothing is kept, which is no error.
    pub fn keep(&self, name: &str, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        self.send(&format!("FDSTORE=1\nFDPOLL=0\nFDNAME={name}"), fds, SendFlags::empty())
    }

    /// Has it close what it keeps under this name. A copy that it does not hear of is closed at our next start.
    pub fn forget(&self, name: &str) {
        if let Err(error) = self.send(&format!("FDSTOREREMOVE=1\nFDNAME={name}"), &[], SendFlags::empty()) {
            tracing::warn!(%error, name, "the service manager does not forget");
        }
    }

    fn send(&self, state: &str, fds: &[BorrowedFd<'_>], flags: SendFlags) -> io::Result<()> {
        let Some((socket, address)) = &self.address else { return Ok(()) };
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FDS))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        if !fds.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(fds)) {
            return Err(io::Error::other("too many descriptors"));
        }
        let message = [IoSlice::new(state.as_bytes())];
        net::sendmsg_addr(socket, address, &message, &mut ancillary, flags | SendFlags::NOSIGNAL)?;
        Ok(())
    }
}

fn connect(name: &str) -> io::Result<(OwnedFd, SocketAddrUnix)> {
    let address = match name.strip_prefix('@') {
        Some(name) => SocketAddrUnix::new_abstract_name(name.as_bytes())?,
        None => SocketAddrUnix::new(name)?,
    };
    Ok((socket()?, address))
}

fn socket() -> io::Result<OwnedFd> {
    let socket = net::socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    sockopt::set_socket_timeout(&socket, Timeout::Send, Some(PATIENCE))?;
    Ok(socket)
}

/// Half the time after which it would restart us.
fn watchdog(environment: impl Fn(&str) -> Option<String>) -> Option<Duration> {
    let own_pid = std::process::id().to_string();
    let ours = environment("WATCHDOG_PID").is_none_or(|pid| pid == own_pid);
    let limit: u64 = environment("WATCHDOG_USEC").filter(|_| ours)?.parse().ok()?;
    Some(Duration::from_micros(limit / 2)).filter(|every| !every.is_zero())
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixDatagram;

    use super::*;

    fn environment<'a>(entries: &'a [(&'a str, String)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| entries.iter().find(|entry| entry.0 == name).map(|entry| entry.1.clone())
    }

    #[test]
    fn a_service_manager_is_told() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("notify");
        let manager = UnixDatagram::bind(&path).expect("free");
        let service = Service::from(environment(&[("NOTIFY_SOCKET", path.display().to_string())]));
        service.tell("READY=1");
        service.keep("drm-master", &[manager.as_fd()]).expect("room");
        service.forget("drm-master");
        let mut received = [0; 64];
        let len = manager.recv(&mut received).expect("told");
        assert_eq!(&received[..len], b"READY=1");
        let len = manager.recv(&mut received).expect("told");
        assert_eq!(&received[..len], b"FDSTORE=1\nFDPOLL=0\nFDNAME=drm-master");
        let len = manager.recv(&mut received).expect("told");
        assert_eq!(&received[..len], b"FDSTOREREMOVE=1\nFDNAME=drm-master");
    }

    #[test]
    fn without_a_service_manager_nothing_is_told() {
        let service = Service::from(environment(&[]));
        service.tell("READY=1");
        assert!(service.address.is_none() && service.watchdog().is_none());
    }

    #[test]
    fn the_watchdog_hears_of_us_twice_as_often_as_it_must() {
        let every = |pid: String| {
            Service::from(environment(&[("WATCHDOG_USEC", "3000000".into()), ("WATCHDOG_PID", pid)])).watchdog()
        };
        assert_eq!(every(std::process::id().to_string()), Some(Duration::from_millis(1500)));
        assert_eq!(every("1".into()), None);
    }

    #[test]
    fn a_service_manager_that_takes_nothing_is_not_waited_for() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("notify");
        let _deaf = UnixDatagram::bind(&path).expect("free");
        let service = Service::at(&path).expect("a path");
        let refused = (0..10_000).find_map(|_| service.keep("door", &[]).err());
        assert_eq!(refused.expect("a queue has an end").kind(), io::ErrorKind::WouldBlock);
    }
}
