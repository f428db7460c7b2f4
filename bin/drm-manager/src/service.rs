//! The service manager that started us: told when we are ready, and keeper of the DRM master.
//!
//! The protocol is that of `sd_notify(3)` and `sd_listen_fds(3)`. While it holds a copy of the master's descriptor, no
//! container that can open the card becomes its master when we die, and no picture freezes for that.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::net::{
    self, AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketFlags, SocketType,
};
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

/// The name of the descriptor that the service manager keeps.
const MASTER: &str = "drm-master";
/// The first descriptor that a service is started with.
const FIRST: i32 = 3;

/// Where to tell the service manager, when there is one.
#[derive(Debug)]
pub(crate) struct Service {
    address: Option<(OwnedFd, SocketAddrUnix)>,
    watchdog: Option<Duration>,
}

impl Service {
    pub(crate) fn from_environment() -> Self {
        Self::from(|name| std::env::var(name).ok())
    }

    fn from(environment: impl Fn(&str) -> Option<String>) -> Self {
        let connected = environment("NOTIFY_SOCKET").map(|name| connect(&name)).transpose();
        let address = connected.unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot tell the service manager anything");
            None
        });
        Self { address, watchdog: watchdog(environment) }
    }

    /// How often it wants to hear of us.
    pub(crate) fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// Tells it `state`, lines of `KEY=value`.
    pub(crate) fn tell(&self, state: &str) {
        self.send(state, None);
    }

    /// Gives it a copy of the master's descriptor, for our next start.
    pub(crate) fn keep_master(&self, master: BorrowedFd<'_>) {
        self.send(&format!("FDSTORE=1\nFDNAME={MASTER}"), Some(master));
    }

    fn send(&self, state: &str, fd: Option<BorrowedFd<'_>>) {
        let Some((socket, address)) = &self.address else { return };
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        let fds: Vec<_> = fd.into_iter().collect();
        if !fds.is_empty() {
            ancillary.push(SendAncillaryMessage::ScmRights(&fds));
        }
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        let message = [IoSlice::new(state.as_bytes())];
        if let Err(error) = net::sendmsg_addr(socket, address, &message, &mut ancillary, flags) {
            tracing::debug!(%error, state, "the service manager does not listen");
        }
    }
}

fn connect(name: &str) -> io::Result<(OwnedFd, SocketAddrUnix)> {
    let address = match name.strip_prefix('@') {
        Some(name) => SocketAddrUnix::new_abstract_name(name.as_bytes())?,
        None => SocketAddrUnix::new(name)?,
    };
    let socket = net::socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    Ok((socket, address))
}

/// Half the time after which it would restart us.
fn watchdog(environment: impl Fn(&str) -> Option<String>) -> Option<Duration> {
    let ours = environment("WATCHDOG_PID").is_none_or(|pid| pid == own_pid());
    let limit: u64 = environment("WATCHDOG_USEC").filter(|_| ours)?.parse().ok()?;
    Some(Duration::from_micros(limit / 2)).filter(|every| !every.is_zero())
}

/// The master of our last life, when the service manager kept it.
pub(crate) fn kept_master() -> Option<OwnedFd> {
    let place = kept_place(|name| std::env::var(name).ok())?;
    let copied = pidfd_open(getpid(), PidfdFlags::empty())
        .and_then(|own| pidfd_getfd(own, FIRST + place, PidfdGetfdFlags::empty()));
    match copied {
        Ok(master) => Some(master),
        Err(error) => {
            tracing::warn!(%error, "cannot use the kept master");
            None
        }
    }
}

fn kept_place(environment: impl Fn(&str) -> Option<String>) -> Option<i32> {
    let count: usize = environment("LISTEN_FDS")?.parse().ok()?;
    let names = environment("LISTEN_FDNAMES").filter(|_| environment("LISTEN_PID") == Some(own_pid()))?;
    let place = names.split(':').take(count).position(|name| name == MASTER)?;
    i32::try_from(place).ok()
}

fn own_pid() -> String {
    std::process::id().to_string()
}

#[cfg(test)]
mod tests {
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
        service.keep_master(std::os::fd::AsFd::as_fd(&manager));
        let mut received = [0; 64];
        let len = manager.recv(&mut received).expect("told");
        assert_eq!(&received[..len], b"READY=1");
        let len = manager.recv(&mut received).expect("told");
        assert_eq!(&received[..len], b"FDSTORE=1\nFDNAME=drm-master");
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
        assert_eq!(every(own_pid()), Some(Duration::from_millis(1500)));
        assert_eq!(every("1".into()), None);
    }

    #[test]
    fn the_kept_master_is_found_by_its_name() {
        let place = |pid: String, names: &str| {
            kept_place(environment(&[
                ("LISTEN_FDS", "2".into()),
                ("LISTEN_PID", pid),
                ("LISTEN_FDNAMES", names.into()),
            ]))
        };
        assert_eq!(place(own_pid(), "other:drm-master"), Some(1));
        assert_eq!(place(own_pid(), "other:more:drm-master"), None);
        assert_eq!(place("1".into(), "drm-master"), None);
    }
}
