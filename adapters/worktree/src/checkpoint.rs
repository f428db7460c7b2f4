//! A work tree as it is, kept in a commit that no branch knows.

use crate::diff::{Patch, Whitespace};
use crate::error::WorktreeError;
use crate::names::CheckpointRef;
use crate::snapshot::ScratchIndex;
use crate::tree::{Tree, oid};

/// Who makes checkpoints, for git, which wants to know.
const AUTHOR: [(&str, &str); 4] = [
    ("GIT_AUTHOR_NAME", "Lunette"),
    ("GIT_AUTHOR_EMAIL", "checkpoint@localhost"),
    ("GIT_COMMITTER_NAME", "Lunette"),
    ("GIT_COMMITTER_EMAIL", "checkpoint@localhost"),
];

/// A checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    /// Its commit.
    pub commit: String,
}

impl Tree {
    /// Keeps what is in the work tree, files that git does not know yet included, under a ref; an older one of that
    /// name is replaced. The person's index and work tree stay as they are.
    ///
    /// # Errors
    /// When git fails.
    pub fn capture(&self, name: &CheckpointRef) -> Result<Captured, WorktreeError> {
        let index = ScratchIndex::copy(self)?;
        let tree = index.stage_all()?;
        let commit = AUTHOR.iter().fold(self.call("commit-tree"), |call, (name, value)| call.env(name, value));
        let commit = match self.commit("HEAD")? {
            Some(head) => commit.args(["-p"]).arg(head),
            None => commit,
        };
        let line = commit.arg(tree).input(format!("checkpoint {name}\n").as_bytes()).line()?;
        let commit = oid(line.as_bytes()).ok_or(WorktreeError::Unknown { verb: "commit-tree" })?;
        self.call("update-ref").args(["--no-deref"]).arg(name.as_str()).arg(&commit).output()?;
        Ok(Captured { commit })
    }

    /// What differs between two checkpoints.
    ///
    /// # Errors
    /// When there is no such checkpoint, or git fails.
    pub fn compare(
        &self,
        before: &CheckpointRef,
        after: &CheckpointRef,
        whitespace: Whitespace,
    ) -> Result<Patch, WorktreeError> {
        let find =
            |name: &CheckpointRef| self.commit(name.as_str())?.ok_or_else(|| WorktreeError::NoCommit(name.to_string()));
        let (before, after) = (find(before)?, find(after)?);
        Patch::between(|| self.call("diff"), &[&before, &after], whitespace)
    }
}
