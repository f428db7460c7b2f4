//! The directory of a running machine: its sockets, its secret, its logs.
//!
//! A lock on the directory itself says that somebody is alive. The supervisor and the guard share it.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::error::VmError;
use crate::machine::Label;

/// The longest path of a directory whose sockets' addresses still fit.
const LONGEST: usize = 60;

/// Where things are in a run directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunPaths {
    root: PathBuf,
}

impl RunPaths {
    /// The paths in `root`, which need not exist.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The directory of the machine of this name: under `$XDG_RUNTIME_DIR/lunette`, or else under the temporary
    /// directory.
    pub fn named(name: &Label) -> Self {
        let base = match std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_dir()) {
            Some(runtime) => runtime.join("lunette"),
            None => std::env::temp_dir().join(format!("lunette-{}", rustix::process::getuid())),
        };
        Self { root: base.join(name.as_str()) }
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The supervisor's QMP socket.
    pub fn qmp(&self) -> PathBuf {
        self.root.join("qmp")
    }

    /// The QMP socket for frame-export.
    pub fn export_qmp(&self) -> PathBuf {
        self.root.join("qmp-export")
    }

    /// The socket of a serial port.
    pub fn port(&self, name: &Label) -> PathBuf {
        self.root.join(format!("port-{name}"))
    }

    /// The machine's secret.
    pub fn secret(&self) -> PathBuf {
        self.root.join("secret")
    }

    /// What the guest's console showed.
    pub fn console_log(&self) -> PathBuf {
        self.root.join("console.log")
    }

    /// What QEMU complained of.
    pub fn qemu_log(&self) -> PathBuf {
        self.root.join("qemu.log")
    }

    fn owner(&self) -> PathBuf {
        self.root.join("owner")
    }
}

/// A run directory of ours. Dropping it removes the directory.
#[derive(Debug)]
pub(crate) struct RunDir {
    paths: RunPaths,
    lock: OwnedFd,
}

impl RunDir {
    /// Makes the directory, or takes over one whose owner is dead.
    pub(crate) fn claim(paths: RunPaths) -> Result<Self, VmError> {
        let root = paths.root().to_owned();
        if root.as_os_str().len() > LONGEST {
            let why = "the sockets in it would have addresses that are too long";
            return Err(VmError::Setting { what: "the run directory", given: root.display().to_string(), why });
        }
        private_parent(&root)?;
        let lock = lock(&paths)?;
        clean(&root)?;
        fs::set_permissions(&root, Permissions::from_mode(0o700)).map_err(VmError::file("protect", &root))?;
        let owner = format!("process {}", std::process::id());
        fs::write(paths.owner(), owner).map_err(VmError::file("write", paths.owner()))?;
        Ok(Self { paths, lock })
    }

    pub(crate) fn paths(&self) -> &RunPaths {
        &self.paths
    }

    /// The lock, to be held by another process too.
    pub(crate) fn share_lock(&self) -> Result<OwnedFd, VmError> {
        self.lock.try_clone().map_err(VmError::file("share the lock of", self.paths.root()))
    }
}

impl Drop for RunDir {
    fn drop(&mut self) {
        // The lock is still held: nobody else can have taken the directory over.
        remove(self.paths.root());
    }
}

/// Removes a run directory whose lock the caller holds.
pub(crate) fn remove(root: &Path) {
    match fs::remove_dir_all(root) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(path = %root.display(), %error, "a run directory stays behind");
        }
        _ => {}
    }
}

/// Makes the directory above, and refuses one that another user could change.
fn private_parent(root: &Path) -> Result<(), VmError> {
    let Some(parent) = root.parent().filter(|parent| !parent.as_os_str().is_empty()) else { return Ok(()) };
    let made = DirBuilder::new().recursive(true).mode(0o700).create(parent);
    made.map_err(VmError::file("make", parent))?;
    let about = fs::symlink_metadata(parent).map_err(VmError::file("look at", parent))?;
    let ours = about.uid() == rustix::process::getuid().as_raw() || about.uid() == 0;
    let sticky = about.mode() & 0o1000 != 0;
    // A group may be a user's own, as Debian makes them.
    let closed = about.mode() & 0o002 == 0;
    if ours && (closed || sticky) {
        return Ok(());
    }
    let why = "another user could change what is in it";
    Err(VmError::Setting { what: "the run directory", given: parent.display().to_string(), why })
}

