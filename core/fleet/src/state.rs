//! How a desktop is doing, in one word.

use serde::{Deserialize, Serialize};

use crate::Seen;

/// Where a desktop is, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Its host was not asked for it yet.
    Pending,
    /// No picture yet.
    Starting,
    /// It shows pictures.
    Running,
    /// It stopped showing pictures although it should.
    Frozen,
    /// It is being taken down.
    Stopping,
    /// Nothing of it runs, as is wanted.
    Stopped,
    /// It ended, or did not start, against what is wanted.
    Failed,
    /// Its host does not answer; the desktop may be well.
    Lost,
}

/// How a desktop is doing.
#[derive(Debug, Clone, PartialEq)]
pub struct State<'a> {
    /// In one word.
    pub stage: Stage,
    /// Why it is not otherwise, for people.
    pub why: Option<String>,
    /// What was seen of it last.
    pub seen: Option<&'a Seen>,
}
