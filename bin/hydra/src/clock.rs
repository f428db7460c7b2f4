//! The two clocks of a life.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lunette_desktop::Moment;
use tokio::time::Instant;

/// Counts from its making.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    origin: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { origin: Instant::now() }
    }

    pub(crate) fn now(&self) -> Moment {
        Moment { steady: self.origin.elapsed(), wall_ms: wall_ms() }
    }

    pub(crate) fn at(&self, steady: Duration) -> Instant {
        self.origin + steady
    }
}

/// Milliseconds since 1970.
pub(crate) fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
