//! What a device says.

use crate::{Absolute, Key, Relative};

const EV_SYN: u16 = 0;
pub(crate) const EV_KEY: u16 = 1;
pub(crate) const EV_REL: u16 = 2;
pub(crate) const EV_ABS: u16 = 3;

/// One value of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A key went down or up.
    Key(Key, bool),
    /// Something moved so far.
    Relative(Relative, i32),
    /// Something is there.
    Absolute(Absolute, i32),
}

/// The end of a frame: what was said before it happened at once.
pub(crate) const END: (u16, u16, i32) = (EV_SYN, 0, 0);
/// Bytes of the kernel's `struct input_event`: a time of two machine words, type, code, value.
pub(crate) const LENGTH: usize = TIME + 8;
const TIME: usize = 2 * size_of::<usize>();

impl Event {
    pub(crate) fn parts(self) -> (u16, u16, i32) {
        match self {
            Self::Key(key, down) => (EV_KEY, key.0, i32::from(down)),
            Self::Relative(axis, value) => (EV_REL, axis.0, value),
            Self::Absolute(axis, value) => (EV_ABS, axis.0, value),
        }
    }

    /// Reads one from the bytes that a node gives; `None` for what is not such an event, as the end of a frame.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let words = bytes.get(TIME..LENGTH)?;
        let short = |at: usize| u16::from_ne_bytes([words[at], words[at + 1]]);
        let value = i32::from_ne_bytes([words[4], words[5], words[6], words[7]]);
        match short(0) {
            EV_KEY => Some(Self::Key(Key(short(2)), value != 0)),
            EV_REL => Some(Self::Relative(Relative(short(2)), value)),
            EV_ABS => Some(Self::Absolute(Absolute(short(2)), value)),
            _ => None,
        }
    }

    /// Bytes of one event at a node.
    pub const LENGTH: usize = LENGTH;
}

/// The bytes of a whole frame. The kernel sets the time.
pub(crate) fn encode(events: &[Event], bytes: &mut Vec<u8>) {
    bytes.clear();
    for (kind, code, value) in events.iter().map(|event| event.parts()).chain([END]) {
        bytes.extend([0; TIME]);
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(code.to_ne_bytes());
        bytes.extend(value.to_ne_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_its_events_and_an_end() {
        let events = [Event::Key(Key::LEFT, true), Event::Relative(Relative::WHEEL, -1)];
        let mut bytes = vec![7];
        encode(&events, &mut bytes);
        assert_eq!(bytes.len(), 3 * LENGTH);
        let parts = |at: usize| &bytes[at * LENGTH + TIME..(at + 1) * LENGTH];
        assert_eq!(parts(0), [1_u16.to_ne_bytes(), 0x110_u16.to_ne_bytes(), [1, 0], [0, 0]].concat());
        assert_eq!(parts(1)[4..], (-1_i32).to_ne_bytes());
        assert_eq!(parts(2), [0; 8]);
    }

    #[test]
    fn what_a_node_gives_is_read_again() {
        let events = [
            Event::Key(Key(30), false),
            Event::Relative(Relative::HWHEEL_HI_RES, -120),
            Event::Absolute(Absolute::MT_TRACKING_ID, -1),
        ];
        let mut bytes = Vec::new();
        encode(&events, &mut bytes);
        let read: Vec<Event> = bytes.chunks(LENGTH).filter_map(Event::decode).collect();
        assert_eq!(read, events);
        assert_eq!(Event::decode(&bytes[..LENGTH - 1]), None);
    }
}
