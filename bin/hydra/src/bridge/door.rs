//! A connection to the bridge of one desktop, and of no other.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

use lunette_desktop::BRIDGE_SOCKET;
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use tokio::net::UnixStream;
use tokio::sync::OwnedSemaphorePermit;

use super::Places;

/// A connection to a bridge, and its place among those of its desktop.
#[derive(Debug)]
pub(crate) struct Door {
    pub(super) stream: UnixStream,
    pub(super) place: OwnedSemaphorePermit,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DoorError {
    #[error("its bridge has as many connections as it may have")]
    Crowded,
    #[error("its bridge does not listen")]
    Closed,
    #[error("its bridge takes no more connections now")]
    Busy,
    #[error("what listens there is not its bridge")]
    Foreign,
    #[error("its bridge cannot be reached: {0}")]
    Unreachable(#[from] io::Error),
}

impl From<Errno> for DoorError {
    fn from(error: Errno) -> Self {
        match error {
            Errno::NOENT | Errno::CONNREFUSED => Self::Closed,
            Errno::AGAIN => Self::Busy,
            // A link in place of the socket.
            Errno::LOOP => Self::Foreign,
            error => Self::Unreachable(error.into()),
        }
    }
}

impl Door {
    /// Connects to the socket in `folder`, which its desktop writes to. Never waits.
    ///
    /// The desktop may lay links there, have somebody else listen, or nobody at all. Of the last part of the path no
    /// link is followed, the socket that was looked at is the one that is connected to, and whoever listens there must
    /// be the user whose folder it is.
    pub(crate) fn open(folder: &Path, places: &Places) -> Result<Self, DoorError> {
        let place = places.0.clone().try_acquire_owned().map_err(|_| DoorError::Crowded)?;
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = openat(CWD, folder, flags | OFlags::DIRECTORY, Mode::empty())?;
        let socket = openat(&folder, BRIDGE_SOCKET, flags, Mode::empty())?;
        if FileType::from_raw_mode(fstat(&socket)?.st_mode) != FileType::Socket {
            return Err(DoorError::Foreign);
        }
        let stream = UnixStream::from_std(connected(&socket)?.into())?;
        if stream.peer_cred()?.uid() != fstat(&folder)?.st_uid {
            return Err(DoorError::Foreign);
        }
        Ok(Self { stream, place })
    }
}

fn connected(to: &OwnedFd) -> rustix::io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    connect(&socket, &SocketAddrUnix::new(format!("/proc/self/fd/{}", to.as_raw_fd()))?)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;

    fn opened(folder: &Path) -> Result<Door, DoorError> {
        Door::open(folder, &Places::default())
    }

    #[tokio::test]
    async fn a_socket_of_the_folders_owner_is_connected_to() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(opened(folder.path()), Err(DoorError::Closed)));
        let listener = UnixListener::bind(folder.path().join(BRIDGE_SOCKET)).unwrap();
        opened(folder.path()).unwrap();
        drop(listener);
        assert!(matches!(opened(folder.path()), Err(DoorError::Closed)), "nobody listens any more");
    }

    #[tokio::test]
    async fn no_link_and_no_file_in_its_place_leads_anywhere() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let secret = elsewhere.path().join("hydra.sock");
        let _listener = UnixListener::bind(&secret).unwrap();
        let socket = folder.path().join(BRIDGE_SOCKET);
        symlink(&secret, &socket).unwrap();
        assert!(matches!(opened(folder.path()), Err(DoorError::Foreign)));
        std::fs::remove_file(&socket).unwrap();
        std::fs::write(&socket, "").unwrap();
        assert!(matches!(opened(folder.path()), Err(DoorError::Foreign)));
        std::fs::remove_file(&socket).unwrap();
        std::fs::create_dir(&socket).unwrap();
        assert!(matches!(opened(folder.path()), Err(DoorError::Foreign)));
    }

    #[tokio::test]
    async fn somebody_else_who_listens_in_its_folder_is_not_its_bridge() {
        let folder = tempfile::tempdir().unwrap();
        let _listener = UnixListener::bind(folder.path().join(BRIDGE_SOCKET)).unwrap();
        if std::os::unix::fs::chown(folder.path(), Some(1_001_000), None).is_err() {
            println!("NOT RUN: a bridge of another user: only root gives folders away");
            return;
        }
        assert!(matches!(opened(folder.path()), Err(DoorError::Foreign)));
    }

    #[tokio::test]
    async fn one_that_takes_nobody_keeps_nobody_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
        rustix::net::bind(&socket, &SocketAddrUnix::new(folder.path().join(BRIDGE_SOCKET)).unwrap()).unwrap();
        rustix::net::listen(&socket, 0).unwrap();
        let places = Places::default();
        let mut doors = Vec::new();
        let full = loop {
            match Door::open(folder.path(), &places) {
                Ok(door) => doors.push(door),
                Err(error) => break error,
            }
        };
        assert!(matches!(full, DoorError::Busy), "{full}");
    }

    #[tokio::test]
    async fn connections_to_one_bridge_are_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let _listener = UnixListener::bind(folder.path().join(BRIDGE_SOCKET)).unwrap();
        let places = Places(std::sync::Arc::new(tokio::sync::Semaphore::new(1)));
        let door = Door::open(folder.path(), &places).unwrap();
        assert!(matches!(Door::open(folder.path(), &places), Err(DoorError::Crowded)));
        drop(door);
        Door::open(folder.path(), &places).unwrap();
    }
}
