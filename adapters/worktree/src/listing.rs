//! The files of a work tree: those that git knows, and new ones that it is not told to ignore.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, FileType, statat};
use serde::Serialize;

use crate::contents::{inner, top};
use crate::error::WorktreeError;
use crate::tree::Tree;

/// The files of a work tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// By path.
    pub entries: Vec<Entry>,
    /// Whether there are more.
    pub truncated: bool,
}

/// A file of a work tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// From the top of the tree.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// Bytes.
    pub size: u64,
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// A plain file.
    File,
    /// A link, which is not followed.
    Symlink,
    /// A folder with a repository of its own.
    Directory,
}

impl Listing {
    /// Files that are listed.
    pub const MOST: usize = 20_000;
    /// Bytes of git's list.
    pub const BYTES: usize = 8 << 20;
}

impl Tree {
    /// The files that are there.
    ///
    /// # Errors
    /// When git fails.
    pub fn list(&self) -> Result<Listing, WorktreeError> {
        let call = self.call("ls-files").args(["-z", "--cached", "--others", "--exclude-standard"]);
        let answer = call.cap(Listing::BYTES).answer()?;
        let answer = if answer.cut { answer } else { answer.good()? };
        // The last one may be half there.
        let whole = answer.out.iter().rposition(|byte| *byte == 0).map_or(&[][..], |end| &answer.out[..end]);
        let paths: BTreeSet<&[u8]> = whole.split(|byte| *byte == 0).filter(|path| !path.is_empty()).collect();
        let mut folders = Folders { top: top(self.path())?, last: None };
        let mut entries: Vec<_> =
            paths.into_iter().filter_map(|path| folders.entry(path)).take(Listing::MOST + 1).collect();
        let truncated = answer.cut || entries.len() > Listing::MOST;
        entries.truncate(Listing::MOST);
        Ok(Listing { entries, truncated })
    }
}

/// Folders as they are opened, so that no link in a path is followed; files that are listed one after the other are mostly
/// in the same one.
struct Folders<'a> {
    top: OwnedFd,
    last: Option<(&'a [u8], OwnedFd)>,
}

impl<'a> Folders<'a> {
    /// What is there now; `None` for what is gone, and for what is neither a file nor a link nor a repository.
    fn entry(&mut self, path: &'a [u8]) -> Option<Entry> {
        // A repository in the tree is listed with a slash behind it.
        let path = path.strip_suffix(b"/").unwrap_or(path);
        let (folder, name) = match path.iter().rposition(|byte| *byte == b'/') {
            Some(at) => (&path[..at], &path[at + 1..]),
            None => (&path[..0], path),
        };
        let stat = statat(self.folder(folder)?, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => EntryKind::File,
            FileType::Symlink => EntryKind::Symlink,
            FileType::Directory => EntryKind::Directory,
            _ => return None,
        };
        let size = if kind == EntryKind::Directory { 0 } else { u64::try_from(stat.st_size).ok()? };
        Some(Entry { path: String::from_utf8_lossy(path).into_owned(), kind, size })
    }

    fn folder(&mut self, path: &'a [u8]) -> Option<&OwnedFd> {
        if path.is_empty() {
            return Some(&self.top);
        }
        if self.last.as_ref().is_none_or(|(known, _)| *known != path) {
            let opened = path.split(|byte| *byte == b'/').try_fold(None, |folder: Option<OwnedFd>, part| {
                inner(folder.as_ref().unwrap_or(&self.top), part).map(Some)
            });
            self.last = Some((path, opened.ok()??));
        }
        self.last.as_ref().map(|(_, folder)| folder)
    }
}
