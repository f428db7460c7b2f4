//! What a work tree has that is not kept elsewhere yet.

use crate::error::WorktreeError;
use crate::tree::Tree;

/// Bytes of git's list of changed files.
const LIST: usize = 8 << 20;

/// How a work tree stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// The branch that is checked out; `None` when none is.
    pub branch: Option<String>,
    /// Whether there is a commit yet.
    pub has_commits: bool,
    /// Files that differ from the last commit, with those that git does not know yet.
    pub uncommitted: usize,
    /// Files of them that a merge left in conflict.
    pub conflicts: usize,
    /// The branch elsewhere that this one follows.
    pub upstream: Option<String>,
    /// Commits that it has and the followed branch has not; none are counted without one.
    pub unpushed: usize,
    /// Whether there were more files than are counted.
    pub cut: bool,
}

impl Tree {
    /// How the work tree stands. Files in submodules do not count: they are committed there.
    ///
    /// # Errors
    /// When git fails.
    pub fn status(&self) -> Result<Status, WorktreeError> {
        let call = self.call("status").args([
            "--porcelain=v2",
            "--branch",
            "-z",
            "--ahead-behind",
            "--no-renames",
            "--untracked-files=all",
            "--ignore-submodules=dirty",
        ]);
        let answer = call.cap(LIST).answer()?;
        match answer.cut {
            true => Ok(Status { cut: true, ..Status::parse(&answer.out) }),
            false => Ok(Status::parse(&answer.good()?.out)),
        }
    }
}

impl Status {
    /// Reads what `git status --porcelain=v2 --branch -z --no-renames` prints. What is unknown is passed over.
    #[must_use]
    pub fn parse(out: &[u8]) -> Self {
        let mut status = Self { has_commits: true, ..Self::default() };
        // The last entry ends with a zero too: what follows it is nothing, or half of one.
        let whole = out.iter().rposition(|byte| *byte == 0).map_or(&[][..], |end| &out[..end]);
        for entry in whole.split(|byte| *byte == 0) {
            match entry.first() {
                Some(b'#') => status.header(&String::from_utf8_lossy(entry)),
                Some(b'1' | b'2' | b'?') => status.uncommitted += 1,
                Some(b'u') => {
                    status.uncommitted += 1;
                    status.conflicts += 1;
                }
                _ => {}
            }
        }
        status
    }

    fn header(&mut self, header: &str) {
        let Some((key, value)) = header.trim_start_matches("# ").split_once(' ') else { return };
        match key {
            "branch.oid" => self.has_commits = value != "(initial)",
            "branch.head" => self.branch = (value != "(detached)").then(|| value.to_owned()),
            "branch.upstream" => self.upstream = Some(value.to_owned()),
            "branch.ab" => {
                let ahead = value.split(' ').next().and_then(|ahead| ahead.strip_prefix('+'));
                self.unpushed = ahead.and_then(|ahead| ahead.parse().ok()).unwrap_or(0);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_was_cut_has_its_whole_entries() {
        let out = b"# branch.oid (initial)\0# branch.head main\0? a b\0? hal";
        let status = Status { branch: Some("main".to_owned()), uncommitted: 1, ..Status::default() };
        assert_eq!(Status::parse(out), status);
        let empty = Status { has_commits: true, ..Status::default() };
        assert_eq!((Status::parse(b""), Status::parse(b"?")), (empty.clone(), empty));
    }
}
