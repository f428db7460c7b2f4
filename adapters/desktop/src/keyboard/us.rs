//! The American keyboard: what each key means alone and with Shift.

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
    pub(crate) code: u16,
    pub(crate) base: u32,
    pub(crate) shifted: u32,
    pub(crate) levels: Levels,
}

/// Where a keysym is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) code: u16,
    /// Whether Shift must be down or up; `None` where it makes no difference.
    pub(crate) shift: Option<bool>,
    /// Whether Caps Lock swaps the two meanings.
    pub(crate) caps: bool,
}

pub(crate) const LEFT_CTRL: u16 = 29;
pub(crate) const LEFT_SHIFT: u16 = 42;
pub(crate) const RIGHT_SHIFT: u16 = 54;
pub(crate) const LEFT_ALT: u16 = 56;
pub(crate) const CAPS_LOCK: u16 = 58;
pub(crate) const NUM_LOCK: u16 = 69;
pub(crate) const RIGHT_CTRL: u16 = 97;
pub(crate) const RIGHT_ALT: u16 = 100;
pub(crate) const LEFT_META: u16 = 125;
pub(crate) const RIGHT_META: u16 = 126;

/// Keys that change what others mean, left ones first.
pub(crate) const MODIFIERS: [u16; 8] =
    [LEFT_SHIFT, RIGHT_SHIFT, LEFT_CTRL, RIGHT_CTRL, LEFT_ALT, RIGHT_ALT, LEFT_META, RIGHT_META];

