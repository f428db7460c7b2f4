//! What was done in a work tree, for who looks it over.
//!
//! ```text
//!   base ──┬── … ── tip of base             task:          fork ──────────────▶ work tree
//!          └─ fork ─ … ─ HEAD ─ work tree    branch:        fork ──────▶ HEAD
//!                                            working tree:              HEAD ──▶ work tree
//! ```
//! Files that git does not know yet count as new. A file in conflict shows as it is in the work tree, marks included.

use crate::diff::{Patch, Whitespace};
use crate::error::WorktreeError;
use crate::names::BaseName;
use crate::snapshot::ScratchIndex;
use crate::tree::{Tree, oid};

/// What work is compared with where nobody says.
const USUAL_BASE: &str = "main";
/// What else it may be called.
const OTHER_BASES: [&str; 2] = ["refs/remotes/origin/HEAD", "refs/heads/master"];
/// How the end that no commit stands for is called.
const WORK_TREE: &str = "working tree";

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// The same work, looked at from three sides.
    pub sources: [Source; 3],
}

/// One side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// `task`, `branch` or `working_tree`.
    pub id: &'static str,
    /// The same for people.
    pub title: &'static str,
    /// Where it begins.
    pub base_ref: String,
    /// Where it ends.
    pub head_ref: String,
    /// What differs.
    pub patch: Patch,
}

/// Two commits with what they are called.
struct Ends {
    base: (String, String),
    fork: String,
    head: (String, String),
}

impl Tree {
    /// What was done since the work left `base`, or `main` where nobody says.
    ///
    /// # Errors
    /// When there is no such base, or git fails.
    pub fn review(&self, base: Option<&BaseName>, whitespace: Whitespace) -> Result<Review, WorktreeError> {
        let index = ScratchIndex::copy(self)?;
        index.know_all()?;
        let Ends { base: (base_ref, _), fork, head: (head_ref, head) } = self.ends(base)?;
        let diff = |ends: &[&str]| Patch::between(|| index.call("diff"), ends, whitespace);
        let side = |id, title, base_ref: &String, head_ref: &str, patch| Source {
            id,
            title,
            base_ref: base_ref.clone(),
            head_ref: head_ref.to_owned(),
            patch,
        };
        let task = side("task", "Whole task", &base_ref, WORK_TREE, diff(&[&fork])?);
        let branch = side("branch", "Branch", &base_ref, &head_ref, diff(&[&fork, &head])?);
        let work = side("working_tree", "Working tree", &head_ref, WORK_TREE, diff(&[&head])?);
        Ok(Review { sources: [task, branch, work] })
    }

    fn ends(&self, base: Option<&BaseName>) -> Result<Ends, WorktreeError> {
        let Some(head) = self.commit("HEAD")? else {
            // A repository without a commit begins with nothing.
            let nothing = self.nothing()?;
            let named = base.map_or(USUAL_BASE, BaseName::as_str).to_owned();
            let head = ("HEAD".to_owned(), nothing.clone());
            return Ok(Ends { base: (named, nothing.clone()), fork: nothing, head });
        };
        let base = match base {
            Some(base) => {
                let none = || WorktreeError::NoCommit(base.as_str().to_owned());
                self.base(base.as_str())?.ok_or_else(none)?
            }
            None => self.usual_base(&head)?,
        };
        let fork = self.fork(&base.1, &head)?;
        let answer = self.call("symbolic-ref").args(["--quiet", "--short", "HEAD"]).answer()?;
        let branch = String::from_utf8_lossy(&answer.out).trim_end().to_owned();
        let head_ref = if answer.code == 0 { branch } else { "HEAD".to_owned() };
        Ok(Ends { base, fork, head: (head_ref, head) })
    }

    /// What the remote has comes first: a branch here may be old, or be where the work is done.
    fn base(&self, name: &str) -> Result<Option<(String, String)>, WorktreeError> {
        for full in [format!("refs/remotes/origin/{name}"), format!("refs/heads/{name}"), name.to_owned()] {
            if let Some(commit) = self.commit(&full)? {
                let short = full.strip_prefix("refs/remotes/").or(full.strip_prefix("refs/heads/")).unwrap_or(&full);
                return Ok(Some((short.to_owned(), commit)));
            }
        }
        Ok(None)
    }

    /// Where nothing looks like a base, the work has not left anything yet.
    fn usual_base(&self, head: &str) -> Result<(String, String), WorktreeError> {
        if let Some(found) = self.base(USUAL_BASE)? {
            return Ok(found);
        }
        for name in OTHER_BASES {
            if let Some(commit) = self.commit(name)? {
                let short = name.trim_start_matches("refs/remotes/").trim_start_matches("refs/heads/");
                return Ok((short.to_owned(), commit));
            }
        }
        Ok(("HEAD".to_owned(), head.to_owned()))
    }

    /// Where two commits have their last one in common; histories without one are compared as they are.
    fn fork(&self, base: &str, head: &str) -> Result<String, WorktreeError> {
        let answer = self.call("merge-base").arg(base).arg(head).answer()?;
        let first = answer.out.split(|byte| *byte == b'\n').next().unwrap_or_default();
        match (answer.code, oid(first)) {
            (0, Some(fork)) => Ok(fork),
            (1, _) => Ok(base.to_owned()),
            _ => Err(answer.refusal()),
        }
    }
}
