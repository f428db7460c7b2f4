//! Memory for large messages: peers share a fixed number of them.
//!
//! A message may be 64 MiB long, and thousands may connect. Above [`SMALL`] bytes a connection reads on only with a
//! place of its own, and keeps it until the message has been dealt with, or while others wait only as long as the message
//! keeps coming in.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Bytes of an unfinished message that every connection may hold.
pub(crate) const SMALL: usize = 256 << 10;

/// A place for one large message, or none where a message needs none; dropping it frees the place.
#[derive(Debug, Default)]
pub struct Room(#[expect(dead_code, reason = "holds the place")] Option<OwnedSemaphorePermit>);

/// The places of one server.
#[derive(Debug, Clone)]
pub(crate) struct Rooms {
    places: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

impl Rooms {
    pub(crate) fn new(count: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(count)), waiting: Arc::default() }
    }

    /// Waits for a place.
    pub(crate) async fn take(&self) -> Room {
        let _waiting = Waiting::one_more(&self.waiting);
        // The semaphore is never closed; without it there would be no limit, which is no reason to stop serving.
        Room(Arc::clone(&self.places).acquire_owned().await.ok())
    }

    /// Whether somebody waits for a place.
    pub(crate) fn are_wanted(&self) -> bool {
        self.waiting.load(Ordering::Acquire) > 0
    }
}

/// Counts one that waits, until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn one_more(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Watches how fast a large message comes in: whoever dawdles while others wait loses its place.
#[derive(Debug)]
pub(crate) struct Pace {
    since: Instant,
    bytes: usize,
}

impl Pace {
    /// How often it looks.
    pub(crate) const TICK: Duration = Duration::from_millis(500);
    /// Bytes that must come in between two looks.
    const LEAST: usize = 256 << 10;

    pub(crate) fn start(now: Instant, bytes: usize) -> Self {
        Self { since: now, bytes }
    }

    /// When to look again.
    pub(crate) fn next_look(&self) -> Instant {
        self.since + Self::TICK
    }

    /// Whether too little came in since the last look, now that `bytes` have come in.
    pub(crate) fn is_too_slow(&mut self, now: Instant, bytes: usize) -> bool {
        if now < self.next_look() {
            return false;
        }
        let slow = bytes.saturating_sub(self.bytes) < Self::LEAST;
        (self.since, self.bytes) = (now, bytes);
        slow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trickle_is_too_slow_and_a_stream_is_not() {
        let start = Instant::now();
        let mut pace = Pace::start(start, 0);
        assert!(!pace.is_too_slow(start + Pace::TICK / 2, 0), "not yet");
        assert!(!pace.is_too_slow(start + Pace::TICK, 1 << 20));
        assert!(pace.is_too_slow(start + Pace::TICK * 2, (1 << 20) + 9));
    }

    #[tokio::test]
    async fn a_place_is_wanted_while_somebody_waits_for_it() {
        let rooms = Rooms::new(1);
        let held = rooms.take().await;
        assert!(!rooms.are_wanted());
        let waiting = tokio::spawn({
            let rooms = rooms.clone();
            async move { rooms.take().await }
        });
        while !rooms.are_wanted() {
            tokio::task::yield_now().await;
        }
        drop(held);
        waiting.await.unwrap();
        assert!(!rooms.are_wanted());
    }
}
