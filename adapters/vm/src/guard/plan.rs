//! What supervisor and guard tell each other.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The longest line either sends.
pub(crate) const LINE_CAP: u64 = 1 << 20;

/// The order to send SIGTERM.
pub(crate) const TERM: u8 = b't';
/// The order to send SIGKILL.
pub(crate) const KILL: u8 = b'k';

/// What a guard is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    /// Removed at the end.
    pub(crate) run_dir: PathBuf,
    /// Where standard output goes.
    pub(crate) console_log: PathBuf,
    /// Where standard error goes.
    pub(crate) complaints_log: PathBuf,
    /// A line of standard output with this in it is reported.
    pub(crate) ready_line: String,
}

/// What a guard tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Told {
    /// The program runs, under this number.
    Started(u32),
    /// It could not be started.
    Failed(String),
    /// The awaited line was seen.
    Ready,
    /// The program ended.
    Exited {
        /// With this code.
        code: Option<i32>,
        /// Or by this signal.
        signal: Option<i32>,
    },
}
