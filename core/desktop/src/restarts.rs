//! When a desktop that failed starts again.

use std::collections::VecDeque;
use std::time::Duration;

use crate::RestartPolicy;

/// Failures older than this count no more.
const WINDOW: Duration = Duration::from_secs(600);
/// After the first failure.
const SHORTEST: Duration = Duration::from_secs(1);
/// After many.
const LONGEST: Duration = Duration::from_secs(30);

/// The restarts of one desktop.
#[derive(Debug, Clone)]
pub struct Restarts {
    policy: RestartPolicy,
    /// When it failed, oldest first; not longer than the policy's limit.
    recent: VecDeque<Duration>,
    total: u32,
}

impl Restarts {
    /// None so far.
    #[must_use]
    pub const fn new(policy: RestartPolicy) -> Self {
        Self { policy, recent: VecDeque::new(), total: 0 }
    }

    /// After `total` restarts in an earlier life, which count no more.
    #[must_use]
    pub const fn resumed(policy: RestartPolicy, total: u32) -> Self {
        Self { policy, recent: VecDeque::new(), total }
    }

    /// It failed: how long to wait before it starts again; `None` when it stays as it is.
    pub fn failed(&mut self, now: Duration) -> Option<Duration> {
        let RestartPolicy::OnFailure { times } = self.policy else { return None };
        while self.recent.front().is_some_and(|then| now.saturating_sub(*then) >= WINDOW) {
            self.recent.pop_front();
        }
        let earlier = u32::try_from(self.recent.len()).unwrap_or(u32::MAX);
        if earlier >= times {
            return None;
        }
        self.recent.push_back(now);
        self.total = self.total.saturating_add(1);
        Some(SHORTEST.saturating_mul(1_u32.checked_shl(earlier).unwrap_or(u32::MAX)).min(LONGEST))
    }

    /// How often it was started again, ever.
    #[must_use]
    pub const fn total(&self) -> u32 {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn waits_double_up_to_half_a_minute() {
        let mut restarts = Restarts::new(RestartPolicy::OnFailure { times: 8 });
        let waits: Vec<_> = (0..9).map(|second| restarts.failed(at(second)).map(|wait| wait.as_secs())).collect();
        let expected = [Some(1), Some(2), Some(4), Some(8), Some(16), Some(30), Some(30), Some(30), None];
        assert_eq!(waits, expected);
        assert_eq!(restarts.total(), 8);
    }

    #[test]
    fn failures_of_ten_minutes_ago_are_forgiven() {
        let mut restarts = Restarts::new(RestartPolicy::OnFailure { times: 1 });
        assert_eq!(restarts.failed(at(0)), Some(at(1)));
        assert_eq!(restarts.failed(at(599)), None);
        assert_eq!(restarts.failed(at(600)), Some(at(1)));
    }

    #[test]
    fn without_a_policy_nothing_starts_again() {
        assert_eq!(Restarts::new(RestartPolicy::Never).failed(at(0)), None);
    }
}
