//! Unix sockets with a name.

use std::fs::{self, Permissions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use tokio::net::UnixListener;

/// What the names of sockets start with where they are kept.
pub(crate) const KEPT: &str = "door-";

/// Why there can be no such socket.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SocketError {
    #[error("cannot listen on {}", path.display())]
    Bind { path: PathBuf, source: io::Error },
    #[error("cannot listen on {}: another server is listening there", .0.display())]
    InUse(PathBuf),
    #[error("cannot listen on {}: the file exists and is not a socket", .0.display())]
    NotASocket(PathBuf),
}

/// A listening socket; its file is removed when it is dropped, unless somebody has replaced it.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) listener: UnixListener,
    path: PathBuf,
    inode: u64,
}

/// Whose a socket is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Owner {
    pub(crate) uid: Option<u32>,
    pub(crate) gid: Option<u32>,
}

impl Socket {
    /// Listens, in a directory that is made when it is missing.
    pub(crate) fn bind(path: &Path, mode: u32, owner: Owner) -> Result<Self, SocketError> {
        check_name(path)?;
        bind(path, mode, owner).map_err(|source| SocketError::Bind { path: path.to_owned(), source })
    }
}

impl Socket {
    /// What it is called where it is kept: with the inode of its file, so that nobody takes another's for it.
    pub(crate) fn kept_name(&self) -> String {
        format!("{KEPT}{}", self.inode)
    }

    /// A socket that was kept, when it is the one that has this name now.
    pub(crate) fn adopt(kept_name: &str, fd: OwnedFd, path: &Path, mode: u32, owner: Owner) -> Option<Self> {
        let inode = kept_name.strip_prefix(KEPT)?.parse().ok()?;
        fs::symlink_metadata(path).ok().filter(|found| found.ino() == inode)?;
        let listener = std::os::unix::net::UnixListener::from(fd);
        let adopted =
            listener.set_nonblocking(true).and_then(|()| UnixListener::from_std(listener)).and_then(|listener| {
                open_to(path, mode, owner)?;
                Ok(Self { listener, path: path.to_owned(), inode })
            });
        adopted.inspect_err(|error| tracing::warn!(%error, "cannot use the kept socket")).ok()
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|found| found.ino() == self.inode)
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "cannot remove the socket");
        }
    }
}

/// Under a name of its own until its mode is right, so that nobody connects before; the rename then also takes the place
/// of a stale socket.
fn bind(path: &Path, mode: u32, owner: Owner) -> io::Result<Socket> {
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        fs::DirBuilder::new().recursive(true).mode(0o755).create(directory)?;
    }
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(format!(".{}", std::process::id()));
    let fresh = PathBuf::from(fresh);
    let listener = UnixListener::bind(&fresh)?;
    let mut socket = Socket { listener, inode: fs::symlink_metadata(&fresh)?.ino(), path: fresh };
    open_to(&socket.path, mode, owner)?;
    fs::rename(&socket.path, path)?;
    path.clone_into(&mut socket.path);
    Ok(socket)
}

fn open_to(path: &Path, mode: u32, owner: Owner) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))?;
    std::os::unix::fs::chown(path, owner.uid, owner.gid)
}

/// Only a socket that refuses a connection is stale. Anything else with that name is somebody's.
fn check_name(path: &Path) -> Result<(), SocketError> {
    let failed = |source| SocketError::Bind { path: path.to_owned(), source };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
        Ok(found) if !found.file_type().is_socket() => return Err(SocketError::NotASocket(path.to_owned())),
        Ok(_) => {}
    }
    match somebody_listens(path) {
        Ok(true) => Err(SocketError::InUse(path.to_owned())),
        Ok(false) => Ok(()),
        Err(error) => Err(failed(error.into())),
    }
}

/// Asks without waiting: a server whose backlog is full is there all the same.
fn somebody_listens(path: &Path) -> Result<bool, Errno> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    match net::connect(&socket, &SocketAddrUnix::new(path)?) {
        Ok(()) | Err(Errno::AGAIN) => Ok(true),
        Err(Errno::CONNREFUSED) => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(path: &Path) -> Result<Socket, SocketError> {
        Socket::bind(path, 0o660, Owner::default())
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("own/drm.sock");
        let live = bound(&path).expect("free");
        assert_eq!(fs::metadata(&path).expect("there").mode() & 0o777, 0o660);
        assert!(matches!(bound(&path), Err(SocketError::InUse(_))));
        // Leaves the file, as a process that was killed does.
        let stale = std::os::unix::net::UnixListener::bind(directory.path().join("stale")).expect("free");
        drop(stale);
        bound(&directory.path().join("stale")).expect("nobody listens");
        drop(live);
        assert!(!path.exists(), "its own socket is removed");
    }

    #[tokio::test]
    async fn a_kept_socket_is_the_one_that_has_the_name_or_none() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("drm.sock");
        let socket = bound(&path).expect("free");
        let (name, copy) = (socket.kept_name(), || socket.as_fd().try_clone_to_owned().expect("a descriptor"));
        let adopt = |name: &str| Socket::adopt(name, copy(), &path, 0o600, Owner::default());
        let waiting = std::os::unix::net::UnixStream::connect(&path).expect("it listens");
        let mut adopted = adopt(&name).expect("its own name");
        adopted.listener.accept().await.expect("whoever came before is let in");
        assert_eq!(fs::metadata(&path).expect("there").mode() & 0o777, 0o600);
        assert!(adopt("door-1").is_none() && adopt("lease-1").is_none());
        // Only one of the two may remove the name.
        adopted.inode = 0;
        drop((adopted, waiting));
    }

    #[tokio::test]
    async fn what_is_no_socket_is_left_alone() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        fs::write(&path, "mine").expect("writable");
        assert!(matches!(bound(&path), Err(SocketError::NotASocket(_))));
        assert_eq!(fs::read(&path).expect("there"), b"mine");
    }
}
