//! A Unix socket with a name in the file system.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Socket, Type};
use tokio::net::{UnixListener, UnixStream};

use crate::endpoint::{Endpoint, EndpointError};

/// A Unix socket that is listened on. Its file is removed when it is dropped, unless it was replaced by somebody else's.
#[derive(Debug)]
pub struct UnixSocket {
    listener: UnixListener,
    file: OwnFile,
}

impl UnixSocket {
    /// Starts listening, with mode 0660. A socket that nobody listens on is replaced.
    ///
    /// # Errors
    /// When somebody listens there, something else has the name, or the system refuses.
    pub fn bind(path: &Path) -> Result<Self, EndpointError> {
        check_name(path)?;
        // Under a name of its own until its mode is right, so that nobody connects before; the rename then also takes
        // the place of a stale socket.
        let mut fresh = path.as_os_str().to_owned();
        fresh.push(format!(".{}", std::process::id()));
        let fresh = PathBuf::from(fresh);
        let bound = || {
            let listener = UnixListener::bind(&fresh)?;
            let mut file = OwnFile::of(&fresh)?;
            std::fs::set_permissions(&fresh, Permissions::from_mode(0o660))?;
            std::fs::rename(&fresh, path)?;
            path.clone_into(&mut file.path);
            Ok(Self { listener, file })
        };
        bound().map_err(EndpointError::bind(&Endpoint::Unix(path.to_owned())))
    }

    /// Its name.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// The next connection. Dropping the future loses nothing.
    ///
    /// # Errors
    /// What the system says: mostly that there are no descriptors left.
    pub async fn accept(&self) -> io::Result<UnixStream> {
        self.listener.accept().await.map(|(stream, _)| stream)
    }
}

/// The socket's file, as we made it.
#[derive(Debug)]
struct OwnFile {
    path: PathBuf,
    inode: u64,
}

impl OwnFile {
    fn of(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), inode: std::fs::symlink_metadata(path)?.ino() })
    }
}

impl Drop for OwnFile {
    fn drop(&mut self) {
        let ours = std::fs::symlink_metadata(&self.path).is_ok_and(|found| found.ino() == self.inode);
        if let Err(error) = if ours { std::fs::remove_file(&self.path) } else { Ok(()) } {
            tracing::warn!(path = %self.path.display(), %error, "cannot remove the socket");
        }
    }
}

/// Makes sure that a Unix socket may take this name: it is free, or a socket has it that nobody listens on any more.
///
/// Only a socket that refuses a connection is stale. Anything else with that name is somebody's.
fn check_name(path: &Path) -> Result<(), EndpointError> {
    let endpoint = Endpoint::Unix(path.to_owned());
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(EndpointError::bind(&endpoint)(error)),
        Ok(found) if !found.file_type().is_socket() => return Err(EndpointError::NotASocket(path.to_owned())),
        Ok(_) => {}
    }
    match somebody_listens(path) {
        Ok(true) => Err(EndpointError::InUse(path.to_owned())),
        Ok(false) => Ok(()),
        Err(error) => Err(EndpointError::bind(&endpoint)(error)),
    }
}

/// Asks without waiting: a server whose backlog is full is there all the same.
fn somebody_listens(path: &Path) -> io::Result<bool> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking(), None)?;
    match socket.connect(&SockAddr::unix(path)?) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(false),
        Err(error) => Err(error),
    }
}
