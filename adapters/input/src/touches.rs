//! Fingers of all clients on one touch screen.

use std::array;

use lunette_sys_uinput::{Absolute, Event, Key};

use crate::{ClientId, Refusal};

/// Fingers that the screen tells apart.
pub(crate) const SLOTS: usize = 10;
/// Highest number of a touch; then they begin again.
pub(crate) const LAST_TRACKING: i32 = 65_535;

/// A client and its number for a finger.
type Finger = (ClientId, u32);

/// The slots of the device, by protocol B of the kernel.
#[derive(Debug)]
pub(crate) struct Touches {
    slots: [Option<Finger>; SLOTS],
    next_tracking: i32,
    /// The finger that also moves the one position of programs that know no slots.
    leading: Option<usize>,
}

impl Touches {
    pub(crate) fn new() -> Self {
        Self { slots: array::from_fn(|_| None), next_tracking: 0, leading: None }
    }

    /// A finger comes down; one that is down already moves.
    pub(crate) fn down(&mut self, finger: Finger, at: (i32, i32)) -> Result<Vec<Event>, Refusal> {
        if self.slot_of(finger).is_some() {
            return Ok(self.motion(finger, at));
        }
        let free = self.slots.iter().position(Option::is_none).ok_or(Refusal::TooManyFingers(SLOTS))?;
        let first = self.slots.iter().all(Option::is_none);
        self.slots[free] = Some(finger);
        let mut events = vec![slot(free), Event::Absolute(Absolute::MT_TRACKING_ID, self.next_tracking)];
        self.next_tracking = if self.next_tracking == LAST_TRACKING { 0 } else { self.next_tracking + 1 };
        if first {
            self.leading = Some(free);
            events.push(Event::Key(Key::TOUCH, true));
        }
        events.extend(self.position(free, at));
        Ok(events)
    }

    /// A finger moves; one that is not down does nothing.
    pub(crate) fn motion(&mut self, finger: Finger, at: (i32, i32)) -> Vec<Event> {
        let Some(found) = self.slot_of(finger) else { return Vec::new() };
        [slot(found)].into_iter().chain(self.position(found, at)).collect()
    }

    /// A finger goes up; one that is not down does nothing.
    pub(crate) fn up(&mut self, finger: Finger) -> Vec<Event> {
        let Some(found) = self.slot_of(finger) else { return Vec::new() };
        self.slots[found] = None;
        if self.leading == Some(found) {
            self.leading = None;
        }
        let mut events = vec![slot(found), Event::Absolute(Absolute::MT_TRACKING_ID, -1)];
        if self.slots.iter().all(Option::is_none) {
            events.push(Event::Key(Key::TOUCH, false));
        }
        events
    }

    /// All fingers of a client go up.
    pub(crate) fn up_all(&mut self, client: ClientId) -> Vec<Event> {
        let fingers: Vec<Finger> = self.slots.iter().flatten().filter(|(owner, _)| *owner == client).copied().collect();
        fingers.into_iter().flat_map(|finger| self.up(finger)).collect()
    }

    pub(crate) fn is_holding(&self, client: ClientId) -> bool {
        self.slots.iter().flatten().any(|(owner, _)| *owner == client)
    }

    fn slot_of(&self, finger: Finger) -> Option<usize> {
        self.slots.iter().position(|slot| *slot == Some(finger))
    }

    fn position(&self, slot: usize, (x, y): (i32, i32)) -> Vec<Event> {
        let mut events = vec![(Absolute::MT_POSITION_X, x), (Absolute::MT_POSITION_Y, y)];
        if self.leading == Some(slot) {
            events.extend([(Absolute::X, x), (Absolute::Y, y)]);
        }
        events.into_iter().map(|(axis, value)| Event::Absolute(axis, value)).collect()
    }
}

fn slot(index: usize) -> Event {
    Event::Absolute(Absolute::MT_SLOT, i32::try_from(index).unwrap_or(0))
}
