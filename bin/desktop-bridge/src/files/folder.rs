//! The folder, by what was opened.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, RenameFlags, fstat, open, openat, renameat_with, statat, unlinkat,
};
use rustix::io::Errno;
use serde::Serialize;
use tokio::sync::Semaphore;

use super::name::{FileName, NameError};

/// What files have while they come.
const COMING: &str = ".lunette-upload-";
/// Numbers that are tried for a name that is taken.
const NUMBERS: u32 = 999;

/// One folder.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    fd: Arc<OwnedFd>,
    /// Places for those who send files.
    pub(super) senders: Semaphore,
}

/// A file that is listed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// When it was changed last: seconds since 1970.
    pub modified: i64,
}

/// Why there is no such file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It has no name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// There is none, or it is no plain file.
    #[error("there is no file {0:?}")]
    Missing(String),
    /// The name and a thousand more are taken.
    #[error("{0:?} is taken, with every number up to {NUMBERS}")]
    Taken(String),
    /// There is no room.
    #[error("there is no room for it")]
    Full,
    /// Something else.
    #[error("cannot {action}")]
    Io {
        /// What was attempted.
        action: &'static str,
        /// Why.
        source: io::Error,
    },
}

impl Folder {
    /// Files that may come at one time.
    pub const SENDERS: usize = 4;
    /// Files that are listed.
    pub const LISTED: usize = 10_000;

    /// Opens the folder, or makes it. What is left of uploads that never ended is removed.
    ///
    /// # Errors
    /// When it cannot be opened, or is a link.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed("make the folder for files"))?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = open(path, flags, Mode::empty()).map_err(errno("open the folder for files"))?;
        let folder = Self { path: path.to_owned(), fd: Arc::new(fd), senders: Semaphore::new(Self::SENDERS) };
        for name in folder.names()?.iter().filter(|name| name.starts_with(COMING)) {
            // Somebody else may have done so.
            _ = unlinkat(&*folder.fd, name, AtFlags::empty());
        }
        Ok(folder)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The plain files in it, by name.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn list(&self) -> Result<Vec<Entry>, FileError> {
        let mut names: Vec<_> = self.names()?.into_iter().filter_map(|name| FileName::new(&name).ok()).collect();
        names.sort();
        names.truncate(Self::LISTED);
        Ok(names.iter().filter_map(|name| self.entry(name)).collect())
    }

    fn entry(&self, name: &FileName) -> Option<Entry> {
        let stat = statat(&*self.fd, name.as_str(), AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let size = u64::try_from(stat.st_size).ok()?;
        let plain = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        plain.then(|| Entry { name: name.to_string(), size, modified: stat.st_mtime })
    }

    fn names(&self) -> Result<Vec<String>, FileError> {
        let action = "list the folder for files";
        let mut names = Vec::new();
        for entry in Dir::read_from(&*self.fd).map_err(errno(action))? {
            let entry = entry.map_err(errno(action))?;
            names.extend(entry.file_name().to_str().ok().map(str::to_owned));
        }
        Ok(names)
    }

    /// Opens a plain file for reading; its size.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn read(&self, name: &FileName) -> Result<(File, u64), FileError> {
        let missing = || FileError::Missing(name.to_string());
        // Without NONBLOCK, opening a pipe would wait for somebody to write to it.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let fd = openat(&*self.fd, name.as_str(), flags, Mode::empty()).map_err(|errno| match errno {
            Errno::NOENT | Errno::LOOP | Errno::NXIO => missing(),
            other => FileError::Io { action: "open the file", source: other.into() },
        })?;
        let stat = fstat(&fd).map_err(errno("look at the file"))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(missing());
        }
        Ok((File::from(fd), u64::try_from(stat.st_size).unwrap_or(0)))
    }

    /// Begins a file, which nobody sees until it is kept.
    ///
    /// # Errors
    /// When there is no room, or no random number.
    pub fn create(&self) -> Result<NewFile, FileError> {
        let random = getrandom::u64().map_err(|error| FileError::Io {
            action: "draw a random number",
            source: io::Error::other(error.to_string()),
        })?;
        let name = format!("{COMING}{random:016x}");
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::ROTH;
        let fd = openat(&*self.fd, &name, flags, mode).map_err(errno("begin a file"))?;
        Ok(NewFile { folder: Arc::clone(&self.fd), name: Some(name), file: Some(File::from(fd)) })
    }
}

