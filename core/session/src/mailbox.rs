//! What one viewer is still to be told besides pictures: who comes and goes, where pointers are, who has the input.
//!
//! Of what only the newest counts, only the newest is kept; so a viewer that reads nothing costs a bounded amount, and
//! whoever tells it something never waits for it.

use std::collections::VecDeque;
use std::mem::discriminant;

use lunette_wire::stream::{ServerControl, ServerMessage};

/// Something for one viewer.
#[derive(Debug, Clone, PartialEq)]
pub enum Letter {
    /// Send this.
    Message(ServerMessage),
    /// A newer connection of the same client took its place.
    Superseded,
    /// More than it can be told: it did not read for too long.
    Overflow,
}

/// Letters in order, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    letters: VecDeque<Letter>,
}

impl Mailbox {
    /// Most letters that wait.
    pub(crate) const MAX: usize = 512;

    pub(crate) fn put(&mut self, message: ServerMessage) {
        if self.letters.back() == Some(&Letter::Overflow) {
            return;
        }
        if is_look(&message) {
            // Images and names say the same thing; the last word counts, so it comes last.
            self.letters.retain(|letter| !matches!(letter, Letter::Message(older) if is_look(older)));
        }
        let letter = Letter::Message(message);
        if let Some(place) = self.letters.iter().rposition(|older| replaces(&letter, older)) {
            self.letters[place] = letter;
        } else if self.letters.len() < Self::MAX {
            self.letters.push_back(letter);
        } else {
            self.letters.clear();
            self.letters.push_back(Letter::Overflow);
        }
    }

    /// Nothing that came before matters any more.
    pub(crate) fn supersede(&mut self) {
        self.letters.clear();
        self.letters.push_back(Letter::Superseded);
    }

    pub(crate) fn take(&mut self) -> Option<Letter> {
        self.letters.pop_front()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }
}

/// Whether `new` says all that `old` says, only later.
fn replaces(new: &Letter, old: &Letter) -> bool {
    let (Letter::Message(new), Letter::Message(old)) = (new, old) else { return false };
    match (new, old) {
        (ServerMessage::RemoteCursor(new), ServerMessage::RemoteCursor(old)) => new.user == old.user,
        (ServerMessage::AgentCursor(new), ServerMessage::AgentCursor(old)) => new.agent == old.agent,
        (ServerMessage::Control(ServerControl::Refused(new)), ServerMessage::Control(ServerControl::Refused(old))) => {
            new.what == old.what
        }
        (ServerMessage::Control(new), ServerMessage::Control(old)) => discriminant(new) == discriminant(old),
        _ => false,
    }
}

/// Whether it says how the desktop's own pointer looks.
fn is_look(message: &ServerMessage) -> bool {
    matches!(message, ServerMessage::CursorImage(_) | ServerMessage::CursorName(_))
}

#[cfg(test)]
mod tests {
    use lunette_input_events::ParticipantId;
    use lunette_wire::stream::{Colour, CursorBitmap, CursorImage, CursorName, RemoteCursor, RemoteUser};

    use super::*;

    fn cursor(user: u32, x: i32) -> ServerMessage {
        let user = ParticipantId(user);
        ServerMessage::RemoteCursor(RemoteCursor { user, x, y: 0, colour: Colour::FALLBACK })
    }

    #[test]
    fn of_each_pointer_only_the_newest_place_waits() {
        let mut mailbox = Mailbox::default();
        for x in 0..1000 {
            mailbox.put(cursor(1, x));
            mailbox.put(cursor(2, -x));
        }
        assert_eq!(mailbox.take(), Some(Letter::Message(cursor(1, 999))));
        assert_eq!(mailbox.take(), Some(Letter::Message(cursor(2, -999))));
        assert!(mailbox.is_empty());
    }

    #[test]
    fn who_reads_nothing_is_told_so_and_nothing_else() {
        let mut mailbox = Mailbox::default();
        for user in 0..2000 {
            mailbox.put(ServerMessage::RemoteUser(RemoteUser::Left { user: ParticipantId(user) }));
        }
        assert_eq!(mailbox.take(), Some(Letter::Overflow));
        assert_eq!(mailbox.take(), None);
    }

    #[test]
    fn the_last_look_of_the_pointer_is_the_one_that_is_told() {
        let name = |name: &str| {
            let (last_mover, name) = (ParticipantId(0), name.to_owned());
            ServerMessage::CursorName(CursorName { last_mover, hot_x: 0, hot_y: 0, name })
        };
        let bitmap = CursorBitmap::rgba(1, 1, vec![0; 4].into());
        let image = CursorImage { last_mover: ParticipantId(0), x: 0, y: 0, hot_x: 0, hot_y: 0, bitmap };
        let image = ServerMessage::CursorImage(image);
        let mut mailbox = Mailbox::default();
        for look in [image.clone(), name("none"), image.clone()] {
            mailbox.put(look);
        }
        assert_eq!((mailbox.take(), mailbox.take()), (Some(Letter::Message(image)), None));
    }

    #[test]
    fn who_is_superseded_hears_nothing_else() {
        let mut mailbox = Mailbox::default();
        mailbox.put(cursor(1, 1));
        mailbox.supersede();
        assert_eq!(mailbox.take(), Some(Letter::Superseded));
    }
}
