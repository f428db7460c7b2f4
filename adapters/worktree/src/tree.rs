//! One work tree.

use std::path::{Path, PathBuf};

use crate::error::WorktreeError;
use crate::git::{Call, Git};

/// A work tree with its repository.
#[derive(Debug, Clone)]
pub struct Tree {
    name: String,
    path: PathBuf,
    git: Git,
}

impl Tree {
    pub(crate) const fn new(name: String, path: PathBuf, git: Git) -> Self {
        Self { name, path, git }
    }

    /// What it is called: its folder's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn call(&self, verb: &'static str) -> Call<'_> {
        self.git.call(&self.path, verb)
    }

    pub(crate) fn writing(&self, verb: &'static str) -> Call<'_> {
        self.git.writing(&self.path, verb)
    }

    /// The commit that a name stands for; `None` when there is none.
    pub(crate) fn commit(&self, name: &str) -> Result<Option<String>, WorktreeError> {
        let wanted = format!("{name}^{{commit}}");
        let answer = self.call("rev-parse").args(["--verify", "--quiet", "--end-of-options"]).arg(wanted).answer()?;
        Ok(oid(&answer.out).filter(|_| answer.code == 0))
    }

    /// The tree of a repository's first moment, which no commit needs to have.
    pub(crate) fn nothing(&self) -> Result<String, WorktreeError> {
        let line = self.call("hash-object").args(["-t", "tree", "--stdin"]).line()?;
        oid(line.as_bytes()).ok_or(WorktreeError::Unknown { verb: "hash-object" })
    }
}

/// The name of an object, alone on its line.
pub(crate) fn oid(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?.trim_end_matches('\n');
    let is_one = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_one.then(|| text.to_owned())
}
