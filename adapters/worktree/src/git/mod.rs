//! The program `git`, called with arguments and never through a shell.
//!
//! The repository is named with `--git-dir` and `--work-tree` in every call: git then looks for none above, takes no other
//! folder for the work tree whatever `core.worktree` says, and reads a tree that belongs to another user, for which
//! `safe.directory` would have to be set otherwise. Configuration that would run programs while something is only looked
//! at, or ask somebody something, is overridden. Filters, which say what a file's content is, stay.

mod call;
mod run;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

pub(crate) use call::{Answer, Call, Hooks, without_secrets};

/// How long git may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For whatever stays on this machine.
    pub call: Duration,
    /// For a commit, whose hooks may be slow, and for a push.
    pub publish: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { call: Duration::from_secs(10), publish: Duration::from_secs(60) }
    }
}

/// How git is run.
#[derive(Debug, Clone)]
pub struct Git {
    environment: BTreeMap<OsString, OsString>,
    limits: Limits,
}

/// What git needs of our environment: who the person is, and how to get out. Tokens of ours are not among them.
const INHERITED: [&str; 25] = [
    "HOME",
    "USER",
    "LOGNAME",
    "TZ",
    "XDG_CONFIG_HOME",
    "SSH_AUTH_SOCK",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "GIT_COMMITTER_NAME",
    "GIT_COMMITTER_EMAIL",
    "EMAIL",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "PATH",
];
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

impl Git {
    /// With what our environment says about the person.
    #[must_use]
    pub fn from_environment(limits: Limits) -> Self {
        let named = |name: &str| std::env::var_os(name).map(|value| (name.into(), value));
        Self::new(INHERITED.iter().filter_map(|name| named(name)), limits)
    }

    /// With these variables.
    #[must_use]
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>, limits: Limits) -> Self {
        let mut environment: BTreeMap<_, _> = [("PATH".into(), PATH.into())].into();
        environment.extend(variables);
        Self { environment, limits }
    }
}
