//! Keymaps for virtual keyboards, as XKB text: which key means what is the keyboard's own business there, so every
//! character can have a key.
//!
//! ```text
//!   Keysym ──▶ KeymapBuilder ──▶ KeyCode      its own place, else a free one
//!                    └─────────▶ keymap()     xkb_keymap { … }, in which XKB's codes are the kernel's plus 8
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::event::{KeyCode, Keysym, Modifiers};
use crate::keys::us_characters;
use crate::names;

/// XKB counts from here.
const OFFSET: u16 = 8;
/// The last code that X11 programs see.
const LAST: u16 = 255 - OFFSET;

/// A keymap that grows with what it is to enter.
#[derive(Debug, Clone)]
pub struct KeymapBuilder {
    keys: BTreeMap<KeyCode, Keysym>,
    places: BTreeMap<Keysym, KeyCode>,
}

impl Default for KeymapBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl KeymapBuilder {
    /// How many meanings there is room for, besides Return, Tab and the modifiers.
    pub const ROOM: usize = 160;

    /// A keymap with Return, Tab and the modifiers at their places.
    #[must_use]
    pub fn new() -> Self {
        let mut builder = Self { keys: BTreeMap::new(), places: BTreeMap::new() };
        for (code, keysym) in base() {
            builder.put(code, keysym);
        }
        builder
    }

    /// The key for this meaning, which gets one if it has none; `None` when no room is left.
    pub fn assign(&mut self, keysym: Keysym) -> Option<KeyCode> {
        let keysym = keysym.normal();
        if let Some(code) = self.places.get(&keysym) {
            return Some(*code);
        }
        if self.len() == Self::ROOM {
            return None;
        }
        let own = keysym.us_key().map(|(code, _)| code).filter(|code| code.0 <= LAST);
        let code = own.into_iter().chain(spare()).find(|code| !self.keys.contains_key(code))?;
        self.put(code, keysym);
        Some(code)
    }

    /// How many meanings it has besides Return, Tab and the modifiers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len() - base().count()
    }

    /// Whether it has none of its own.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The keymap as text, for libxkbcommon and for X11.
    #[must_use]
    pub fn keymap(&self) -> String {
        let keys = self.keys.iter().map(|(code, keysym)| (*code, vec![*keysym])).collect();
        write_keymap(&keys)
    }

    fn put(&mut self, code: KeyCode, keysym: Keysym) {
        self.keys.insert(code, keysym);
        self.places.insert(keysym, code);
    }
}

/// The keymap of an American keyboard, with keypad and media keys: for keyboards that press keys by their place.
#[must_use]
pub fn us_keymap() -> String {
    let mut keys = BTreeMap::new();
    for (code, plain, shifted) in us_characters() {
        let levels = if plain == shifted { vec![plain] } else { vec![plain, shifted] };
        keys.insert(code, levels.into_iter().map(Keysym::from_char).collect::<Vec<_>>());
    }
    keys.insert(KeyCode::TAB, vec![Keysym(0xff09), Keysym(0xfe20)]);
    for named in names::all().filter(|named| named.code.0 <= LAST) {
        keys.entry(named.code).or_insert_with(|| vec![named.keysym]);
    }
    write_keymap(&keys)
}

fn base() -> impl Iterator<Item = (KeyCode, Keysym)> {
    let modifiers = Modifiers::from_bits(15).keys();
    let keys = modifiers.chain([KeyCode::RETURN, KeyCode::TAB]);
    keys.filter_map(|code| Some((code, code.us_keysym(Modifiers::NONE)?)))
}

/// Codes that stand for no action of their own: first those that enter characters on common keyboards, then those above
/// the function keys. Programs that look at the place of a key find Escape, arrows, volume and power nowhere in here.
fn spare() -> impl Iterator<Item = KeyCode> {
    let characters = us_characters().map(|(code, ..)| code).filter(|code| code.0 != 57);
    let between = [86, 89, 95, 117, 118, 121, 124];
    let above = (128..=LAST).filter(|code| ![142, 143, 152, 205].contains(code));
    characters.chain(between.into_iter().chain(above).map(KeyCode))
}

fn write_keymap(keys: &BTreeMap<KeyCode, Vec<Keysym>>) -> String {
    let mut text = String::from("xkb_keymap {\nxkb_keycodes \"lunette\" {\n  minimum = 8;\n  maximum = 255;\n");
    // Writing to a string cannot fail.
    for KeyCode(code) in keys.keys() {
        let _ = writeln!(text, "  <K{code:03}> = {};", code + OFFSET);
    }
    text.push_str(TYPES_AND_COMPATIBILITY);
    for (KeyCode(code), levels) in keys {
        let names: Vec<_> = levels.iter().map(|keysym| keysym.name()).collect();
        let _ = writeln!(text, "  key <K{code:03}> {{ [ {} ] }};", names.join(", "));
    }
    for (modifier, codes) in MODIFIERS {
        for code in codes.iter().filter(|code| keys.contains_key(&KeyCode(**code))) {
            let _ = writeln!(text, "  modifier_map {modifier} {{ <K{code:03}> }};");
        }
    }
    text.push_str("};\n};\n");
    text
}

