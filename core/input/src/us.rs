//! The American keyboard: what each key means alone and with Shift.

use std::sync::LazyLock;

use crate::event::{KeyCode, Keysym};
use crate::names;

/// Which modifiers choose between the two meanings of a key, in the words of XKB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Levels {
    One,
    Two,
    Alphabetic,
    Keypad,
}

impl Levels {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::One => "ONE_LEVEL",
            Self::Two => "TWO_LEVEL",
            Self::Alphabetic => "ALPHABETIC",
            Self::Keypad => "KEYPAD",
        }
    }
}

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) code: KeyCode,
    pub(crate) base: Keysym,
    /// The same where there is one meaning.
    pub(crate) shifted: Keysym,
    pub(crate) levels: Levels,
}

/// Where a keysym is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) code: KeyCode,
    /// Whether Shift must be down or up; `None` where it makes no difference.
    pub(crate) shift: Option<bool>,
    /// Whether Caps Lock swaps the two meanings.
    pub(crate) caps: bool,
}

/// Runs of neighbouring keys that print: the first code, and what they print alone and with Shift.
const PRINTING: [(u16, &str, &str); 6] = [
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", "ASDFGHJKL:\"~"),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (57, " ", " "),
    // Of European keyboards, beside the left Shift. Last: on American ones it is absent.
    (86, "<", ">"),
];

/// The number pad: code, keysym, and keysym under Num Lock.
const KEYPAD: [(u16, u32, u32); 11] = [
    (71, 0xff95, 0xffb7),
    (72, 0xff97, 0xffb8),
    (73, 0xff9a, 0xffb9),
    (75, 0xff96, 0xffb4),
    (76, 0xff9d, 0xffb5),
    (77, 0xff98, 0xffb6),
    (79, 0xff9c, 0xffb1),
    (80, 0xff99, 0xffb2),
    (81, 0xff9b, 0xffb3),
    (82, 0xff9e, 0xffb0),
    (83, 0xff9f, 0xffae),
];

/// Every key: those that print, then those with names, then the number pad.
pub(crate) fn keys() -> impl Iterator<Item = Key> {
    static KEYS: LazyLock<Vec<Key>> = LazyLock::new(table);
    KEYS.iter().copied()
}

fn table() -> Vec<Key> {
    let printing = PRINTING.iter().flat_map(|(first, bases, shifted)| {
        (*first..).zip(bases.chars().zip(shifted.chars())).map(|(code, (base, shifted))| printing(code, base, shifted))
    });
    let key =
        |code, base, shifted, levels| Key { code: KeyCode(code), base: Keysym(base), shifted: Keysym(shifted), levels };
    let tab = key(KeyCode::TAB.0, 0xff09, 0xfe20, Levels::Two);
    let named = names::all().map(|named| key(named.code.0, named.keysym.0, named.keysym.0, Levels::One));
    let is_own = |key: &Key| {
        let is_first = names::by_code(key.code).is_some_and(|first| first.keysym == key.base);
        is_first && key.code != KeyCode::TAB && KEYPAD.iter().all(|(code, ..)| *code != key.code.0)
    };
    let keypad = KEYPAD.iter().map(|(code, base, shifted)| key(*code, *base, *shifted, Levels::Keypad));
    printing.chain([tab]).chain(named.filter(is_own)).chain(keypad).collect()
}

fn printing(code: u16, base: char, shifted: char) -> Key {
    let levels = match base {
        'a'..='z' => Levels::Alphabetic,
        ' ' => Levels::One,
        _ => Levels::Two,
    };
    Key { code: KeyCode(code), base: Keysym(base.into()), shifted: Keysym(shifted.into()), levels }
}

/// Where a keysym is on the American keyboard, without Num Lock.
pub(crate) fn place(keysym: Keysym) -> Option<Place> {
    keys().find_map(|key| {
        let caps = key.levels == Levels::Alphabetic;
        match key.levels {
            _ if key.base == keysym => {
                let shift = (key.levels != Levels::One).then_some(false);
                Some(Place { code: key.code, shift, caps })
            }
            Levels::Two | Levels::Alphabetic if key.shifted == keysym => {
                Some(Place { code: key.code, shift: Some(true), caps })
            }
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn placed(char: char) -> Place {
        place(Keysym::from_char(char).unwrap()).unwrap()
    }

    #[test]
    fn every_ascii_character_has_its_key() {
        for char in ' '..='~' {
            let place = placed(char);
            let key = keys().find(|key| key.code == place.code).unwrap();
            let meant = if place.shift == Some(true) { key.shifted } else { key.base };
            assert_eq!(meant.to_char(), Some(char));
            assert_ne!(place.code, KeyCode(86), "{char} on a key that American keyboards lack");
        }
    }

    #[test]
    fn known_keys_are_where_the_kernel_has_them() {
        for (char, code, shift) in [('a', 30, false), ('Z', 44, true), ('?', 53, true), ('\\', 43, false)] {
            let place = placed(char);
            assert_eq!((place.code.0, place.shift), (code, Some(shift)), "{char}");
        }
        assert_eq!(placed('\n').code, KeyCode::RETURN);
        for (keysym, code) in [(0xffe1, 42), (0xffea, 100), (0xff51, 105), (0xff61, 99), (0xfe20, 15)] {
            assert_eq!(place(Keysym(keysym)).unwrap().code, KeyCode(code), "{keysym:#x}");
        }
        assert_eq!([0xe4, 0x0100_3042, 0xffe7].map(|keysym| place(Keysym(keysym))), [None; 3]);
    }

    #[test]
    fn no_key_is_there_twice() {
        let codes: Vec<KeyCode> = keys().map(|key| key.code).collect();
        assert_eq!(codes.iter().collect::<HashSet<_>>().len(), codes.len());
    }
}
