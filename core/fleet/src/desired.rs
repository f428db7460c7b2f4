//! What somebody wants.

use std::collections::BTreeSet;

use lunette_desktop::{DesktopId, Wish};
use serde::{Deserialize, Serialize};

use crate::HostName;

/// One desktop as somebody wants it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Desired {
    /// Which.
    pub id: DesktopId,
    /// Where.
    pub host: HostName,
    /// How it is made.
    pub wish: Wish,
    /// Whether it is to be there.
    pub wanted: Wanted,
    /// Who asked for it.
    pub owner: String,
    /// Words to find it by.
    pub tags: BTreeSet<String>,
    /// Since when, in milliseconds since 1970.
    pub created_ms: u64,
}

impl Desired {
    /// What people call it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.wish.name.as_deref().unwrap_or(self.id.as_str())
    }
}

/// Whether a desktop is to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wanted {
    /// It is to run.
    Running,
    /// It is to be kept in mind, and nothing of it is to run.
    Stopped,
    /// It is to be ended and forgotten.
    Gone,
}
