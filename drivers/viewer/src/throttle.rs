//! How much one connection may say.
//!
//! ```text
//!   move     ──▶ more than one a millisecond? ── yes ─▶ waits, and becomes one with the next ──▶ goes on when its time comes
//!                        └── no ─▶ goes on                                                         or before other input
//!   anything ──▶ more than a generous burst? ── yes ─▶ the connection ends
//! ```
//! One who says too much would keep everybody else from the room, and fill the desktop's queue.

use std::collections::VecDeque;
use std::time::Duration;

use lunette_auth::{Bucket, Rate};
use lunette_input_events::Event;

/// Moves that go on as they come.
const MOVES: Rate = Rate { burst: 250, every: Duration::from_millis(1) };
/// Everything else.
const MESSAGES: Rate = Rate { burst: 4000, every: Duration::from_micros(500) };

/// More than a connection may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {} messages in a second", 1_000_000 / MESSAGES.every.as_micros())]
pub(crate) struct TooMuch;

#[derive(Debug, Default)]
pub(crate) struct Throttle {
    messages: Bucket,
    moves: Bucket,
    /// Moves whose time has not come: none, a place, a way, or a place and a way from there.
    waiting: VecDeque<Event>,
    due: Option<Duration>,
    ready: VecDeque<Event>,
}

impl Throttle {
    /// Counts a message. Those of moves are not counted: however many they are, few go on.
    pub(crate) fn message(&mut self, now: Duration) -> Result<(), TooMuch> {
        self.messages.take(MESSAGES, now).map_err(|_| TooMuch)
    }

    /// Takes an input event; what goes on now is in [`Throttle::poll`].
    pub(crate) fn input(&mut self, now: Duration, event: Event) {
        if !matches!(event, Event::MoveTo { .. } | Event::MoveBy { .. }) {
            // Where the pointer is comes before what is done there.
            self.let_go();
            self.ready.push_back(event);
        } else if self.waiting.is_empty() && self.moves.take(MOVES, now).is_ok() {
            self.ready.push_back(event);
        } else {
            self.wait(event);
            self.due.get_or_insert(now + MOVES.every);
        }
    }

    fn wait(&mut self, event: Event) {
        if matches!(event, Event::MoveTo { .. }) {
            self.waiting.clear();
        }
        if !self.waiting.back_mut().is_some_and(|last| last.absorb(&event)) {
            self.waiting.push_back(event);
        }
    }

    /// When [`Throttle::handle_timeout`] is due.
    pub(crate) const fn next_timeout(&self) -> Option<Duration> {
        self.due
    }

    pub(crate) fn handle_timeout(&mut self, now: Duration) {
        if self.due.is_some_and(|due| now >= due) {
            match self.moves.take(MOVES, now) {
                Ok(()) => self.let_go(),
                Err(wait) => self.due = Some(now + wait),
            }
        }
    }

    /// The next event that goes on.
    pub(crate) fn poll(&mut self) -> Option<Event> {
        self.ready.pop_front()
    }

    fn let_go(&mut self) {
        self.due = None;
        self.ready.append(&mut self.waiting);
    }
}

#[cfg(test)]
mod tests {
    use lunette_input_events::{Fraction, KeyCode};

    use super::*;

    const START: Duration = Duration::from_secs(5);

    fn to(x: f64) -> Event {
        Event::MoveTo { x: Fraction::new(x).unwrap(), y: Fraction::new(0.0).unwrap() }
    }

    fn by(dx: f64) -> Event {
        Event::MoveBy { dx, dy: 0.0 }
    }

    fn key() -> Event {
        Event::Key { code: KeyCode(30), down: true }
    }

    fn polled(throttle: &mut Throttle) -> Vec<Event> {
        std::iter::from_fn(|| throttle.poll()).collect()
    }

    /// One whose moves have to wait.
    fn moved_much() -> Throttle {
        let mut throttle = Throttle::default();
        (0..MOVES.burst).for_each(|_| throttle.input(START, by(1.0)));
        assert_eq!(polled(&mut throttle).len(), MOVES.burst as usize);
        throttle
    }

    #[test]
    fn fifty_thousand_moves_a_second_become_a_thousand_and_end_where_the_last_one_does() {
        let mut throttle = Throttle::default();
        let (mut count, mut last) = (0, None);
        for index in 0..50_000_u32 {
            let now = START + Duration::from_micros(20) * index;
            throttle.handle_timeout(now);
            throttle.input(now, to(f64::from(index) / 50_000.0));
            let passed = polled(&mut throttle);
            count += passed.len();
            last = passed.into_iter().next_back().or(last);
        }
        assert!(count <= 1000 + MOVES.burst as usize + 1, "{count}");
        throttle.handle_timeout(throttle.next_timeout().expect("one waits"));
        let last = polled(&mut throttle).pop().or(last);
        assert_eq!(last, Some(to(49_999.0 / 50_000.0)));
        assert_eq!(throttle.next_timeout(), None);
    }

    #[test]
    fn what_is_done_is_done_where_the_pointer_is() {
        let mut throttle = moved_much();
        for event in [by(1.0), to(0.5), by(2.0), by(3.0), key(), by(4.0)] {
            throttle.input(START, event);
        }
        assert_eq!(polled(&mut throttle), [to(0.5), by(5.0), key()]);
        throttle.handle_timeout(START);
        assert_eq!(polled(&mut throttle), [], "not yet");
        throttle.handle_timeout(START + Duration::from_millis(1));
        assert_eq!(polled(&mut throttle), [by(4.0)]);
    }

    #[test]
    fn a_burst_is_forgiven_and_a_flood_is_not() {
        let mut throttle = Throttle::default();
        assert!((0..MESSAGES.burst).all(|_| throttle.message(START).is_ok()));
        assert_eq!(throttle.message(START), Err(TooMuch));
        let later = START + Duration::from_secs(1);
        assert_eq!((0..4000).filter(|_| throttle.message(later).is_ok()).count(), 2000);
    }
}
