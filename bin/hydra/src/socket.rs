//! The socket that hydra listens on.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

/// A listening socket; its file is removed when it is dropped, unless somebody has replaced it.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) listener: UnixListener,
    path: PathBuf,
    inode: u64,
}

impl Socket {
    /// Listens with mode 0660, in a folder that is made when it is missing. A socket that nobody listens on is replaced,
    /// by a rename, so that nobody connects before its mode is right.
    ///
    /// # Errors
    /// When somebody listens there, or something else has this name.
    pub(crate) fn bind(path: &Path, group: Option<u32>) -> io::Result<Self> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::DirBuilder::new().recursive(true).mode(0o755).create(folder)?;
        }
        match UnixStream::connect(path) {
            Ok(_) => return Err(io::Error::new(io::ErrorKind::AddrInUse, "another server is listening there")),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {}
            Err(error) => return Err(error),
        }
        // A refused connection may also be a plain file.
        if fs::symlink_metadata(path).is_ok_and(|found| found.is_file() || found.is_dir()) {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "it exists and is no socket"));
        }
        let fresh = path.with_extension(format!("new.{}", std::process::id()));
        let listener = UnixListener::bind(&fresh)?;
        let mut socket = Self { listener, inode: fs::symlink_metadata(&fresh)?.ino(), path: fresh };
        fs::set_permissions(&socket.path, Permissions::from_mode(0o660))?;
        chown(&socket.path, None, group)?;
        fs::rename(&socket.path, path)?;
        path.clone_into(&mut socket.path);
        Ok(socket)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_a_stale_socket_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own/hydra.sock");
        let live = Socket::bind(&path, None).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o660);
        assert_eq!(Socket::bind(&path, None).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop(live);
        assert!(!path.exists());
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        Socket::bind(&path, None).unwrap();
        fs::write(&path, "mine").unwrap();
        assert_eq!(Socket::bind(&path, None).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"mine");
    }
}
