//! One file of a work tree.
//!
//! Its folders are opened one by one, none of them through a link, so that no path leads out of the tree, also not when
//! somebody exchanges a folder for a link meanwhile.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, fstat, open, openat};
use rustix::io::Errno;
use rustix::path::Arg;
use sha2::{Digest, Sha256};

use crate::diff::hex;
use crate::error::WorktreeError;
use crate::names::TreePath;
use crate::tree::Tree;

/// How many bytes are looked at to tell text from what is none, as git does.
const LOOKED_AT: usize = 8000;

/// What is in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// Its text, or the beginning of it; empty when it has none.
    pub text: String,
    /// Bytes of the whole file.
    pub length: u64,
    /// SHA-256 of what was read, in hexadecimal digits.
    pub hash: String,
    /// Whether only the beginning was read.
    pub truncated: bool,
    /// Whether it is no text.
    pub binary: bool,
}

impl Contents {
    /// Bytes that are read.
    pub const MOST: usize = 1 << 20;

    fn of(mut bytes: Vec<u8>, length: u64) -> Self {
        let truncated = bytes.len() > Self::MOST;
        bytes.truncate(Self::MOST);
        let hash = hex(&Sha256::digest(&bytes));
        let looks_binary = bytes[..bytes.len().min(LOOKED_AT)].contains(&0);
        let text = match String::from_utf8(bytes) {
            Ok(text) => Some(text),
            // The last character may be cut in the middle.
            Err(error) if truncated && error.utf8_error().error_len().is_none() => {
                let end = error.utf8_error().valid_up_to();
                let mut bytes = error.into_bytes();
                bytes.truncate(end);
                String::from_utf8(bytes).ok()
            }
            Err(_) => None,
        };
        let text = text.filter(|_| !looks_binary);
        Self { binary: text.is_none(), text: text.unwrap_or_default(), length, hash, truncated }
    }
}

impl Tree {
    /// What is in a plain file.
    ///
    /// # Errors
    /// When there is none at this path, or a link is on the way to it.
    pub fn read(&self, path: &TreePath) -> Result<Contents, WorktreeError> {
        let none = |errno: Errno| match errno {
            Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NXIO | Errno::NAMETOOLONG => {
                WorktreeError::NoFile(path.as_str().chars().take(200).collect())
            }
            other => WorktreeError::errno("open the file")(other),
        };
        let (folders, name) = path.split();
        let mut folder = top(self.path())?;
        for part in folders {
            folder = inner(&folder, part).map_err(none)?;
        }
        // Without NONBLOCK, opening a pipe would wait for somebody to write to it.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = openat(&folder, name, flags, Mode::empty()).map_err(none)?;
        let stat = fstat(&file).map_err(WorktreeError::errno("look at the file"))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(none(Errno::NOENT));
        }
        let mut bytes = Vec::new();
        let read = File::from(file).take(Contents::MOST as u64 + 1).read_to_end(&mut bytes);
        read.map_err(WorktreeError::io("read the file"))?;
        let length = u64::try_from(stat.st_size).unwrap_or(0).max(bytes.len() as u64);
        Ok(Contents::of(bytes, length))
    }
}

/// The top of a tree.
pub(crate) fn top(path: &Path) -> Result<OwnedFd, WorktreeError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    open(path, flags, Mode::empty()).map_err(WorktreeError::errno("open the work tree"))
}

/// A folder in a folder.
pub(crate) fn inner(folder: &OwnedFd, name: impl Arg) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(folder, name, flags, Mode::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> Contents {
        Contents::of(bytes.to_vec(), bytes.len() as u64)
    }

    #[test]
    fn text_is_what_is_utf8_without_zeros() {
        let text = of("ä\n".as_bytes());
        assert_eq!((text.text.as_str(), text.length, text.binary, text.truncated), ("ä\n", 3, false, false));
        assert!(!of(b"").binary);
        for binary in [&b"a\0b"[..], b"\xff\xfe", b"a\xc3"] {
            let contents = of(binary);
            assert!(contents.binary && contents.text.is_empty(), "{binary:?}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let mut long = "x".repeat(Contents::MOST - 1).into_bytes();
        long.extend("ää".bytes());
        let contents = of(&long);
        assert_eq!((contents.text.len(), contents.truncated, contents.binary), (Contents::MOST - 1, true, false));
        assert_eq!(contents.length, Contents::MOST as u64 + 3);
    }
}
