//! How late timers are on this machine, which tells a busy machine from a slow network.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lunette_wire::stream::Lateness;
use tokio::time::{Instant, sleep_until};

/// Between two looks.
const EVERY: Duration = Duration::from_millis(500);
/// Looks that count.
const KEPT: usize = 60;

/// Looks at how late a timer is, as long as somebody asks.
#[derive(Debug, Default)]
pub struct LatenessMeter {
    // A Mutex: the meter's task writes, every viewer's task reads; both for a moment.
    seen: Mutex<Vec<u16>>,
}

impl LatenessMeter {
    /// Looks while `asked` says that anybody wants to know.
    pub async fn run(self: Arc<Self>, asked: impl Fn() -> bool + Send) {
        loop {
            let due = Instant::now() + EVERY;
            sleep_until(due).await;
            if asked() {
                self.note(due.elapsed());
            } else {
                self.seen().clear();
            }
        }
    }

    /// What was seen in the last half minute.
    #[must_use]
    pub fn lateness(&self) -> Lateness {
        let mut sorted = self.seen().clone();
        sorted.sort_unstable();
        let at = |percent: usize| sorted.get((sorted.len().saturating_sub(1)) * percent / 100).copied().unwrap_or(0);
        Lateness { p50_ms: at(50), p99_ms: at(99), max_ms: at(100) }
    }

    fn note(&self, late: Duration) {
        let mut seen = self.seen();
        if seen.len() == KEPT {
            seen.remove(0);
        }
        seen.push(u16::try_from(late.as_millis()).unwrap_or(u16::MAX));
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Vec<u16>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

    use super::*;

    #[test]
    fn half_nearly_all_and_all_looks_were_no_later() {
        let meter = LatenessMeter::default();
        assert_eq!(meter.lateness(), Lateness::default());
        for millis in [9, 1, 3, 2, 70_000] {
            meter.note(Duration::from_millis(millis));
        }
        assert_eq!(meter.lateness(), Lateness { p50_ms: 3, p99_ms: 9, max_ms: u16::MAX });
    }

    #[test]
    fn only_the_last_half_minute_counts() {
        let meter = LatenessMeter::default();
        meter.note(Duration::from_millis(500));
        for _ in 0..KEPT {
            meter.note(Duration::from_millis(1));
        }
        assert_eq!(meter.lateness(), Lateness { p50_ms: 1, p99_ms: 1, max_ms: 1 });
    }

    #[tokio::test(start_paused = true)]
    async fn it_looks_while_somebody_asks_and_forgets_when_nobody_does() {
        let (meter, asked) = (Arc::new(LatenessMeter::default()), Arc::new(AtomicBool::new(true)));
        let asks = Arc::clone(&asked);
        let running = tokio::spawn(Arc::clone(&meter).run(move || asks.load(Relaxed)));
        tokio::time::sleep(EVERY * 4 + EVERY / 2).await;
        assert_eq!(meter.seen().len(), 4);
        asked.store(false, Relaxed);
        tokio::time::sleep(EVERY).await;
        assert!(meter.seen().is_empty());
        running.abort();
    }
}
