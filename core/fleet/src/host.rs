//! A machine with desktops.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use lunette_desktop::{DesktopId, Limits};
use serde::{Deserialize, Serialize};

use crate::Seen;

/// Between two looks at a host where nothing happens.
const CALM: Duration = Duration::from_secs(2);
/// Where something does.
const BUSY: Duration = Duration::from_millis(300);
/// Until a host that did not answer is asked again, at most.
const LOST: Duration = Duration::from_secs(10);

/// A host's name: 1 to 63 of `a-z`, `0-9` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HostName(DesktopId);

/// What is no host's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no host: 1 to 63 of a-z, 0-9 and - would")]
pub struct HostNameError(String);

impl HostName {
    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for HostName {
    type Err = HostNameError;

    fn from_str(text: &str) -> Result<Self, HostNameError> {
        text.parse().map(Self).map_err(|_| HostNameError(text.chars().take(80).collect()))
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a host has and uses.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct HostFacts {
    /// Seconds since its hydra began.
    #[serde(default)]
    pub uptime_s: u64,
    /// Processors.
    #[serde(default)]
    pub cpus: usize,
    /// Processes that want one, on average over a minute.
    #[serde(default)]
    pub load: Option<f64>,
    /// MiB of memory.
    #[serde(default)]
    pub memory_total_mib: Option<u64>,
    /// MiB of memory that are free.
    #[serde(default)]
    pub memory_available_mib: Option<u64>,
    /// Of them, MiB that its desktops may still take.
    #[serde(default)]
    pub memory_promised_mib: u64,
    /// Whether it takes desktops beyond its memory and its processors.
    #[serde(default)]
    pub overcommit: bool,
    /// Its scanouts; `None` where it does not know of any.
    #[serde(default)]
    pub scanouts: Option<Scanouts>,
    /// What it makes desktops of, with their usual bounds.
    #[serde(default, skip_serializing)]
    pub profiles: BTreeMap<DesktopId, Limits>,
    /// Desktops that it has.
    #[serde(default)]
    pub desktops: usize,
    /// Desktops that it may have.
    #[serde(default)]
    pub max_desktops: usize,
}

/// Outputs that desktops are shown on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scanouts {
    /// How many there are.
    pub all: usize,
    /// Those that a desktop can have now, or in a moment.
    pub free: usize,
}

/// Whether a host answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostState {
    /// It was not asked yet.
    Unknown,
    /// It answers.
    Here,
    /// It does not, for this reason.
    Lost(String),
}

#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) state: HostState,
    pub(crate) facts: HostFacts,
    pub(crate) seen: BTreeMap<DesktopId, Seen>,
    looking: bool,
    due: Duration,
    failures: u32,
    /// Looks that began, and that brought something.
    pub(crate) begun: u64,
    pub(crate) finished: u64,
}

impl Host {
    pub(crate) fn new(now: Duration) -> Self {
        Self {
            state: HostState::Unknown,
            facts: HostFacts::default(),
            seen: BTreeMap::new(),
            looking: false,
            due: now,
            failures: 0,
            begun: 0,
            finished: 0,
        }
    }

    /// Whether it is to be looked at now; it is taken for looked at then.
    pub(crate) fn begin_look(&mut self, now: Duration) -> bool {
        if self.looking || self.due > now {
            return false;
        }
        self.looking = true;
        self.begun += 1;
        true
    }

    pub(crate) fn found(&mut self, now: Duration, facts: HostFacts, seen: Vec<Seen>, busy: bool) {
        self.seen = seen.into_iter().map(|seen| (seen.id.clone(), seen)).collect();
        self.facts = facts;
        self.state = HostState::Here;
        self.failures = 0;
        self.looking = false;
        self.finished = self.begun;
        self.due = now + if busy { BUSY } else { CALM };
    }

    pub(crate) fn lost(&mut self, now: Duration, why: String) {
        self.state = HostState::Lost(why);
        self.looking = false;
        self.failures = self.failures.saturating_add(1);
        self.due = now + BUSY.saturating_mul(1 << self.failures.min(6)).min(LOST);
    }

    /// What was seen is out of date.
    pub(crate) fn hurry(&mut self, now: Duration) {
        self.due = self.due.min(now);
    }

    pub(crate) fn wakes_at(&self) -> Option<Duration> {
        (!self.looking).then_some(self.due)
    }
}
