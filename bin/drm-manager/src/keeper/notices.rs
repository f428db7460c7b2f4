//! Where the manager says what is to be kept.

use std::fs::{self, Permissions};
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram as Blocking;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, recvmsg, sockopt::set_socket_passcred,
};
use rustix::process::Pid;
use tokio::io::Interest;
use tokio::net::UnixDatagram;

use super::store::{Notice, Store};

/// The longest notice that is heard.
const LONGEST: usize = 4096;
/// Most descriptors that come with one.
const MOST_FDS: usize = 16;

/// A socket that only root can send to; its file is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Notices {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Notices {
    pub(super) fn bind(path: &Path) -> io::Result<Self> {
        if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
            fs::create_dir_all(directory)?;
        }
        match Blocking::unbound()?.connect(path) {
            Ok(()) => return Err(io::Error::new(io::ErrorKind::AddrInUse, "another keeper listens there")),
            // Left by one that was killed.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let socket = UnixDatagram::bind(path)?;
        let notices = Self { socket, path: path.to_owned() };
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
        set_socket_passcred(&notices.socket, true)?;
        Ok(notices)
    }

    /// The next notice of this process; whatever others send is closed. Dropping the future loses nothing.
    pub(super) async fn next(&self, from: Option<Pid>) -> Notice {
        loop {
            match self.socket.async_io(Interest::READABLE, || receive(&self.socket)).await {
                Ok((sender, notice)) if sender.is_some() && sender == from => return notice,
                Ok((sender, _)) => tracing::warn!(?sender, "a stranger's notice"),
                Err(error) => {
                    tracing::error!(%error, "cannot hear the manager");
                    std::future::pending::<()>().await;
                }
            }
        }
    }

    /// Takes every notice of this process that waits already.
    pub(super) fn drain(&self, from: Option<Pid>, store: &mut Store) {
        while let Ok((sender, notice)) = receive(&self.socket) {
            if sender.is_some() && sender == from {
                store.take(notice);
            }
        }
    }
}

impl Drop for Notices {
    fn drop(&mut self) {
        // Somebody may have removed it first.
        let _ = fs::remove_file(&self.path);
    }
}

fn receive(socket: &UnixDatagram) -> io::Result<(Option<Pid>, Notice)> {
    let mut text = [0; LONGEST];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FDS), ScmCredentials(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT;
    let received = loop {
        match recvmsg(socket.as_fd(), &mut [IoSliceMut::new(&mut text)], &mut ancillary, flags) {
            Err(Errno::INTR) => {}
            received => break received?,
        }
    };
    let (mut sender, mut fds) = (None, Vec::<OwnedFd>::new());
    for message in ancillary.drain() {
        match message {
            RecvAncillaryMessage::ScmRights(rights) => fds.extend(rights),
            RecvAncillaryMessage::ScmCredentials(credentials) => sender = Some(credentials.pid),
            _ => {}
        }
    }
    if received.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC) {
        // Half of what was meant is worse than nothing.
        fds.clear();
        return Ok((sender, Notice { text: String::new(), fds }));
    }
    let text = String::from_utf8_lossy(&text[..received.bytes]).into_owned();
    Ok((sender, Notice { text, fds }))
}
