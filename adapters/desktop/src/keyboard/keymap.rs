//! Keymaps as text, in the format that compositors compile.

use std::fmt::Write as _;

use super::us;

/// Keys that American keyboards do not have. XKB's codes are 8 higher and X11 ends at 255, hence 247; 217 is the
/// search key, and 240 is the kernel's "unknown".
pub(super) fn spare_codes() -> impl Iterator<Item = u16> {
    (195..=216).chain(218..=239).chain(241..=247)
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
const MODIFIER_MAP: [(&str, &[u16]); 6] = [
    ("Shift", &[us::LEFT_SHIFT, us::RIGHT_SHIFT]),
    ("Lock", &[us::CAPS_LOCK]),
    ("Control", &[us::LEFT_CTRL, us::RIGHT_CTRL]),
    ("Mod1", &[us::LEFT_ALT, us::RIGHT_ALT]),
    ("Mod2", &[us::NUM_LOCK]),
    ("Mod4", &[us::LEFT_META, us::RIGHT_META]),
];

/// The American layout, with these keysyms on these further keys.
pub(super) fn text(extra: impl Iterator<Item = (u16, u32)>) -> String {
    let extra: Vec<(u16, u32)> = extra.collect();
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
    for (code, keysym) in extra {
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
        us::Levels::One => format!("{:#x}", key.base),
        _ => format!("{:#x}, {:#x}", key.base, key.shifted),
    };
    put(text, format_args!("key <{code}> {{ type = \"{kind}\", [ {levels} ] }};\n"));
}

/// XKB's numbers are 8 above the kernel's.
const fn xkb(code: u16) -> u16 {
    code + 8
}

fn put(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("a String takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_named_before_it_gets_a_meaning() {
        let text = text([(200, 0xdf)].into_iter());
        let (codes, symbols) = text.split_once("xkb_symbols").unwrap();
        for line in symbols.lines().filter(|line| line.starts_with("key ")) {
            let name = line.split(' ').nth(1).unwrap();
            assert!(codes.contains(&format!("{name} = ")), "{line}");
        }
        assert!(symbols.contains("key <38> { type = \"ALPHABETIC\", [ 0x61, 0x41 ] };"));
        assert!(symbols.contains("key <208> { type = \"VERBATIM\", [ 0xdf ] };"));
    }
}
