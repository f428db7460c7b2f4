//! Whom a server makes wait: neighbourhoods that ask too much, or guess.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lunette_auth::{Attempts, Buckets, Neighbourhood, Rate};

/// Wrong tokens and passwords from one neighbourhood before it has to wait.
const FREE_ATTEMPTS: u32 = 10;
/// Neighbourhoods that are remembered.
const REMEMBERED: usize = 4096;

/// What was asked and guessed lately. An error says how long to wait.
pub struct Throttle {
    // A Mutex each: requests come on many tasks; they are held for a look-up.
    wrong: Mutex<Attempts<Neighbourhood>>,
    requests: Mutex<Buckets<Neighbourhood>>,
    started: Instant,
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            wrong: Mutex::new(Attempts::new(FREE_ATTEMPTS, REMEMBERED)),
            requests: Mutex::new(Buckets::new(Self::REQUESTS, REMEMBERED)),
            started: Instant::now(),
        }
    }
}

impl Throttle {
    /// Requests at once, and the time that each takes to be forgotten: 200 a second.
    pub const REQUESTS: Rate = Rate { burst: 2000, every: Duration::from_millis(5) };

    /// Counts a request.
    ///
    /// # Errors
    /// When there were too many.
    pub fn request(&self, place: &Neighbourhood) -> Result<(), Duration> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).take(place, self.started.elapsed())
    }

    /// Whether this neighbourhood may try a token or a password.
    ///
    /// # Errors
    /// When it guessed wrong too often.
    pub fn may_try(&self, place: &Neighbourhood) -> Result<(), Duration> {
        self.attempts().may_try(place, self.started.elapsed())
    }

    /// Counts a wrong guess of who may try.
    ///
    /// # Errors
    /// When it may not; that is no guess then.
    pub fn guessed(&self, place: &Neighbourhood) -> Result<(), Duration> {
        let (now, mut attempts) = (self.started.elapsed(), self.attempts());
        attempts.may_try(place, now)?;
        attempts.wrong(place, now);
        Ok(())
    }

    /// Counts a wrong guess of who might try when it began.
    pub fn wrong(&self, place: &Neighbourhood) {
        self.attempts().wrong(place, self.started.elapsed());
    }

    /// Forgets what was guessed: this was right.
    pub fn right(&self, place: &Neighbourhood) {
        self.attempts().right(place);
    }

    fn attempts(&self) -> MutexGuard<'_, Attempts<Neighbourhood>> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