/// Whether it is one of those.
pub(crate) fn is_modifier(code: u16) -> bool {
    MODIFIERS.contains(&code)
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

/// Keys that print nothing: code and keysym.
const NAMED: [(u16, u32); 75] = [
    (1, 0xff1b),
    (14, 0xff08),
    (28, 0xff0d),
    (LEFT_CTRL, 0xffe3),
    (LEFT_SHIFT, 0xffe1),
    (RIGHT_SHIFT, 0xffe2),
    (55, 0xffaa),
    (LEFT_ALT, 0xffe9),
    (CAPS_LOCK, 0xffe5),
    (59, 0xffbe),
    (60, 0xffbf),
    (61, 0xffc0),
    (62, 0xffc1),
    (63, 0xffc2),
    (64, 0xffc3),
    (65, 0xffc4),
    (66, 0xffc5),
    (67, 0xffc6),
    (68, 0xffc7),
    (NUM_LOCK, 0xff7f),
    (70, 0xff14),
    (74, 0xffad),
    (78, 0xffab),
    (85, 0xff2a),
    (87, 0xffc8),
    (88, 0xffc9),
    (92, 0xff23),
    (93, 0xff27),
    (94, 0xff22),
    (96, 0xff8d),
    (RIGHT_CTRL, 0xffe4),
    (98, 0xffaf),
    (99, 0xff61),
    (RIGHT_ALT, 0xffea),
    (102, 0xff50),
    (103, 0xff52),
    (104, 0xff55),
    (105, 0xff51),
    (106, 0xff53),
    (107, 0xff57),
    (108, 0xff54),
    (109, 0xff56),
    (110, 0xff63),
    (111, 0xffff),
    (113, 0x1008_ff12),
    (114, 0x1008_ff11),
    (115, 0x1008_ff13),
    (117, 0xffbd),
    (119, 0xff13),
    (122, 0xff31),
    (123, 0xff34),
    (LEFT_META, 0xffeb),
    (RIGHT_META, 0xffec),
    (127, 0xff67),
    (140, 0x1008_ff1d),
    (155, 0x1008_ff19),
    (158, 0x1008_ff26),
    (159, 0x1008_ff27),
    (163, 0x1008_ff17),
    (164, 0x1008_ff14),
    (165, 0x1008_ff16),
    (166, 0x1008_ff15),
    (172, 0x1008_ff18),
    (183, 0xffca),
    (184, 0xffcb),
    (185, 0xffcc),
    (186, 0xffcd),
    (187, 0xffce),
    (188, 0xffcf),
    (189, 0xffd0),
    (190, 0xffd1),
    (191, 0xffd2),
    (192, 0xffd3),
    (193, 0xffd4),
    (194, 0xffd5),
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

/// Every key.
pub(crate) fn keys() -> impl Iterator<Item = Key> {
    let printing = PRINTING.iter().flat_map(|(first, bases, shifted)| {
        (*first..).zip(bases.chars().zip(shifted.chars())).map(|(code, (base, shifted))| printing(code, base, shifted))
    });
    let tab = Key { code: 15, base: 0xff09, shifted: 0xfe20, levels: Levels::Two };
    let named = NAMED.iter().map(|(code, keysym)| Key { code: *code, base: *keysym, shifted: 0, levels: Levels::One });
    let keypad = KEYPAD.iter().map(|(code, base, shifted)| Key {
        code: *code,
        base: *base,
        shifted: *shifted,
        levels: Levels::Keypad,
    });
    printing.chain([tab]).chain(named).chain(keypad)
}

fn printing(code: u16, base: char, shifted: char) -> Key {
    let levels = match base {
        'a'..='z' => Levels::Alphabetic,
        ' ' => Levels::One,
        _ => Levels::Two,
    };
    Key { code, base: base.into(), shifted: shifted.into(), levels }
}

/// Where a keysym is on the American keyboard, without Num Lock.
pub(crate) fn place(keysym: u32) -> Option<Place> {
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

/// The keysym of a character: what X11 calls it, and Return, Tab and the like for the control characters that keys
/// stand for. `None` for the other control characters.
pub(crate) fn keysym(character: char) -> Option<u32> {
    let code = u32::from(character);
    match code {
        0x08 | 0x09 | 0x1b => Some(0xff00 | code),
        0x0a | 0x0d => Some(0xff0d),
        0x7f => Some(0xffff),
        0x20..=0x7e | 0xa0..=0xff => Some(code),
        0x100.. => Some(0x0100_0000 | code),
        _ => None,
    }
}

/// Latin-1 characters have two names; this keeps the one that layouts use.
pub(crate) const fn canonical(keysym: u32) -> u32 {
    match keysym {
        0x0100_0020..=0x0100_007e | 0x0100_00a0..=0x0100_00ff => keysym & 0xff,
        _ => keysym,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_ascii_character_has_its_key() {
        for character in ' '..='~' {
            let place = place(keysym(character).unwrap()).unwrap();
            let key = keys().find(|key| key.code == place.code).unwrap();
            let meant = if place.shift == Some(true) { key.shifted } else { key.base };
            assert_eq!(meant, u32::from(character));
            assert_ne!(place.code, 86, "{character} on a key that American keyboards lack");
        }
    }

    #[test]
    fn known_keys_are_where_the_kernel_has_them() {
        for (character, code, shift) in [('a', 30, false), ('Z', 44, true), ('?', 53, true), ('\\', 43, false)] {
            let place = place(keysym(character).unwrap()).unwrap();
            assert_eq!((place.code, place.shift), (code, Some(shift)), "{character}");
        }
        assert_eq!(place(keysym('\n').unwrap()).unwrap().code, 28);
        assert_eq!(place(0xffe1).unwrap().code, LEFT_SHIFT);
    }

    #[test]
    fn no_key_is_there_twice() {
        let codes: Vec<u16> = keys().map(|key| key.code).collect();
        assert_eq!(codes.iter().collect::<HashSet<_>>().len(), codes.len());
    }

    #[test]
    fn characters_have_the_names_that_layouts_use() {
        assert_eq!(keysym('ß'), Some(0xdf));
        assert_eq!(keysym('あ'), Some(0x0100_3042));
        assert_eq!(keysym('😀'), Some(0x0101_f600));
        assert_eq!(keysym('\u{1}'), None);
        assert_eq!(canonical(0x0100_00df), 0xdf);
        assert_eq!(canonical(0x0100_3042), 0x0100_3042);
    }
}
