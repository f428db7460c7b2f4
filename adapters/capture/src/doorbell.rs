//! Wakes a pipeline thread.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// A bell that anybody may ring and one thread waits for; rings before the wait are not lost, and are one.
#[derive(Debug, Default)]
pub struct Doorbell {
    // A Condvar needs its Mutex; it is held for the flag only.
    rung: Mutex<bool>,
    signal: Condvar,
}

impl Doorbell {
    /// Wakes the waiting thread, or lets its next wait return at once.
    pub fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.signal.notify_one();
    }

    /// Waits for a ring, at most for `limit`; `None` waits without a limit.
    pub fn wait(&self, limit: Option<Duration>) {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rung = match limit {
            None => self.signal.wait_while(rung, |rung| !*rung).unwrap_or_else(PoisonError::into_inner),
            Some(limit) => {
                let result = self.signal.wait_timeout_while(rung, limit, |rung| !*rung);
                result.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        *rung = false;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_ring_before_the_wait_is_not_lost() {
        let bell = Doorbell::default();
        bell.ring();
        bell.ring();
        bell.wait(None);
        bell.wait(Some(Duration::ZERO));
    }

    #[test]
    fn a_ring_from_another_thread_ends_the_wait() {
        let bell = Arc::new(Doorbell::default());
        let ringer = Arc::clone(&bell);
        let thread = std::thread::spawn(move || ringer.ring());
        bell.wait(None);
        thread.join().unwrap();
    }
}
