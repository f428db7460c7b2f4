//! Keys by place and by meaning, and the characters that they enter.
//!
//! ```text
//!   char ──from_char──▶ Keysym ──name──▶ Return, U3042, 0x1005ff70
//!        ◀──to_char────
//! ```

use std::fmt::Write as _;

use crate::event::{KeyCode, Keysym, Modifiers};
use crate::{legacy, names};

/// Unicode characters, for X11, are their number plus this.
const UNICODE: u32 = 0x0100_0000;
/// The keypad's characters that have numbers like the ASCII ones, plus this.
const KEYPAD: u32 = 0xff80;

impl KeyCode {
    /// The left Control key.
    pub const CTRL: Self = Self(29);
    /// The left Shift key.
    pub const SHIFT: Self = Self(42);
    /// The left Alt key.
    pub const ALT: Self = Self(56);
    /// The left Super key.
    pub const META: Self = Self(125);
    /// The right Control key.
    pub const RIGHT_CTRL: Self = Self(97);
    /// The right Shift key.
    pub const RIGHT_SHIFT: Self = Self(54);
    /// The right Alt key.
    pub const RIGHT_ALT: Self = Self(100);
    /// The right Super key.
    pub const RIGHT_META: Self = Self(126);
    /// Caps Lock.
    pub const CAPS_LOCK: Self = Self(58);
    /// Num Lock.
    pub const NUM_LOCK: Self = Self(69);
    /// The Return key.
    pub const RETURN: Self = Self(28);
    /// The Tab key.
    pub const TAB: Self = Self(15);

    const MODIFIERS: [Self; 8] = [
        Self::SHIFT,
        Self::RIGHT_SHIFT,
        Self::CTRL,
        Self::RIGHT_CTRL,
        Self::ALT,
        Self::RIGHT_ALT,
        Self::META,
        Self::RIGHT_META,
    ];

    /// Keys that change what others mean as long as they are down, left ones first.
    pub fn modifiers() -> impl Iterator<Item = Self> {
        Self::MODIFIERS.into_iter()
    }

    /// Whether it is one of those.
    #[must_use]
    pub fn is_modifier(self) -> bool {
        Self::MODIFIERS.contains(&self)
    }
}

impl Modifiers {
    /// None of them.
    pub const NONE: Self = Self { shift: false, ctrl: false, alt: false, meta: false };
    /// Shift alone.
    pub const SHIFT: Self = Self { shift: true, ..Self::NONE };

    /// From the bits that the stream's protocol has: Shift 1, Control 2, Alt 4, Meta 8; others mean nothing.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self { shift: bits & 1 != 0, ctrl: bits & 2 != 0, alt: bits & 4 != 0, meta: bits & 8 != 0 }
    }

    /// The bits that the stream's protocol has for them.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.shift as u8 | (self.ctrl as u8) << 1 | (self.alt as u8) << 2 | (self.meta as u8) << 3
    }

    /// Their keys, in the order in which they are pressed; released in reverse.
    pub fn keys(self) -> impl DoubleEndedIterator<Item = KeyCode> {
        [(self.ctrl, KeyCode::CTRL), (self.alt, KeyCode::ALT), (self.shift, KeyCode::SHIFT), (self.meta, KeyCode::META)]
            .into_iter()
            .filter_map(|(down, code)| down.then_some(code))
    }

    /// All that are in one of the two.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self::from_bits(self.bits() | other.bits())
    }
}

impl Keysym {
    /// The number that X11 has for a character, or for the key that enters it: Return, Tab, `BackSpace`, Escape, Delete.
    /// `None` for the other control characters.
    #[must_use]
    pub fn from_char(char: char) -> Option<Self> {
        let code = u32::from(char);
        Some(Self(match char {
            '\n' | '\r' => 0xff0d,
            '\t' => 0xff09,
            '\u{8}' => 0xff08,
            '\u{1b}' => 0xff1b,
            '\u{7f}' => 0xffff,
            ' '..='~' | '\u{a0}'..='\u{ff}' => code,
            _ if char.is_control() => return None,
            _ => UNICODE + code,
        }))
    }

