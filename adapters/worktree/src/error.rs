//! What can go wrong.

use std::io;
use std::time::Duration;

use crate::names::NameError;

/// Why something about a work tree was not done.
#[derive(Debug, thiserror::Error)]
pub enum WorktreeError {
    /// There is no such work tree.
    #[error("there is no work tree {0:?}")]
    NoTree(String),
    /// No work tree was named, and none is the one that is meant then.
    #[error("there is no primary work tree among the {0} that there are: name one")]
    NoPrimary(usize),
    /// A name cannot be one.
    #[error(transparent)]
    Name(#[from] NameError),
    /// There is no such branch or commit.
    #[error("there is no {0:?} in this repository")]
    NoCommit(String),
    /// There is no such file, or it is no plain one.
    #[error("there is no file {0:?} in this work tree")]
    NoFile(String),
    /// A merge is not finished.
    #[error("{0} files are in conflict: resolve them first")]
    Conflicts(usize),
    /// A commit would be on no branch.
    #[error("no branch is checked out: check one out, or name the one that is expected")]
    Detached,
    /// There is nowhere to push to.
    #[error("this repository has no remote to push to")]
    NoRemote,
    /// git is not installed.
    #[error("there is no git on this desktop")]
    NoGit,
    /// git could not be run.
    #[error("cannot run git {verb}")]
    Run {
        /// What it was to do.
        verb: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// git took too long, and was ended.
    #[error("git {verb} took longer than {} s and was ended", limit.as_secs_f64())]
    TimedOut {
        /// What it was to do.
        verb: &'static str,
        /// How long it had.
        limit: Duration,
    },
    /// git printed more than is read.
    #[error("git {verb} printed more than {limit} bytes")]
    TooLong {
        /// What it was to do.
        verb: &'static str,
        /// Bytes.
        limit: usize,
    },
    /// git said no.
    #[error("git {verb}: {said}")]
    Git {
        /// What it was to do.
        verb: &'static str,
        /// What it said.
        said: String,
    },
    /// git printed something else than it does.
    #[error("git {verb} printed something unknown")]
    Unknown {
        /// What it was to do.
        verb: &'static str,
    },
    /// A file or folder could not be used.
    #[error("cannot {action}")]
    Io {
        /// What was attempted.
        action: &'static str,
        /// Why.
        source: io::Error,
    },
}

impl WorktreeError {
    pub(crate) fn io(action: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::Io { action, source }
    }

    pub(crate) fn errno(action: &'static str) -> impl Fn(rustix::io::Errno) -> Self {
        move |errno| Self::Io { action, source: errno.into() }
    }
}
