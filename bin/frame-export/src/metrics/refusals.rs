//! What peers wanted and may not have.

use std::sync::atomic::{AtomicU64, Ordering};

use lunette_session::Wish;

use super::Exposition;

/// What was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Pictures of a scanout.
    Subscribe,
    /// How a scanout is doing.
    Status,
    /// To plug or resize a scanout.
    Enable,
    /// To unplug a scanout.
    Disable,
    /// To say who owns a scanout.
    Grant,
    /// A token that nobody knows.
    Token,
}

impl Refusal {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Subscribe, "subscribe"),
        (Self::Status, "status"),
        (Self::Enable, "enable"),
        (Self::Disable, "disable"),
        (Self::Grant, "grant"),
        (Self::Token, "token"),
    ];
}

impl From<Wish> for Refusal {
    fn from(wish: Wish) -> Self {
        match wish {
            Wish::Subscribe(_) => Self::Subscribe,
            Wish::Status(_) => Self::Status,
            Wish::Enable(_) => Self::Enable,
            Wish::Disable(_) => Self::Disable,
            Wish::Grant(_) => Self::Grant,
        }
    }
}

/// Counters of what was refused.
#[derive(Debug, Default)]
pub struct RefusalMetrics([AtomicU64; Refusal::ALL.len()]);

impl RefusalMetrics {
    /// Counts one, and logs it while there are few: whoever tries for ever must not fill the log.
    pub fn count(&self, refusal: Refusal) {
        let count = self.0[refusal as usize].fetch_add(1, Ordering::Relaxed) + 1;
        if count.is_power_of_two() {
            let (_, what) = Refusal::ALL[refusal as usize];
            tracing::warn!(what, count, "refused for want of a right token");
        }
    }

    /// Writes the family.
    pub fn expose(&self, text: &mut Exposition) {
        let name = "frame_export_refused_total";
        text.family(name, "counter", "What peers asked for without a token that allows it, and unknown tokens.");
        for (refusal, what) in Refusal::ALL {
            text.sample(name, &[("what", &what)], self.0[refusal as usize].load(Ordering::Relaxed));
        }
    }
}
