//! One input event, whoever it comes from and wherever it goes.

/// A key by the kernel's number, the same on every layout: 30 is the key that has an A on American keyboards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyCode(pub u16);

/// A key by what it means, as X11 numbers it: `0x61` is the letter a, `0x0100_3042` is あ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Keysym(pub u32);

/// Modifier keys that are down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Modifiers {
    /// Shift.
    pub shift: bool,
    /// Control.
    pub ctrl: bool,
    /// Alt, Option.
    pub alt: bool,
    /// Super, Windows, Command.
    pub meta: bool,
}

/// A button of a mouse, by the kernel's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PointerButton(pub u16);

impl PointerButton {
    /// The main one.
    pub const LEFT: Self = Self(0x110);
    /// The one that opens menus.
    pub const RIGHT: Self = Self(0x111);
    /// The wheel.
    pub const MIDDLE: Self = Self(0x112);
    /// Backward on most mice.
    pub const SIDE: Self = Self(0x113);
    /// Forward on most mice.
    pub const EXTRA: Self = Self(0x114);
}

/// A place in the picture: 0 is its left or upper edge, 1 its right or lower one.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Fraction(f64);

impl Fraction {
    /// `None` for what is no number; beyond the edges counts as the edge.
    #[must_use]
    pub fn new(value: f64) -> Option<Self> {
        (!value.is_nan()).then(|| Self(value.clamp(0.0, 1.0)))
    }

    /// Between 0 and 1.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }

    /// The place in pixels of a picture that is `length` pixels long.
    #[must_use]
    pub fn of(self, length: u32) -> f64 {
        self.0 * f64::from(length)
    }
}

/// What turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScrollKind {
    /// A wheel with notches.
    Wheel,
    /// Fingers on a touchpad.
    Finger,
}

/// A turn of the wheels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scroll {
    /// Notches to the right.
    pub dx: f64,
    /// Notches down.
    pub dy: f64,
    /// What turned.
    pub kind: ScrollKind,
}

/// What a finger does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TouchPhase {
    /// Comes down.
    Down,
    /// Moves.
    Move,
    /// Goes up.
    Up,
    /// Never was there: the gesture is to be forgotten.
    Cancel,
}

/// The longest text that is taken at once, in characters.
pub const MAX_TEXT: usize = 4096;

/// One input event.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A key by its place on the keyboard.
    Key {
        /// Which.
        code: KeyCode,
        /// Down or up.
        down: bool,
    },
    /// A key by its meaning, whatever the desktop's layout.
    Keysym {
        /// Which.
        keysym: Keysym,
        /// Down or up.
        down: bool,
    },
    /// A key by its meaning, pressed and released while these modifiers are down.
    Tap {
        /// Which.
        keysym: Keysym,
        /// What is held meanwhile.
        modifiers: Modifiers,
    },
    /// Text, which arrives as it is, whatever the desktop's layout.
    Text(String),
    /// The pointer goes to a place in the picture.
    MoveTo {
        /// From the left.
        x: Fraction,
        /// From the top.
        y: Fraction,
    },
    /// The pointer moves by so many pixels.
    MoveBy {
        /// To the right.
        dx: f64,
        /// Down.
        dy: f64,
    },
    /// A button of the mouse.
    Button {
        /// Which.
        button: PointerButton,
        /// Down or up.
        down: bool,
    },
    /// The wheels turn.
    Scroll(Scroll),
    /// A finger on the screen.
    Touch {
        /// The client's number for the finger.
        slot: u32,
        /// What it does.
        phase: TouchPhase,
        /// From the left; the last place when it goes up.
        x: Fraction,
        /// From the top.
        y: Fraction,
    },
}

impl Event {
    /// Whether something comes up by it. Such an event must never be lost: what is not seen going up stays down.
    #[must_use]
    pub const fn lets_go(&self) -> bool {
        matches!(
            self,
            Self::Key { down: false, .. }
                | Self::Keysym { down: false, .. }
                | Self::Button { down: false, .. }
                | Self::Touch { phase: TouchPhase::Up | TouchPhase::Cancel, .. }
        )
    }

    /// Takes in the event that comes right after this one, where both together are one: moves, and turns of the wheels.
    /// False when they are not.
    pub fn absorb(&mut self, next: &Self) -> bool {
        match (&mut *self, next) {
            (Self::MoveTo { .. }, Self::MoveTo { .. }) => *self = next.clone(),
            (Self::MoveBy { dx, dy }, Self::MoveBy { dx: more_x, dy: more_y }) => {
                *dx += more_x;
                *dy += more_y;
            }
            (Self::Scroll(turn), Self::Scroll(more)) if turn.kind == more.kind => {
                turn.dx += more.dx;
                turn.dy += more.dy;
            }
            (
                Self::Touch { slot, phase: TouchPhase::Move, .. },
                Self::Touch { slot: same, phase: TouchPhase::Move, .. },
            ) if slot == same => *self = next.clone(),
            _ => return false,
        }
        true
    }

    /// A character that not every keyboard has, if a text with one is to be typed.
    #[must_use]
    pub fn foreign_character(&self) -> Option<char> {
        match self {
            Self::Text(text) => text.chars().find(|char| !char.is_ascii()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(x: f64) -> Event {
        Event::MoveTo { x: Fraction::new(x).unwrap(), y: Fraction::new(0.5).unwrap() }
    }

    fn scroll(dy: f64, kind: ScrollKind) -> Event {
        Event::Scroll(Scroll { dx: 0.0, dy, kind })
    }

    #[test]
    fn moves_and_turns_that_follow_each_other_are_one() {
        let mut place = to(0.1);
        assert!(place.absorb(&to(0.2)));
        assert_eq!(place, to(0.2));
        let mut way = Event::MoveBy { dx: 1.0, dy: 2.0 };
        assert!(way.absorb(&Event::MoveBy { dx: 3.0, dy: -5.0 }));
        assert_eq!(way, Event::MoveBy { dx: 4.0, dy: -3.0 });
        let mut turn = scroll(1.0, ScrollKind::Wheel);
        assert!(turn.absorb(&scroll(0.5, ScrollKind::Wheel)));
        assert_eq!(turn, scroll(1.5, ScrollKind::Wheel));
    }

    #[test]
    fn what_is_not_alike_stays_apart() {
        let key = |down| Event::Key { code: KeyCode(30), down };
        for (mut one, other) in [
            (key(true), key(true)),
            (to(0.1), Event::MoveBy { dx: 1.0, dy: 0.0 }),
            (scroll(1.0, ScrollKind::Wheel), scroll(1.0, ScrollKind::Finger)),
        ] {
            let before = one.clone();
            assert!(!one.absorb(&other));
            assert_eq!(one, before);
        }
    }

    #[test]
    fn only_ups_let_go() {
        assert!(Event::Key { code: KeyCode(30), down: false }.lets_go());
        assert!(!Event::Key { code: KeyCode(30), down: true }.lets_go());
        assert!(!to(0.1).lets_go());
    }

    #[test]
    fn a_text_says_which_character_is_foreign() {
        assert_eq!(Event::Text("a\nb".to_owned()).foreign_character(), None);
        assert_eq!(Event::Text("aé".to_owned()).foreign_character(), Some('é'));
    }
}
