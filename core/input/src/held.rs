//! What participants hold down, so that it comes up again when they go away.
//!
//! ```text
//!   Event ──▶ apply ──▶ Ok: for the sink
//!               └─────▶ Dropped: an up without its down, a second down, too many at once, still held by another
//!   gone, not the holder any more, idle ──▶ release_all ──▶ ups for the sink, the last down first
//! ```
//! A browser that loses the focus swallows ups; without this, Ctrl stays down for whoever comes next.

use std::collections::BTreeMap;

use crate::event::{Event, Fraction, KeyCode, Keysym, PointerButton, TouchPhase};
use crate::participant::ParticipantId;

/// Why an event does not reach the desktop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Dropped {
    /// An up, or a finger's move, of what is not down.
    #[error("it is not down")]
    NotDown,
    /// A second down of a button or a finger. Keys repeat.
    #[error("it is down already")]
    AlreadyDown,
    /// So many of one sort are down at once.
    #[error("{0} of them are down already")]
    TooMany(usize),
    /// Another participant keeps it down.
    #[error("another participant holds it down")]
    HeldByAnother,
}

/// What goes down and comes up.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Thing {
    Key(KeyCode),
    Keysym(Keysym),
    Button(PointerButton),
    Finger { slot: u32, x: Fraction, y: Fraction },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Down,
    Move,
    Up,
}

impl Thing {
    /// What an event does to what; `None` when nothing stays down by it.
    fn of(event: &Event) -> Option<(Self, Way)> {
        let way = |down| if down { Way::Down } else { Way::Up };
        Some(match *event {
            Event::Key { code, down } => (Self::Key(code), way(down)),
            Event::Keysym { keysym, down } => (Self::Keysym(keysym), way(down)),
            Event::Button { button, down } => (Self::Button(button), way(down)),
            Event::Touch { slot, phase, x, y } => {
                let way = match phase {
                    TouchPhase::Down => Way::Down,
                    TouchPhase::Move => Way::Move,
                    TouchPhase::Up | TouchPhase::Cancel => Way::Up,
                };
                (Self::Finger { slot, x, y }, way)
            }
            Event::Tap { .. } | Event::Text(_) | Event::MoveTo { .. } | Event::MoveBy { .. } | Event::Scroll(_) => {
                return None;
            }
        })
    }

    /// The same key, button or finger, wherever it is.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Finger { slot, .. }, Self::Finger { slot: other, .. }) => slot == other,
            _ => self == other,
        }
    }

    fn is_alike(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    const fn repeats(&self) -> bool {
        matches!(self, Self::Key(_) | Self::Keysym(_))
    }

    const fn most_at_once(&self) -> usize {
        match self {
            Self::Key(_) | Self::Keysym(_) => Held::MAX_KEYS,
            Self::Button(_) => Held::MAX_BUTTONS,
            Self::Finger { .. } => Held::MAX_FINGERS,
        }
    }

    const fn up(self) -> Event {
        match self {
            Self::Key(code) => Event::Key { code, down: false },
            Self::Keysym(keysym) => Event::Keysym { keysym, down: false },
            Self::Button(button) => Event::Button { button, down: false },
            Self::Finger { slot, x, y } => Event::Touch { slot, phase: TouchPhase::Cancel, x, y },
        }
    }
}

/// What one participant holds down, in the order in which it went down.
#[derive(Debug, Clone, Default)]
pub struct Held {
    down: Vec<Thing>,
}

impl Held {
    /// The most keys at once; by their place and by their meaning are counted apart.
    pub const MAX_KEYS: usize = 64;
    /// The most buttons at once.
    pub const MAX_BUTTONS: usize = 16;
    /// The most fingers at once.
    pub const MAX_FINGERS: usize = 16;

    /// Notes what an event does. `Ok` when it is to reach the desktop.
    ///
    /// # Errors
    /// When it makes no sense after what came before, and is to be dropped.
    pub fn apply(&mut self, event: &Event) -> Result<(), Dropped> {
        let Some((thing, way)) = Thing::of(event) else { return Ok(()) };
        let place = self.down.iter().position(|down| down.is(&thing));
        match (way, place) {
            (Way::Down, Some(_)) if thing.repeats() => {}
            (Way::Down, Some(_)) => return Err(Dropped::AlreadyDown),
            (Way::Down, None) => {
                let alike = self.down.iter().filter(|down| down.is_alike(&thing)).count();
                if alike >= thing.most_at_once() {
                    return Err(Dropped::TooMany(alike));
                }
                self.down.push(thing);
            }
            (Way::Move, Some(place)) => self.down[place] = thing,
            (Way::Up, Some(place)) => {
                self.down.remove(place);
            }
            (Way::Move | Way::Up, None) => return Err(Dropped::NotDown),
        }
        Ok(())
    }

    /// The ups of all that is down, the last down first. Fingers are cancelled where they were last. Afterwards nothing
    /// is down.
    pub fn release_all(&mut self) -> Vec<Event> {
        self.down.drain(..).rev().map(Thing::up).collect()
    }

    /// Whether nothing is down.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.down.is_empty()
    }

    fn has(&self, thing: &Thing) -> bool {
        self.down.iter().any(|down| down.is(thing))
    }
}

/// What all participants hold down together. What two of them hold is down until both let go.
#[derive(Debug, Default)]
pub struct Combined {
    held: BTreeMap<ParticipantId, Held>,
}

impl Combined {
    /// Notes what a participant's event does. `Ok` when it is to reach the desktop.
    ///
    /// # Errors
    /// As [`Held::apply`], and when another participant keeps it as it is.
    pub fn apply(&mut self, from: ParticipantId, event: &Event) -> Result<(), Dropped> {
        let change = Thing::of(event);
        let shared = change.is_some_and(|(thing, _)| self.is_held_by_another(from, &thing));
        if let Some((Thing::Finger { .. }, _)) = change.filter(|_| shared) {
            // Two participants number their fingers alike; the desktop would take them for one.
            return Err(Dropped::HeldByAnother);
        }
        let held = self.held.entry(from).or_default();
        let known = change.is_some_and(|(thing, _)| held.has(&thing));
        let outcome = held.apply(event);
        if held.is_empty() {
            self.held.remove(&from);
        }
        outcome?;
        let repeats = known && change.is_some_and(|(_, way)| way == Way::Down);
        if shared && !repeats {
            return Err(Dropped::HeldByAnother);
        }
        Ok(())
    }

    /// The ups of all that this participant holds and nobody else does, the last down first.
    pub fn release_all(&mut self, from: ParticipantId) -> Vec<Event> {
        let Some(held) = self.held.remove(&from) else { return Vec::new() };
        let alone = |thing: &Thing| !self.is_held_by_another(from, thing);
        held.down.into_iter().rev().filter(alone).map(Thing::up).collect()
    }

    /// Whether nothing is down.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    fn is_held_by_another(&self, from: ParticipantId, thing: &Thing) -> bool {
        self.held.iter().any(|(id, held)| *id != from && held.has(thing))
    }
}

#[cfg(test)]
mod tests;
