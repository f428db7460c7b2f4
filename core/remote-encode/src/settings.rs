//! What a client is told once.

use std::time::Duration;

use lunette_wire::Token;

/// What to do about a lost connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reconnect {
    /// Connect again, for ever.
    Always,
    /// Fail.
    Never,
}

/// How a client behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Requests that may wait for their answers, 1 to [`Settings::MOST_IN_FLIGHT`].
    pub in_flight: usize,
    /// How long an answer may take, and a connection.
    pub timeout: Duration,
    /// What to do about a lost connection.
    pub reconnect: Reconnect,
    /// Every so many requests a keyframe is asked for; 0: only when one is needed.
    pub keyframe_interval: u32,
    /// Shown to a host that asks who comes.
    pub token: Option<Token>,
}

impl Settings {
    /// Most requests that may wait for their answers.
    pub const MOST_IN_FLIGHT: usize = 4;
    /// How long the first reconnection waits; each further one waits twice as long.
    pub const FIRST_WAIT: Duration = Duration::from_millis(100);
    /// How long a reconnection waits at most.
    pub const LONGEST_WAIT: Duration = Duration::from_secs(5);
    /// Requests in a row that may be answered with ERROR before the connection is given up.
    pub const PATIENCE: u32 = 10;

    /// How long to wait before connecting again after so many failures in a row.
    #[must_use]
    pub fn wait(failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(16);
        (Self::FIRST_WAIT * (1 << doublings)).min(Self::LONGEST_WAIT)
    }
}
