//! A service manager that keeps descriptors.

use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use drm_manager::{Handed, Service};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

/// Hears what it is told when it is asked something.
pub(crate) struct Store {
    socket: UnixDatagram,
    folder: tempfile::TempDir,
    kept: std::sync::Mutex<Vec<(String, OwnedFd)>>,
}

impl Store {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a directory");
        let socket = UnixDatagram::bind(folder.path().join("notify.sock")).expect("free");
        Self { socket, folder, kept: std::sync::Mutex::default() }
    }

    pub(crate) fn service(&self) -> Service {
        Service::at(&self.folder.path().join("notify.sock")).expect("a path")
    }

    /// Copies of all that is kept.
    pub(crate) fn hand_over(&self) -> Handed {
        self.hear();
        let copy = |(name, fd): &(String, OwnedFd)| (name.clone(), fd.try_clone().expect("a descriptor"));
        self.kept.lock().expect("no panics").iter().map(copy).collect::<Vec<_>>().into()
    }

    /// The names that are kept and start so, one for each descriptor.
    pub(crate) fn names(&self, prefix: &str) -> Vec<String> {
        self.hear();
        let kept = self.kept.lock().expect("no panics");
        kept.iter().map(|(name, _)| name.clone()).filter(|name| name.starts_with(prefix)).collect()
    }

    /// Waits until so many descriptors of leases are kept.
    pub(crate) fn until_leases(&self, count: usize) {
        let end = Instant::now() + Duration::from_secs(20);
        while self.names("lease-").len() != count {
            assert!(Instant::now() < end, "{:?}", self.names(""));
        }
    }

    /// Keeps this in the place of the second descriptor of this name.
    pub(crate) fn spoil(&self, name: &str, fd: OwnedFd) {
        let mut kept = self.kept.lock().expect("no panics");
        let second = kept.iter_mut().filter(|(known, _)| known == name).nth(1);
        second.expect("a connection and a book").1 = fd;
    }

    fn hear(&self) {
        let mut text = [0; 512];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
        loop {
            let mut ancillary = RecvAncillaryBuffer::new(&mut space);
            let mut parts = [IoSliceMut::new(&mut text)];
            let Ok(message) = recvmsg(&self.socket, &mut parts, &mut ancillary, RecvFlags::DONTWAIT) else { return };
            let rights = ancillary.drain().filter_map(|message| match message {
                RecvAncillaryMessage::ScmRights(fds) => Some(fds),
                _ => None,
            });
            let fds: Vec<_> = rights.flatten().collect();
            let said = String::from_utf8_lossy(&text[..message.bytes]).into_owned();
            let name = said.lines().find_map(|line| line.strip_prefix("FDNAME=")).unwrap_or_default();
            let mut kept = self.kept.lock().expect("no panics");
            if said.starts_with("FDSTORE=1") {
                kept.extend(fds.into_iter().map(|fd| (name.to_owned(), fd)));
            } else if said.starts_with("FDSTOREREMOVE=1") {
                kept.retain(|(known, _)| known != name);
            }
        }
    }
}