const MODIFIERS: [(&str, &[u16]); 6] = [
    ("Shift", &[42, 54]),
    ("Lock", &[58]),
    ("Control", &[29, 97]),
    ("Mod1", &[56, 100]),
    ("Mod2", &[69]),
    ("Mod4", &[125, 126]),
];

const TYPES_AND_COMPATIBILITY: &str = r#"};
xkb_types "lunette" {
  virtual_modifiers NumLock, Alt, Super;
  type "ONE_LEVEL" {
    modifiers = none;
    level_name[Level1] = "Any";
  };
  type "TWO_LEVEL" {
    modifiers = Shift;
    map[Shift] = Level2;
    level_name[Level1] = "Base";
    level_name[Level2] = "Shift";
  };
  type "ALPHABETIC" {
    modifiers = Shift + Lock;
    map[Shift] = Level2;
    map[Lock] = Level2;
    level_name[Level1] = "Base";
    level_name[Level2] = "Caps";
  };
  type "KEYPAD" {
    modifiers = Shift + NumLock;
    map[Shift] = Level2;
    map[NumLock] = Level2;
    level_name[Level1] = "Base";
    level_name[Level2] = "Number";
  };
};
xkb_compatibility "lunette" {
  virtual_modifiers NumLock, Alt, Super;
  interpret.useModMapMods = AnyLevel;
  interpret.repeat = False;
  interpret Shift_L { action = SetMods(modifiers = Shift, clearLocks); };
  interpret Shift_R { action = SetMods(modifiers = Shift, clearLocks); };
  interpret Control_L { action = SetMods(modifiers = Control); };
  interpret Control_R { action = SetMods(modifiers = Control); };
  interpret Alt_L { virtualModifier = Alt; action = SetMods(modifiers = modMapMods); };
  interpret Alt_R { virtualModifier = Alt; action = SetMods(modifiers = modMapMods); };
  interpret Super_L { virtualModifier = Super; action = SetMods(modifiers = modMapMods); };
  interpret Super_R { virtualModifier = Super; action = SetMods(modifiers = modMapMods); };
  interpret Caps_Lock { action = LockMods(modifiers = Lock); };
  interpret Num_Lock { virtualModifier = NumLock; action = LockMods(modifiers = NumLock); };
};
xkb_symbols "lunette" {
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn what_it_has_keeps_its_key() {
        let mut builder = KeymapBuilder::new();
        assert!(builder.is_empty());
        let first = builder.assign(Keysym::from_char('あ')).unwrap();
        assert_eq!(builder.assign(Keysym(0x0100_3042)), Some(first));
        assert_eq!(builder.assign(Keysym(0x61)), builder.assign(Keysym(0x0100_0061)), "both are an a");
        assert_eq!(builder.len(), 2);
    }

    #[test]
    fn what_has_a_place_gets_it() {
        let mut builder = KeymapBuilder::new();
        let mut code = |keysym| builder.assign(Keysym(keysym)).unwrap().0;
        assert_eq!([code(0x61), code(0xff51), code(0xff0d), code(0xff09), code(0x20)], [30, 105, 28, 15, 57]);
        assert_ne!(code(0x41), 30, "an A is another meaning than an a");
        assert_eq!(code(0xffe3), 29);
    }

    #[test]
    fn there_is_room_for_so_many_and_no_more() {
        let mut builder = KeymapBuilder::new();
        let codes: BTreeSet<_> = (0..160).map(|n| builder.assign(Keysym(0x0100_4e00 + n)).unwrap()).collect();
        assert_eq!((codes.len(), builder.len()), (160, KeymapBuilder::ROOM));
        assert_eq!(builder.assign(Keysym(0x0100_5fff)), None);
        assert!(builder.assign(Keysym(0x0100_4e00)).is_some());
        assert!(builder.assign(Keysym(0xff0d)).is_some());
    }

    #[test]
    fn characters_never_sit_where_actions_are() {
        let actions = [1, 14, 15, 28, 29, 42, 54, 56, 58, 59, 100, 103, 105, 111, 113, 114, 115, 116, 125, 142, 205];
        assert!(spare().all(|code| !actions.contains(&code.0)));
        let distinct: BTreeSet<_> = spare().collect();
        assert_eq!(distinct.len(), spare().count());
        assert!(distinct.len() >= KeymapBuilder::ROOM);
    }
}
