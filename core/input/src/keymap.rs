//! Keymaps as text, in the format that compositors compile.

use std::fmt::Write as _;

use crate::event::{KeyCode, Keysym};
use crate::us;

/// XKB's numbers are so much above the kernel's.
const OFFSET: u16 = 8;
/// Not to be asked for, although no American key is there: 205 puts computers to sleep, 240 is the kernel's "unknown".
const AVOIDED: [u16; 2] = [205, 240];

/// Keys that American keyboards do not have. X11 ends at 255.
pub(crate) fn spare_codes() -> impl Iterator<Item = KeyCode> {
    let above = (195..=255 - OFFSET).filter(|code| !AVOIDED.contains(code)).map(KeyCode);
    above.filter(|code| us::keys().all(|key| key.code != *code))
}

/// No names from the compositor's own files: which of those it has is not known here. Modifiers have the names that
/// toolkits look for. The type `VERBATIM` is for keys that mean what they mean: XKB puts letters that Caps Lock does not
/// belong to into capitals by itself.
const TYPES_AND_COMPATIBILITY: &str = r#"xkb_types "lunette" {
virtual_modifiers NumLock,Alt,Meta,Super;
type "ONE_LEVEL" { modifiers = none; level_name[Level1] = "Any"; };
type "TWO_LEVEL" { modifiers = Shift; map[Shift] = Level2; level_name[Level1] = "Base"; level_name[Level2] = "Shift"; };
type "ALPHABETIC" { modifiers = Shift+Lock; map[Shift] = Level2; map[Lock] = Level2; level_name[Level1] = "Base"; level_name[Level2] = "Caps"; };
type "VERBATIM" { modifiers = Shift+Lock; map[Shift] = Level1; map[Lock] = Level1; map[Shift+Lock] = Level1; level_name[Level1] = "Any"; };
type "KEYPAD" { modifiers = Shift+NumLock; map[Shift] = Level2; map[NumLock] = Level2; level_name[Level1] = "Base"; level_name[Level2] = "Number"; };
};
xkb_compatibility "lunette" {
virtual_modifiers NumLock,Alt,Meta,Super;
interpret.useModMapMods = AnyLevel;
interpret.repeat = False;
interpret Num_Lock+AnyOf(all) { virtualModifier = NumLock; action = LockMods(modifiers=NumLock); };
interpret Alt_L+AnyOf(all) { virtualModifier = Alt; action = SetMods(modifiers=modMapMods,clearLocks); };
interpret Alt_R+AnyOf(all) { virtualModifier = Alt; action = SetMods(modifiers=modMapMods,clearLocks); };
interpret Super_L+AnyOf(all) { virtualModifier = Super; action = SetMods(modifiers=modMapMods,clearLocks); };
interpret Super_R+AnyOf(all) { virtualModifier = Super; action = SetMods(modifiers=modMapMods,clearLocks); };
interpret Any+Exactly(Lock) { action = LockMods(modifiers=Lock); };
interpret Any+AnyOf(all) { action = SetMods(modifiers=modMapMods,clearLocks); };
indicator "Caps Lock" { whichModState = locked; modifiers = Lock; };
indicator "Num Lock" { whichModState = locked; modifiers = NumLock; };
};
"#;

/// Keys of each modifier.
const MODIFIER_MAP: [(&str, &[KeyCode]); 6] = [
    ("Shift", &[KeyCode::SHIFT, KeyCode::RIGHT_SHIFT]),
    ("Lock", &[KeyCode::CAPS_LOCK]),
    ("Control", &[KeyCode::CTRL, KeyCode::RIGHT_CTRL]),
    ("Mod1", &[KeyCode::ALT, KeyCode::RIGHT_ALT]),
    ("Mod2", &[KeyCode::NUM_LOCK]),
    ("Mod4", &[KeyCode::META, KeyCode::RIGHT_META]),
];

/// The American layout, with these keysyms on these further keys.
pub(crate) fn text(extra: impl Iterator<Item = (KeyCode, Keysym)>) -> String {
    let extra: Vec<(KeyCode, Keysym)> = extra.collect();
    let mut text = String::with_capacity(12 << 10);
    text.push_str("xkb_keymap {\nxkb_keycodes \"lunette\" {\nminimum = 8;\nmaximum = 255;\n");
    for code in us::keys().map(|key| key.code).chain(extra.iter().map(|(code, _)| *code)) {
        put(&mut text, format_args!("<{0}> = {0};\n", xkb(code)));
    }
    text.push_str("indicator 1 = \"Caps Lock\";\nindicator 2 = \"Num Lock\";\n};\n");
    text.push_str(TYPES_AND_COMPATIBILITY);
    text.push_str("xkb_symbols \"lunette\" {\nname[Group1] = \"English (US)\";\n");
    for key in us::keys() {
        symbols(&mut text, key);
    }
    for (code, Keysym(keysym)) in extra {
        put(&mut text, format_args!("key <{}> {{ type = \"VERBATIM\", [ {keysym:#x} ] }};\n", xkb(code)));
    }
    for (modifier, codes) in MODIFIER_MAP {
        let names: Vec<String> = codes.iter().map(|code| format!("<{}>", xkb(*code))).collect();
        put(&mut text, format_args!("modifier_map {modifier} {{ {} }};\n", names.join(", ")));
    }
    text.push_str("};\n};\n");
    text
}

fn symbols(text: &mut String, key: us::Key) {
    let (code, kind) = (xkb(key.code), key.levels.name());
    let levels = match key.levels {
        us::Levels::One => format!("{:#x}", key.base.0),
        _ => format!("{:#x}, {:#x}", key.base.0, key.shifted.0),
    };
    put(text, format_args!("key <{code}> {{ type = \"{kind}\", [ {levels} ] }};\n"));
}

const fn xkb(code: KeyCode) -> u16 {
    code.0 + OFFSET
}

fn put(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("a String takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_named_before_it_gets_a_meaning() {
        let text = text([(KeyCode(200), Keysym(0xdf))].into_iter());
        let (codes, symbols) = text.split_once("xkb_symbols").unwrap();
        for line in symbols.lines().filter(|line| line.starts_with("key ")) {
            let name = line.split(' ').nth(1).unwrap();
            assert!(codes.contains(&format!("{name} = ")), "{line}");
        }
        assert!(symbols.contains("key <38> { type = \"ALPHABETIC\", [ 0x61, 0x41 ] };"));
        assert!(symbols.contains("key <208> { type = \"VERBATIM\", [ 0xdf ] };"));
    }

    #[test]
    fn characters_never_sit_where_actions_are() {
        let actions =
            [1, 14, 15, 28, 29, 42, 54, 56, 58, 59, 100, 103, 105, 111, 113, 114, 115, 116, 125, 142, 205, 224];
        assert!(spare_codes().all(|code| !actions.contains(&code.0)));
        assert!(spare_codes().count() >= 40);
    }
}
