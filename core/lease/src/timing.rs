//! How long things may take.

use std::time::Duration;

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// From a request to its answer.
    pub answer: Duration,
    /// From the host's word that an output is plugged to the next nudge, while the guest does not see it.
    pub nudge: Duration,
    /// From the host's word that an output is unplugged to its next use, where the guest does not see it.
    pub settle: Duration,
    /// From the host's first refusal to the next try; doubles up to [`Timing::RETRY_LIMIT`] times.
    pub retry: Duration,
}

impl Timing {
    /// How many times [`Timing::retry`] the pause between two tries may become.
    pub const RETRY_LIMIT: u32 = 32;

    /// The pause after this many tries that failed before.
    pub(crate) fn pause(&self, failures: u32) -> Duration {
        self.retry * 2u32.saturating_pow(failures).min(Self::RETRY_LIMIT)
    }
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(5),
            nudge: Duration::from_millis(300),
            settle: Duration::from_secs(1),
            retry: Duration::from_secs(1),
        }
    }
}