/// Opens or makes the directory, and locks it.
fn lock(paths: &RunPaths) -> Result<OwnedFd, VmError> {
    let root = paths.root();
    // Its last owner may be removing it right now; each time round somebody has ended.
    for _ in 0..100 {
        match DirBuilder::new().mode(0o700).create(root) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(VmError::file("make", root)(error));
            }
            _ => {}
        }
        let directory = match open_ours(root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            outcome => outcome.map_err(VmError::file("open", root))?,
        };
        match flock(&directory, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => {
                let owner = fs::read_to_string(paths.owner()).unwrap_or_else(|_| "another process".to_owned());
                return Err(VmError::Busy { path: root.to_owned(), owner });
            }
            outcome => outcome.map_err(|errno| VmError::file("lock", root)(errno.into()))?,
        }
        if is_still_there(&directory, root) {
            return Ok(directory.into());
        }
    }
    Err(VmError::Busy { path: root.to_owned(), owner: "processes that come and go".to_owned() })
}

fn open_ours(root: &Path) -> io::Result<File> {
    let about = fs::symlink_metadata(root)?;
    if !about.is_dir() || about.uid() != rustix::process::getuid().as_raw() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is not a directory of ours"));
    }
    File::open(root)
}

fn is_still_there(directory: &File, root: &Path) -> bool {
    match (directory.metadata(), fs::symlink_metadata(root)) {
        (Ok(held), Ok(named)) => (held.dev(), held.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

fn clean(root: &Path) -> Result<(), VmError> {
    for entry in fs::read_dir(root).map_err(VmError::file("read", root))? {
        let entry = entry.map_err(VmError::file("read", root))?;
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let removed = if is_dir { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) };
        removed.map_err(VmError::file("remove", entry.path()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    fn paths() -> (tempfile::TempDir, RunPaths) {
        let dir = tempfile::tempdir().unwrap();
        let paths = RunPaths::new(dir.path().join("vm"));
        (dir, paths)
    }

    #[test]
    fn a_run_directory_is_private_and_goes_with_its_owner() {
        let (_dir, paths) = paths();
        let run = RunDir::claim(paths.clone()).unwrap();
        assert_eq!(paths.root().metadata().unwrap().mode() & 0o777, 0o700);
        drop(run);
        assert!(!paths.root().exists());
    }

    #[test]
    fn a_live_one_is_refused_by_name() {
        let (_dir, paths) = paths();
        let _run = RunDir::claim(paths.clone()).unwrap();
        let error = RunDir::claim(paths.clone()).unwrap_err().to_string();
        assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
        assert!(error.contains(&paths.root().display().to_string()), "{error}");
    }

    #[test]
    fn a_dead_owners_sockets_are_cleaned_away() {
        let (_dir, paths) = paths();
        fs::create_dir(paths.root()).unwrap();
        drop(UnixListener::bind(paths.qmp()).unwrap());
        fs::write(paths.secret(), "old").unwrap();
        let _run = RunDir::claim(paths.clone()).unwrap();
        assert!(!paths.qmp().exists() && !paths.secret().exists());
    }

    #[test]
    fn it_stays_locked_while_another_holds_the_lock() {
        let (_dir, paths) = paths();
        let run = RunDir::claim(paths.clone()).unwrap();
        let shared = run.share_lock().unwrap();
        drop(run);
        fs::create_dir(paths.root()).unwrap();
        // A new directory is not the one that is locked.
        drop(RunDir::claim(paths.clone()).unwrap());
        drop(shared);
    }

    #[test]
    fn a_directory_that_others_may_change_is_refused() {
        let (dir, paths) = paths();
        fs::set_permissions(dir.path(), Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(RunDir::claim(paths), Err(VmError::Setting { .. })));
    }

    #[test]
    fn a_file_in_its_place_and_a_long_path_are_refused() {
        let (dir, paths) = paths();
        fs::write(paths.root(), "").unwrap();
        assert!(matches!(RunDir::claim(paths), Err(VmError::File { .. })));
        assert!(matches!(RunDir::claim(RunPaths::new(dir.path().join("x".repeat(80)))), Err(VmError::Setting { .. })));
    }
}
