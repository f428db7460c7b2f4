//! An index of our own, in which a work tree can be staged without the person's index or work tree noticing.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::WorktreeError;
use crate::git::Call;
use crate::tree::Tree;

/// Bytes of a list of files in conflict.
const LIST: usize = 8 << 20;

/// A copy of a work tree's index. It is gone when this is dropped.
pub(crate) struct ScratchIndex<'a> {
    tree: &'a Tree,
    folder: TempDir,
}

impl<'a> ScratchIndex<'a> {
    /// A copy of the index as it is: with what it knows of the files, so that only changed ones are read again.
    pub(crate) fn copy(tree: &'a Tree) -> Result<Self, WorktreeError> {
        let folder = tempfile::tempdir().map_err(WorktreeError::io("make a folder for an index"))?;
        let scratch = Self { tree, folder };
        match copy_with_time(&scratch.place("index")?, &scratch.index()) {
            Ok(()) => {}
            // Nothing was ever staged.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(WorktreeError::io("copy the index")(error)),
        }
        Ok(scratch)
    }

    /// Where the repository has something.
    fn place(&self, of: &str) -> Result<PathBuf, WorktreeError> {
        let line = self.tree.call("rev-parse").args(["--git-path"]).arg(of).line()?;
        Ok(self.tree.path().join(line))
    }

    fn index(&self) -> PathBuf {
        self.folder.path().join("index")
    }

    /// A call that uses this index.
    pub(crate) fn call(&self, verb: &'static str) -> Call<'_> {
        self.tree.call(verb).env("GIT_INDEX_FILE", self.index())
    }

    /// Lets files that git does not know yet be known by name, and files in conflict be plain ones.
    pub(crate) fn know_all(&self) -> Result<(), WorktreeError> {
        self.settle_conflicts()?;
        // What is known by name only counts as empty, and the empty file would be written.
        let (own, objects) = (self.folder.path().join("objects"), self.place("objects")?);
        fs::create_dir(&own).map_err(WorktreeError::io("make a folder for objects"))?;
        let call =
            self.call("add").env("GIT_OBJECT_DIRECTORY", own).env("GIT_ALTERNATE_OBJECT_DIRECTORIES", quoted(&objects));
        // Folders that cannot be read are left out; whatever else is wrong shows in the next call.
        call.args(["--intent-to-add", "--ignore-errors", "--", "."]).answer()?;
        Ok(())
    }

    /// Stages all that is in the work tree, as objects of the repository; the name of the whole.
    pub(crate) fn stage_all(&self) -> Result<String, WorktreeError> {
        // Files that cannot be read are left out, which git reports with 1.
        let answer = self.call("add").args(["--all", "--ignore-errors", "--", "."]).answer()?;
        if answer.code > 1 {
            return Err(answer.refusal());
        }
        self.call("write-tree").line()
    }

    /// One entry each, ours before the base before theirs: what differs from it is compared anyway.
    fn settle_conflicts(&self) -> Result<(), WorktreeError> {
        let listed = self.call("ls-files").args(["--unmerged", "-z"]).cap(LIST).output()?;
        let settled = settled(&listed);
        if settled.is_empty() {
            return Ok(());
        }
        self.call("update-index").args(["-z", "--index-info"]).input(&settled).output().map(drop)
    }
}

/// One folder in a list that has colons between its entries.
fn quoted(path: &Path) -> OsString {
    let mut quoted = b"\"".to_vec();
    for byte in path.as_os_str().as_bytes() {
        if matches!(byte, b'"' | b'\\') {
            quoted.push(b'\\');
        }
        quoted.push(*byte);
    }
    quoted.push(b'"');
    OsString::from_vec(quoted)
}

/// Git takes a file for unchanged that looks as the index says, unless it was written no earlier than the index: a copy that
/// is younger would hide what was written since.
fn copy_with_time(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    let written = fs::metadata(from)?.modified()?;
    fs::File::options().write(true).open(to)?.set_modified(written)
}

/// What `git update-index --index-info` is to read, for what `git ls-files --unmerged -z` has printed: lines of
/// `MODE OBJECT STAGE\tPATH`, of each path the stages together.
fn settled(listed: &[u8]) -> Vec<u8> {
    let mut chosen: Vec<(&[u8], u8, &[u8])> = Vec::new();
    for entry in listed.split(|byte| *byte == 0) {
        let Some(tab) = entry.iter().position(|byte| *byte == b'\t') else { continue };
        let (head, path) = (&entry[..tab], &entry[tab + 1..]);
        let [what @ .., b' ', stage] = head else { continue };
        let rank = |stage: u8| match stage {
            b'2' => 0,
            b'1' => 1,
            _ => 2,
        };
        match chosen.last_mut().filter(|(known, ..)| *known == path) {
            Some((_, known, object)) if rank(*stage) < rank(*known) => (*known, *object) = (*stage, what),
            Some(_) => {}
            None => chosen.push((path, *stage, what)),
        }
    }
    let mut lines = Vec::new();
    for (path, _, object) in chosen {
        for part in [object, b" 0\t", path, b"\0"] {
            lines.extend_from_slice(part);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_conflict_ours_is_taken_and_else_the_base() {
        let listed =
            b"100644 b1 1\ta\t1\x00100644 b2 2\ta\t1\x00100644 b3 3\ta\t1\x00100644 c1 1\tb\x00100644 c3 3\tb\0";
        assert_eq!(settled(listed), b"100644 b2 0\ta\t1\x00100644 c1 0\tb\0");
        assert!(settled(b"").is_empty() && settled(b"x\0\t\0").is_empty());
    }
}
