//! What was seen.

use lunette_desktop::{DesktopId, LimitsWish, Report, Wish};
use serde::{Deserialize, Serialize};

/// A desktop as its host's hydra tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// Which.
    pub id: DesktopId,
    /// What people call it.
    pub name: String,
    /// What it is made of.
    pub profile: DesktopId,
    /// Its bounds.
    #[serde(default)]
    pub limits: LimitsWish,
    /// Since when, in milliseconds since 1970.
    pub ordered_at_ms: u64,
    /// Why it ended last, for people.
    #[serde(default)]
    pub why: Option<String>,
    /// Where it is in its life.
    pub report: Report,
}

impl Seen {
    /// The wish that would make it again.
    #[must_use]
    pub fn wish(&self) -> Wish {
        let mut wish = Wish::plain(self.profile.clone());
        wish.id = Some(self.id.clone());
        wish.name = Some(self.name.clone());
        wish.size = self.report.size;
        wish.limits = self.limits.clone();
        wish
    }
}
