//! The socket's file.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The file cannot be made.
    #[error("cannot listen on {}", path.display())]
    Bind {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Something else has its name.
    #[error("cannot listen on {}: the file exists and is not a socket", .0.display())]
    NotASocket(PathBuf),
}

/// Whose the socket is. Nobody else may connect, but root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The user.
    pub uid: u32,
    /// The group, which may not connect either.
    pub gid: u32,
}

/// A listening socket; its file goes when it is dropped, unless somebody has replaced it.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) listener: UnixListener,
    path: PathBuf,
    inode: u64,
}

impl Socket {
    /// Listens, in place of a socket that was left behind. The folder must be one that only we can write to.
    pub(crate) fn bind(path: &Path, owner: Option<Owner>) -> Result<Self, BindError> {
        let found = fs::symlink_metadata(path);
        if found.is_ok_and(|found| !found.file_type().is_socket()) {
            return Err(BindError::NotASocket(path.to_owned()));
        }
        bind(path, owner).map_err(|source| BindError::Bind { path: path.to_owned(), source })
    }
}

/// Under another name until its owner is right: whoever sees the socket may use it.
fn bind(path: &Path, owner: Option<Owner>) -> io::Result<Socket> {
    let fresh = path.with_extension("new");
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&fresh)?;
    let mut socket = Socket { listener, inode: fs::symlink_metadata(&fresh)?.ino(), path: fresh };
    fs::set_permissions(&socket.path, Permissions::from_mode(0o600))?;
    if let Some(Owner { uid, gid }) = owner {
        chown(&socket.path, Some(uid), Some(gid))?;
    }
    fs::rename(&socket.path, path)?;
    path.clone_into(&mut socket.path);
    Ok(socket)
}

impl Drop for Socket {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|found| found.ino() == self.inode)
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "cannot remove the seat's socket");
        }
    }
}
