//! The way of input events from the room to what makes them happen.
//!
//! ```text
//!   Room ──▶ admit: refused when nothing there would take them, or too many wait already
//!        ──▶ push ──▶ owed, while the sink takes none: moves become one ──▶ sink's queue ──▶ the sink's thread
//! ```
//! What is refused is answered. What was let pass reaches the sink's queue, however long that takes; ups pass always, and
//! there are not more of them than downs that passed.

use std::collections::VecDeque;
use std::time::Duration;

use lunette_input_events::{Event, Refusal};
use tokio::sync::mpsc;

/// What the desktop does with input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Accepts {
    /// What makes it happen is being looked for.
    #[default]
    NotYet,
    /// Everything.
    Anything,
    /// Everything but texts with characters that American keyboards lack.
    NoForeignText,
    /// Nothing, for this reason.
    Nothing(String),
}

/// So many events may wait for the desktop, and come of one request.
pub const MOST_EVENTS: usize = 4096;
/// For so long it may be looked for what makes input happen, before input is refused.
const LOOKING: Duration = Duration::from_secs(2);
/// How often input is let pass although nothing takes it: then it is looked for again.
const TRIAL: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Way {
    sink: mpsc::Sender<Event>,
    accepts: Accepts,
    tried: Option<Duration>,
    owed: VecDeque<Event>,
    /// Events that were let pass; what was made one counts once.
    passed: u64,
    /// Events that were refused since too many wait.
    refused: u64,
}

impl Way {
    pub(crate) const fn new(sink: mpsc::Sender<Event>) -> Self {
        Self { sink, accepts: Accepts::NotYet, tried: None, owed: VecDeque::new(), passed: 0, refused: 0 }
    }

    pub(crate) fn set_accepts(&mut self, accepts: Accepts, now: Duration) {
        if let Accepts::Nothing(_) = accepts {
            self.tried = Some(now);
        }
        self.accepts = accepts;
    }

    /// Whether these may come, all together.
    pub(crate) fn admit(&mut self, events: &[Event], now: Duration) -> Result<(), Refusal> {
        if events.iter().all(Event::lets_go) {
            return Ok(());
        }
        if self.owed.len() + events.len() > MOST_EVENTS {
            self.refused += events.len() as u64;
            return Err(Refusal::Behind);
        }
        match &self.accepts {
            Accepts::Anything => Ok(()),
            Accepts::NoForeignText => match events.iter().find_map(Event::foreign_character) {
                Some(char) => Err(Refusal::CannotType(char)),
                None => Ok(()),
            },
            Accepts::NotYet if now < LOOKING => Ok(()),
            Accepts::NotYet => Err(Refusal::NoInput("it is still being opened".to_owned())),
            Accepts::Nothing(reason) => {
                if self.tried.is_some_and(|tried| now < tried + TRIAL) {
                    return Err(Refusal::NoInput(reason.clone()));
                }
                // What becomes of this one is answered when it was tried.
                self.tried = Some(now);
                Ok(())
            }
        }
    }

    /// An event that was let pass.
    pub(crate) fn push(&mut self, event: Event) {
        if self.owed.back_mut().is_some_and(|last| last.absorb(&event)) {
            return;
        }
        self.passed += 1;
        self.owed.push_back(event);
        self.hand_on();
    }

    /// Gives the sink what it takes now.
    pub(crate) fn hand_on(&mut self) {
        while let Some(event) = self.owed.pop_front() {
            if let Err(refused) = self.sink.try_send(event) {
                self.owed.push_front(refused.into_inner());
                return;
            }
        }
    }

    /// The sink's queue, if something waits for a place in it.
    pub(crate) fn waits_for(&self) -> Option<mpsc::Sender<Event>> {
        (!self.owed.is_empty()).then(|| self.sink.clone())
    }

    pub(crate) const fn passed(&self) -> u64 {
        self.passed
    }

    pub(crate) const fn refused(&self) -> u64 {
        self.refused
    }
}

#[cfg(test)]
mod tests {
    use lunette_input_events::KeyCode;

    use super::*;

    const LATER: Duration = Duration::from_secs(60);

    fn way(places: usize) -> (Way, mpsc::Receiver<Event>) {
        let (sink, events) = mpsc::channel(places);
        (Way::new(sink), events)
    }

    fn key(down: bool) -> Event {
        Event::Key { code: KeyCode(29), down }
    }

    fn by(dx: f64) -> Event {
        Event::MoveBy { dx, dy: 0.0 }
    }

    #[test]
    fn what_waits_for_a_slow_desktop_keeps_its_order_and_moves_become_one() {
        let (mut way, mut events) = way(1);
        for event in [key(true), by(1.0), by(2.0), key(false), by(4.0)] {
            way.push(event);
        }
        assert_eq!(way.passed(), 4);
        let mut arrived = Vec::new();
        while let Ok(event) = events.try_recv() {
            arrived.push(event);
            way.hand_on();
        }
        assert_eq!(arrived, [key(true), by(3.0), key(false), by(4.0)]);
        assert!(way.waits_for().is_none());
    }

    #[test]
    fn what_the_desktop_takes_at_once_is_not_made_one() {
        let (mut way, mut events) = way(8);
        way.push(by(1.0));
        way.push(by(2.0));
        assert_eq!([events.try_recv(), events.try_recv()], [Ok(by(1.0)), Ok(by(2.0))]);
    }

    #[test]
    fn when_too_many_wait_all_is_refused_but_ups() {
        let (mut way, _events) = way(1);
        way.set_accepts(Accepts::Anything, LATER);
        let many = vec![key(true); MOST_EVENTS];
        assert_eq!(way.admit(&many, LATER), Ok(()));
        many.into_iter().for_each(|event| way.push(event));
        assert_eq!(way.admit(&[key(true), key(true)], LATER), Err(Refusal::Behind));
        assert_eq!(way.refused(), 2);
        assert_eq!(way.admit(&[key(false)], LATER), Ok(()));
    }

    #[test]
    fn what_a_keyboard_lacks_is_refused_before_anything_of_it_is_typed() {
        let (mut way, _events) = way(8);
        way.set_accepts(Accepts::NoForeignText, LATER);
        let (plain, foreign) = (Event::Text("abc".to_owned()), Event::Text("あ".to_owned()));
        assert_eq!(way.admit(std::slice::from_ref(&plain), LATER), Ok(()));
        assert_eq!(way.admit(&[plain, foreign], LATER), Err(Refusal::CannotType('あ')));
    }

    #[test]
    fn a_desktop_that_takes_nothing_refuses_and_is_tried_again_once_a_second() {
        let (mut way, _events) = way(8);
        way.set_accepts(Accepts::Nothing("gone".to_owned()), LATER);
        let refused = Err(Refusal::NoInput("gone".to_owned()));
        assert_eq!(way.admit(&[key(true)], LATER), refused);
        assert_eq!(way.admit(&[key(true)], LATER + TRIAL), Ok(()));
        assert_eq!(way.admit(&[key(true)], LATER + TRIAL), refused);
    }

    #[test]
    fn input_may_wait_for_a_moment_while_the_desktop_is_looked_at() {
        let (mut way, _events) = way(8);
        assert_eq!(way.admit(&[key(true)], Duration::ZERO), Ok(()));
        assert!(matches!(way.admit(&[key(true)], LOOKING), Err(Refusal::NoInput(_))));
    }
}