    /// The character that it enters, also where X11 had a number for it before Unicode, and on the keypad. Return is a
    /// line feed.
    #[must_use]
    pub fn to_char(self) -> Option<char> {
        match self.0 {
            0xff0d | 0xff8d => Some('\n'),
            0xff09 | 0xff89 => Some('\t'),
            latin @ (0x20..=0x7e | 0xa0..=0xff) => char::from_u32(latin),
            keypad @ (0xff80 | 0xffaa..=0xffb9 | 0xffbd) => char::from_u32((keypad - KEYPAD).max(0x20)),
            unicode @ 0x0100_0020..=0x0110_ffff => char::from_u32(unicode - UNICODE).filter(|char| !char.is_control()),
            old => legacy::to_char(old),
        }
    }

    /// The one number of those that mean the same: for `0x0100_0061`, a Unicode a, that is `0x61`.
    #[must_use]
    pub fn normal(self) -> Self {
        if self.0 < UNICODE { self } else { self.to_char().and_then(Self::from_char).unwrap_or(self) }
    }

    /// Its name as X11's keymaps have it: `Return`, `U3042`, or the number.
    #[must_use]
    pub fn name(self) -> String {
        if let Some(named) = names::by_keysym(self) {
            return named.name.to_owned();
        }
        let mut name = String::new();
        // Writing to a string cannot fail.
        let _ = match self.to_char() {
            Some(char) => write!(name, "U{:04X}", u32::from(char)),
            None => write!(name, "0x{:x}", self.0),
        };
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn characters_have_the_numbers_that_x11_gave_them() {
        let table =
            [('a', 0x61), ('ä', 0xe4), ('\n', 0xff0d), ('あ', 0x0100_3042), ('😀', 0x0101_f600), ('€', 0x0100_20ac)];
        for (char, keysym) in table {
            assert_eq!(Keysym::from_char(char), Some(Keysym(keysym)), "{char}");
            assert_eq!(Keysym(keysym).to_char(), Some(char));
        }
        assert_eq!(['\u{1}', '\u{9f}'].map(Keysym::from_char), [None; 2]);
    }

    #[test]
    fn older_numbers_and_the_keypad_are_characters_too() {
        let table = [(0x20ac, '€'), (0x04b1, 'ア'), (0xffb7, '7'), (0xffab, '+'), (0xffbd, '='), (0xff8d, '\n')];
        for (keysym, char) in table.into_iter().chain([(0xff80, ' '), (0x0100_0061, 'a')]) {
            assert_eq!(Keysym(keysym).to_char(), Some(char), "{keysym:#x}");
        }
        assert_eq!(
            [0xffe1, 0, 0x0100_001b, 0x0100_d800, 0x0111_0000, u32::MAX].map(|it| Keysym(it).to_char()),
            [None; 6]
        );
    }

    #[test]
    fn meanings_have_names() {
        assert_eq!(Keysym(0xff0d).name(), "Return");
        assert_eq!(Keysym(0x0100_3042).name(), "U3042");
        assert_eq!(Keysym(0x61).name(), "U0061");
        assert_eq!(Keysym(0x1005_ff70).name(), "0x1005ff70");
        assert_eq!(Keysym(0x0100_0061).normal(), Keysym(0x61));
        assert_eq!(Keysym(0x1008_ff11).normal(), Keysym(0x1008_ff11));
    }

    #[test]
    fn modifiers_are_bits_and_keys() {
        for bits in 0..16 {
            assert_eq!(Modifiers::from_bits(bits).bits(), bits);
            assert_eq!(Modifiers::from_bits(bits).keys().count(), bits.count_ones() as usize);
        }
        assert_eq!(Modifiers::from_bits(0xf0), Modifiers::NONE);
        let keys: Vec<_> = Modifiers::from_bits(3).keys().collect();
        assert_eq!(keys, [KeyCode::CTRL, KeyCode::SHIFT]);
        assert!(Modifiers::from_bits(15).keys().all(KeyCode::is_modifier));
    }

    proptest! {
        #[test]
        fn every_character_that_shows_has_a_number_and_back(char: char) {
            prop_assume!(!char.is_control());
            prop_assert_eq!(Keysym::from_char(char).and_then(Keysym::to_char), Some(char));
        }

        #[test]
        fn any_number_is_read(number: u32) {
            let keysym = Keysym(number);
            let normal = keysym.normal();
            prop_assert_eq!(normal.to_char(), keysym.to_char());
            prop_assert!(!keysym.name().is_empty());
        }
    }
}