/// A file that comes. It is gone when it is dropped before it is kept.
#[derive(Debug)]
pub struct NewFile {
    folder: Arc<OwnedFd>,
    name: Option<String>,
    file: Option<File>,
}

impl NewFile {
    /// Takes what is written to; once only.
    pub fn take(&mut self) -> Option<File> {
        self.file.take()
    }

    /// Gives it this name, or the next one with a number that is free.
    ///
    /// # Errors
    /// When all of these are taken.
    pub fn keep(mut self, wanted: &FileName) -> Result<FileName, FileError> {
        let Some(coming) = self.name.take() else { return Err(FileError::Missing(wanted.to_string())) };
        let names = std::iter::once(wanted.clone()).chain((1..=NUMBERS).map(|number| wanted.numbered(number)));
        for name in names {
            match renameat_with(&*self.folder, &coming, &*self.folder, name.as_str(), RenameFlags::NOREPLACE) {
                Ok(()) => return Ok(name),
                Err(Errno::EXIST) => {}
                Err(other) => {
                    self.name = Some(coming);
                    return Err(errno("name the file")(other));
                }
            }
        }
        self.name = Some(coming);
        Err(FileError::Taken(wanted.to_string()))
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if let Some(name) = self.name.take() {
            // Already gone is as good.
            _ = unlinkat(&*self.folder, name, AtFlags::empty());
        }
    }
}

/// What a failure to write means.
pub(super) fn failed(action: &'static str) -> impl Fn(io::Error) -> FileError {
    move |source| match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => FileError::Full,
        _ => FileError::Io { action, source },
    }
}

fn errno(action: &'static str) -> impl Fn(Errno) -> FileError {
    move |errno| failed(action)(errno.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::symlink;

    use super::*;

    fn name(name: &str) -> FileName {
        FileName::new(name).expect("a name")
    }

    fn put(folder: &Folder, as_name: &str, content: &[u8]) -> String {
        let mut file = folder.create().expect("room");
        file.take().expect("open").write_all(content).expect("room");
        file.keep(&name(as_name)).expect("kept").to_string()
    }

    fn folder() -> (tempfile::TempDir, Folder) {
        let outer = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(&outer.path().join("files")).expect("opens");
        (outer, folder)
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let (_outer, folder) = folder();
        assert_eq!(
            ["one", "two", "three"].map(|text| put(&folder, "a.txt", text.as_bytes())),
            ["a.txt", "a (1).txt", "a (2).txt"]
        );
        let names: Vec<_> = folder.list().expect("lists").into_iter().map(|entry| (entry.name, entry.size)).collect();
        assert_eq!(names, [("a (1).txt".to_owned(), 3), ("a (2).txt".to_owned(), 5), ("a.txt".to_owned(), 3)]);
    }

    #[test]
    fn a_file_that_is_not_kept_is_gone() {
        let (_outer, folder) = folder();
        drop(folder.create().expect("room"));
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
        fs::write(folder.path().join(".lunette-upload-0"), b"old").expect("room");
        let again = Folder::open(folder.path()).expect("opens");
        assert_eq!(fs::read_dir(again.path()).expect("a folder").count(), 0);
    }

    #[test]
    fn links_folders_and_pipes_are_no_files() {
        let (outer, folder) = folder();
        fs::write(outer.path().join("secret"), b"secret").expect("room");
        symlink("../secret", folder.path().join("link")).expect("a link");
        symlink("/etc/passwd", folder.path().join("passwd")).expect("a link");
        fs::create_dir(folder.path().join("inner")).expect("a folder");
        for missing in ["link", "passwd", "inner", "none"] {
            assert!(matches!(folder.read(&name(missing)), Err(FileError::Missing(_))), "{missing}");
        }
        assert!(folder.list().expect("lists").is_empty());
    }

    #[test]
    fn a_link_in_the_way_is_not_written_through() {
        let (outer, folder) = folder();
        symlink(outer.path().join("target"), folder.path().join("a.txt")).expect("a link");
        assert_eq!(put(&folder, "a.txt", b"new"), "a (1).txt");
        assert!(!outer.path().join("target").exists());
    }

    #[test]
    fn a_folder_that_is_a_link_is_refused() {
        let outer = tempfile::tempdir().expect("a folder");
        symlink("/tmp", outer.path().join("files")).expect("a link");
        assert!(Folder::open(&outer.path().join("files")).is_err());
    }
}
