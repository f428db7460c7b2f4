//! Work is kept elsewhere: committed on its branch, and pushed.
//!
//! ```text
//!   status ─ conflicts? ─▶ failed
//!      │ another branch is expected ─▶ switch (there, at origin, or new) ─▶ status again
//!      ├─ nothing changed, nothing unpushed ─▶ clean
//!      ├─ changed ─▶ add, commit ─┐
//!      └─ unpushed ───────────────┴▶ push BRANCH:BRANCH ─▶ committed, pushed-only; rejected: failed
//! ```
//! Nothing is ever forced, and a branch is pushed to the branch of its own name, whatever it follows.

use serde::Serialize;

use crate::error::WorktreeError;
use crate::git::{Answer, Hooks, without_secrets};
use crate::names::{BranchName, NameError};
use crate::status::Status;
use crate::tree::Tree;

/// What a commit says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message(String);

impl Message {
    /// Bytes.
    pub const MOST: usize = 64 << 10;

    /// Checks a text.
    ///
    /// # Errors
    /// When there is nothing in it, or too much.
    pub fn new(text: &str) -> Result<Self, NameError> {
        let is_one = !text.trim().is_empty() && text.len() <= Self::MOST && !text.contains('\0');
        if is_one { Ok(Self(text.to_owned())) } else { Err(NameError::Message(text.len())) }
    }
}

/// What became of a work tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// What was done.
    pub action: Action,
    /// Files that differed from the last commit before.
    pub uncommitted: usize,
    /// Commits that were not pushed before.
    pub unpushed: usize,
    /// Why something was not done.
    pub error: Option<String>,
    /// What git said of the push; empty when there was none.
    pub push_output: String,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Nothing: there was nothing to do.
    Clean,
    /// A commit, and a push.
    Committed,
    /// A push.
    PushedOnly,
    /// Not all.
    Failed,
}

/// Characters of what git said of a push.
const SAID: usize = 8000;

impl Tree {
    /// Commits all that is in the work tree, on the branch that is expected if any is, and pushes the branch. The
    /// commit is not signed; hooks of the repository run.
    #[must_use]
    pub fn publish(&self, message: &Message, expected: Option<&BranchName>) -> Published {
        let mut report =
            Published { action: Action::Failed, uncommitted: 0, unpushed: 0, error: None, push_output: String::new() };
        match self.try_to_publish(message, expected, &mut report) {
            Ok(action) => report.action = action,
            Err(error) => report.error = Some(said(&error)),
        }
        report
    }

    fn try_to_publish(
        &self,
        message: &Message,
        expected: Option<&BranchName>,
        report: &mut Published,
    ) -> Result<Action, WorktreeError> {
        let mut status = self.status()?;
        (report.uncommitted, report.unpushed) = (status.uncommitted, status.unpushed);
        if status.conflicts > 0 {
            return Err(WorktreeError::Conflicts(status.conflicts));
        }
        if let Some(expected) = expected.filter(|name| status.branch.as_deref() != Some(name.as_str())) {
            if !self.switch(expected, &status)? {
                return Ok(Action::Clean);
            }
            status = self.status()?;
            report.unpushed = status.unpushed;
        }
        if status.uncommitted == 0 && status.unpushed == 0 {
            return Ok(Action::Clean);
        }
        let branch = status.branch.as_deref().ok_or(WorktreeError::Detached)?;
        let committed = status.uncommitted > 0 && self.commit_all(message)?;
        if !committed && status.unpushed == 0 {
            return Ok(Action::Clean);
        }
        self.push(branch, &status, report)?;
        Ok(if committed { Action::Committed } else { Action::PushedOnly })
    }

    /// Checks a branch out, with what is uncommitted; `false` when there is no such branch and nothing to put on it.
    fn switch(&self, expected: &BranchName, status: &Status) -> Result<bool, WorktreeError> {
        let (name, quiet) = (expected.as_str(), ["--quiet"]);
        let checkout = self.call("checkout").args(quiet);
        let origin = format!("refs/remotes/origin/{name}");
        let checkout = if self.commit(&format!("refs/heads/{name}"))?.is_some() {
            checkout.arg(name).arg("--")
        } else if self.commit(&origin)?.is_some() {
            checkout.args(["--track", "-b"]).arg(name).arg(origin).arg("--")
        } else if status.uncommitted == 0 && status.unpushed == 0 {
            return Ok(false);
        } else {
            checkout.args(["-b"]).arg(name)
        };
        checkout.output().map(|_| true)
    }

    /// Whether there was anything to commit: files may differ in ways that a commit does not know.
    fn commit_all(&self, message: &Message) -> Result<bool, WorktreeError> {
        self.call("add").args(["--all", "--", "."]).output()?;
        let staged = self.call("diff").args(["--cached", "--quiet", "--no-ext-diff", "--"]).answer()?;
        if staged.code == 0 {
            return Ok(false);
        }
        let commit = self.writing("commit").hooks(Hooks::On).args([
            "--quiet",
            "--no-gpg-sign",
            "--cleanup=whitespace",
            "--file=-",
        ]);
        commit.input(message.0.as_bytes()).output().map(|_| true)
    }

    fn push(&self, branch: &str, status: &Status, report: &mut Published) -> Result<(), WorktreeError> {
        let remote = self.remote(branch)?.ok_or(WorktreeError::NoRemote)?;
        let call = self.writing("push").hooks(Hooks::On);
        let follows = status.upstream.as_deref() == Some(&format!("{remote}/{branch}"));
        let call = if follows { call } else { call.arg("--set-upstream") };
        let answer = call.arg("--").arg(&remote).arg(format!("refs/heads/{branch}:refs/heads/{branch}")).answer()?;
        report.push_output = output(&answer);
        answer.good().map(drop)
    }

    /// Where a branch is pushed to: where it follows, else `origin`, else the only place there is.
    fn remote(&self, branch: &str) -> Result<Option<String>, WorktreeError> {
        let listed = self.call("remote").output()?;
        let mut remotes: Vec<_> = String::from_utf8_lossy(&listed).lines().map(str::to_owned).collect();
        let followed = self.call("config").args(["--get"]).arg(format!("branch.{branch}.remote")).answer()?;
        let followed = String::from_utf8_lossy(&followed.out).trim().to_owned();
        let at = [followed.as_str(), "origin"].into_iter().find_map(|name| remotes.iter().position(|one| one == name));
        Ok(match (at, remotes.len()) {
            (Some(at), _) => Some(remotes.swap_remove(at)),
            (None, 1) => remotes.pop(),
            (None, _) => None,
        })
    }
}

fn said(error: &WorktreeError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

fn output(answer: &Answer) -> String {
    let text = format!("{}{}", answer.said, String::from_utf8_lossy(&answer.out));
    without_secrets(&text.chars().take(SAID).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_something() {
        assert!(Message::new("fix: ä\n\nwhy").is_ok());
        for bad in ["", " \n", "a\0b", &"x".repeat(Message::MOST + 1)] {
            assert!(Message::new(bad).is_err());
        }
    }
}
