//! Keys with names: as X11 calls them, by their meaning and by their place, and as browsers and people call them.

use crate::event::{KeyCode, Keysym};

/// A key with a name.
#[derive(Debug)]
pub(crate) struct Named {
    /// X11's name.
    pub(crate) name: &'static str,
    pub(crate) keysym: Keysym,
    /// Where it is on the keyboard.
    pub(crate) code: KeyCode,
    /// Other names, in lower case.
    aliases: &'static [&'static str],
}

/// The first of those with a name, by any of its names. X11's is matched in any case, too.
pub(crate) fn by_name(name: &str) -> Option<&'static Named> {
    let lower = name.to_ascii_lowercase();
    let is = |named: &&Named| named.name.eq_ignore_ascii_case(name) || named.aliases.contains(&lower.as_str());
    KEYS.iter().find(is)
}

pub(crate) fn by_keysym(keysym: Keysym) -> Option<&'static Named> {
    KEYS.iter().find(|named| named.keysym == keysym)
}

pub(crate) fn by_code(code: KeyCode) -> Option<&'static Named> {
    KEYS.iter().find(|named| named.code == code)
}

/// All of them. Where two are at one place the first is the one that American keyboards have there.
pub(crate) fn all() -> impl Iterator<Item = &'static Named> {
    KEYS.iter()
}

/// The character that X11 calls so.
pub(crate) fn character(name: &str) -> Option<char> {
    let lower = name.to_ascii_lowercase();
    CHARACTERS.iter().find(|(known, _)| *known == lower).map(|(_, char)| *char)
}

const fn key(name: &'static str, keysym: u32, code: u16, aliases: &'static [&'static str]) -> Named {
    Named { name, keysym: Keysym(keysym), code: KeyCode(code), aliases }
}

#[rustfmt::skip]
const KEYS: &[Named] = &[
    key("Escape", 0xff1b, 1, &["esc"]),
    key("BackSpace", 0xff08, 14, &[]),
    key("Tab", 0xff09, 15, &[]),
    key("ISO_Left_Tab", 0xfe20, 15, &[]),
    key("Return", 0xff0d, 28, &["enter"]),
    key("Linefeed", 0xff0a, 101, &[]),
    key("Control_L", 0xffe3, 29, &["control", "ctrl", "controlleft"]),
    key("Control_R", 0xffe4, 97, &["controlright"]),
    key("Shift_L", 0xffe1, 42, &["shift", "shiftleft"]),
    key("Shift_R", 0xffe2, 54, &["shiftright"]),
    key("Alt_L", 0xffe9, 56, &["alt", "option", "altleft"]),
    key("Alt_R", 0xffea, 100, &["altright"]),
    key("ISO_Level3_Shift", 0xfe03, 100, &["altgraph", "altgr"]),
    key("Super_L", 0xffeb, 125, &["super", "meta", "os", "win", "windows", "cmd", "command", "metaleft"]),
    key("Super_R", 0xffec, 126, &["metaright"]),
    key("Meta_L", 0xffe7, 125, &[]),
    key("Meta_R", 0xffe8, 126, &[]),
    key("Caps_Lock", 0xffe5, 58, &["capslock"]),
    key("Num_Lock", 0xff7f, 69, &["numlock"]),
    key("Scroll_Lock", 0xff14, 70, &["scrolllock"]),
    key("F1", 0xffbe, 59, &[]), key("F2", 0xffbf, 60, &[]), key("F3", 0xffc0, 61, &[]), key("F4", 0xffc1, 62, &[]),
    key("F5", 0xffc2, 63, &[]), key("F6", 0xffc3, 64, &[]), key("F7", 0xffc4, 65, &[]), key("F8", 0xffc5, 66, &[]),
    key("F9", 0xffc6, 67, &[]), key("F10", 0xffc7, 68, &[]), key("F11", 0xffc8, 87, &[]), key("F12", 0xffc9, 88, &[]),
    key("F13", 0xffca, 183, &[]), key("F14", 0xffcb, 184, &[]), key("F15", 0xffcc, 185, &[]),
    key("F16", 0xffcd, 186, &[]), key("F17", 0xffce, 187, &[]), key("F18", 0xffcf, 188, &[]),
    key("F19", 0xffd0, 189, &[]), key("F20", 0xffd1, 190, &[]), key("F21", 0xffd2, 191, &[]),
    key("F22", 0xffd3, 192, &[]), key("F23", 0xffd4, 193, &[]), key("F24", 0xffd5, 194, &[]),
    key("Print", 0xff61, 99, &["printscreen"]),
    key("Sys_Req", 0xff15, 99, &["sysrq"]),
    key("Pause", 0xff13, 119, &[]),
    key("Insert", 0xff63, 110, &["ins"]),
    key("Delete", 0xffff, 111, &["del"]),
    key("Home", 0xff50, 102, &[]),
    key("End", 0xff57, 107, &[]),
    key("Page_Up", 0xff55, 104, &["pageup", "prior", "pgup"]),
    key("Page_Down", 0xff56, 109, &["pagedown", "next", "pgdn", "pgdown"]),
    key("Left", 0xff51, 105, &["arrowleft"]),
    key("Up", 0xff52, 103, &["arrowup"]),
    key("Right", 0xff53, 106, &["arrowright"]),
    key("Down", 0xff54, 108, &["arrowdown"]),
    key("Menu", 0xff67, 127, &["contextmenu", "apps"]),
    key("KP_0", 0xffb0, 82, &["numpad0"]), key("KP_1", 0xffb1, 79, &["numpad1"]),
    key("KP_2", 0xffb2, 80, &["numpad2"]), key("KP_3", 0xffb3, 81, &["numpad3"]),
    key("KP_4", 0xffb4, 75, &["numpad4"]), key("KP_5", 0xffb5, 76, &["numpad5"]),
    key("KP_6", 0xffb6, 77, &["numpad6"]), key("KP_7", 0xffb7, 71, &["numpad7"]),
    key("KP_8", 0xffb8, 72, &["numpad8"]), key("KP_9", 0xffb9, 73, &["numpad9"]),
    key("KP_Decimal", 0xffae, 83, &["numpaddecimal"]),
    key("KP_Separator", 0xffac, 121, &["numpadcomma"]),
    key("KP_Enter", 0xff8d, 96, &["numpadenter"]),
    key("KP_Divide", 0xffaf, 98, &["numpaddivide"]),
    key("KP_Multiply", 0xffaa, 55, &["numpadmultiply"]),
    key("KP_Subtract", 0xffad, 74, &["numpadsubtract"]),
    key("KP_Add", 0xffab, 78, &["numpadadd"]),
    key("KP_Equal", 0xffbd, 117, &["numpadequal"]),
    key("Henkan", 0xff23, 92, &["henkan_mode", "convert"]),
    key("Muhenkan", 0xff22, 94, &["nonconvert"]),
    key("Hiragana_Katakana", 0xff27, 93, &["kanamode"]),
    key("Zenkaku_Hankaku", 0xff2a, 85, &["zenkakuhankaku"]),
    key("Hangul", 0xff31, 122, &["hangulmode", "lang1"]),
    key("Hangul_Hanja", 0xff34, 123, &["hanjamode", "lang2"]),
    key("Help", 0xff6a, 138, &[]),
    key("Undo", 0xff65, 131, &[]),
    key("Redo", 0xff66, 182, &["again"]),
    key("Find", 0xff68, 136, &[]),
    key("XF86Copy", 0x1008_ff57, 133, &["copy"]),
    key("XF86Paste", 0x1008_ff6d, 135, &["paste"]),
    key("XF86Cut", 0x1008_ff58, 137, &["cut"]),
    key("XF86Calculator", 0x1008_ff1d, 140, &["launchapp2"]),
    key("XF86Mail", 0x1008_ff19, 155, &["launchmail"]),
    key("XF86HomePage", 0x1008_ff18, 172, &["browserhome"]),
    key("XF86AudioMute", 0x1008_ff12, 113, &["audiovolumemute"]),
    key("XF86AudioLowerVolume", 0x1008_ff11, 114, &["audiovolumedown"]),
    key("XF86AudioRaiseVolume", 0x1008_ff13, 115, &["audiovolumeup"]),
    key("XF86AudioNext", 0x1008_ff17, 163, &["mediatracknext"]),
    key("XF86AudioPlay", 0x1008_ff14, 164, &["mediaplaypause"]),
    key("XF86AudioPrev", 0x1008_ff16, 165, &["mediatrackprevious"]),
    key("XF86AudioStop", 0x1008_ff15, 166, &["mediastop"]),
    key("XF86Back", 0x1008_ff26, 158, &["browserback"]),
    key("XF86Forward", 0x1008_ff27, 159, &["browserforward"]),
    key("XF86Reload", 0x1008_ff73, 173, &["browserrefresh"]),
    key("XF86Search", 0x1008_ff1b, 217, &["browsersearch"]),
    key("XF86MonBrightnessDown", 0x1008_ff03, 224, &["brightnessdown"]),
    key("XF86MonBrightnessUp", 0x1008_ff02, 225, &["brightnessup"]),
];

#[rustfmt::skip]
const CHARACTERS: &[(&str, char)] = &[
    ("space", ' '), ("spacebar", ' '), ("exclam", '!'), ("quotedbl", '"'), ("numbersign", '#'), ("dollar", '$'),
    ("percent", '%'), ("ampersand", '&'), ("apostrophe", '\''), ("parenleft", '('), ("parenright", ')'),
    ("asterisk", '*'), ("plus", '+'), ("comma", ','), ("minus", '-'), ("period", '.'), ("slash", '/'), ("colon", ':'),
    ("semicolon", ';'), ("less", '<'), ("equal", '='), ("greater", '>'), ("question", '?'), ("at", '@'),
    ("bracketleft", '['), ("backslash", '\\'), ("bracketright", ']'), ("asciicircum", '^'), ("underscore", '_'),
    ("grave", '`'), ("braceleft", '{'), ("bar", '|'), ("braceright", '}'), ("asciitilde", '~'),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_belongs_to_one_key() {
        let mut seen = std::collections::BTreeSet::new();
        for named in KEYS {
            let own = named.name.to_ascii_lowercase();
            let others = named.aliases.iter().map(|alias| (*alias).to_owned()).filter(|alias| *alias != own);
            for name in others.chain([own.clone()]) {
                assert_eq!(name, name.to_ascii_lowercase());
                assert!(character(&name).is_none(), "{name} is a character, too");
                assert!(seen.insert(name.clone()), "{name} twice");
            }
        }
    }

    #[test]
    fn a_keysym_has_one_name() {
        let keysyms: std::collections::BTreeSet<_> = KEYS.iter().map(|named| named.keysym).collect();
        assert_eq!(keysyms.len(), KEYS.len());
    }
}
