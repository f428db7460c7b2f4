//! Keys as agents write them: `Return`, `ctrl+shift+t`, `super`, `ArrowLeft`, `ctrl++`, `ß`.

use std::fmt;
use std::str::FromStr;

use crate::event::{Event, Keysym, Modifiers};
use crate::names;

/// A key, and what is held with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chord {
    /// What is held.
    pub modifiers: Modifiers,
    /// The key.
    pub keysym: Keysym,
}

/// What is no chord.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChordError {
    /// Nothing at all.
    #[error("no key: write for example Return, F5, a or ctrl+shift+t")]
    Empty,
    /// Longer than any.
    #[error("{0} bytes are no key: longer than {max}; send text as text", max = Chord::MAX)]
    TooLong(usize),
    /// Modifiers, and then nothing.
    #[error("nothing after the last +: the plus key itself is plus, as in ctrl+plus")]
    NothingAfterPlus,
    /// What is held has to be a modifier.
    #[error("{0:?} cannot be held with another key: only ctrl, shift, alt and super can")]
    NotModifier(String),
    /// One modifier is there twice.
    #[error("{0:?} is held already")]
    Twice(String),
    /// No such key.
    #[error("no key is called {0:?}: X11's and browsers' names are known, and single characters; send text as text")]
    Unknown(String),
}

impl Chord {
    /// The longest text of one, in bytes.
    pub const MAX: usize = 64;

    /// The event that presses and releases it.
    #[must_use]
    pub const fn tap(self) -> Event {
        Event::Tap { keysym: self.keysym, modifiers: self.modifiers }
    }
}

/// Reads a key, with what is held before it, each followed by a plus. Names are matched in any case, single characters
/// as they are.
///
/// # Errors
/// When a part of it means nothing.
pub fn parse_chord(text: &str) -> Result<Chord, ChordError> {
    if text.len() > Chord::MAX {
        return Err(ChordError::TooLong(text.len()));
    }
    if text == " " {
        return Ok(Chord { modifiers: Modifiers::NONE, keysym: Keysym(0x20) });
    }
    let text = text.trim();
    let (held, key) = match text.strip_suffix('+') {
        Some("") => ("", "+"),
        Some(rest) if rest.trim_end().ends_with('+') => (rest.trim_end(), "+"),
        Some(_) => return Err(ChordError::NothingAfterPlus),
        None => text.rfind('+').map_or(("", text), |place| (&text[..=place], &text[place + 1..])),
    };
    let mut modifiers = Modifiers::NONE;
    for word in held.strip_suffix('+').into_iter().flat_map(|held| held.split('+')).map(str::trim) {
        let modifier = modifier(word).ok_or_else(|| ChordError::NotModifier(word.to_owned()))?;
        if modifiers.and(modifier) == modifiers {
            return Err(ChordError::Twice(word.to_owned()));
        }
        modifiers = modifiers.and(modifier);
    }
    Ok(Chord { modifiers, keysym: key_called(key.trim())? })
}

impl FromStr for Chord {
    type Err = ChordError;

    fn from_str(text: &str) -> Result<Self, ChordError> {
        parse_chord(text)
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Modifiers { shift, ctrl, alt, meta } = self.modifiers;
        for (down, word) in [(ctrl, "ctrl"), (alt, "alt"), (shift, "shift"), (meta, "super")] {
            if down {
                write!(f, "{word}+")?;
            }
        }
        f.write_str(&self.keysym.name())
    }
}

fn modifier(word: &str) -> Option<Modifiers> {
    let bits = match names::by_name(word)?.name {
        "Shift_L" | "Shift_R" => 1,
        "Control_L" | "Control_R" => 2,
        "Alt_L" | "Alt_R" => 4,
        "Super_L" | "Super_R" | "Meta_L" | "Meta_R" => 8,
        _ => return None,
    };
    Some(Modifiers::from_bits(bits))
}

fn key_called(name: &str) -> Result<Keysym, ChordError> {
    let unknown = || ChordError::Unknown(name.escape_default().to_string());
    let mut chars = name.chars();
    match (chars.next(), chars.next()) {
        (None, _) => return Err(ChordError::Empty),
        (Some(char), None) if !char.is_control() => return Keysym::from_char(char).ok_or_else(unknown),
        _ => {}
    }
    if let Some(named) = names::by_name(name) {
        return Ok(named.keysym);
    }
    let char = names::character(name).or_else(|| by_number(name)).or_else(|| by_place(name));
    char.and_then(Keysym::from_char).ok_or_else(unknown)
}

/// `U3042`. In `U+3042` the plus would hold a key.
fn by_number(name: &str) -> Option<char> {
    let digits = name.strip_prefix(['U', 'u'])?;
    let plain = (4..=6).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let code = u32::from_str_radix(digits, 16).ok().filter(|_| plain)?;
    char::from_u32(code).filter(|char| !char.is_control())
}

/// Browsers' names of places: `KeyA`, `Digit1`.
fn by_place(name: &str) -> Option<char> {
    let rest = name.strip_prefix("Key").or_else(|| name.strip_prefix("Digit"))?;
    let mut chars = rest.chars();
    let char = chars.next().filter(char::is_ascii_alphanumeric)?;
    chars.next().is_none().then(|| char.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn chord(bits: u8, keysym: u32) -> Result<Chord, ChordError> {
        Ok(Chord { modifiers: Modifiers::from_bits(bits), keysym: Keysym(keysym) })
    }

    #[test]
    fn keys_have_the_names_that_agents_write() {
        for (text, bits, keysym) in [
            ("Return", 0, 0xff0d),
            ("Enter", 0, 0xff0d),
            ("enter", 0, 0xff0d),
            ("ctrl+shift+t", 3, 0x74),
            ("Control+Shift+T", 3, 0x54),
            ("Escape", 0, 0xff1b),
            ("F5", 0, 0xffc2),
            ("a", 0, 0x61),
            ("A", 0, 0x41),
            ("Page_Down", 0, 0xff56),
            ("PageDown", 0, 0xff56),
            ("ArrowLeft", 0, 0xff51),
            ("super", 0, 0xffeb),
            ("Control", 0, 0xffe3),
            ("cmd+c", 8, 0x63),
            ("alt+Tab", 4, 0xff09),
            (" ctrl + alt + Delete ", 6, 0xffff),
            ("ctrl+shift", 2, 0xffe1),
            ("+", 0, 0x2b),
            ("ctrl++", 2, 0x2b),
            ("ctrl+plus", 2, 0x2b),
            (" ", 0, 0x20),
            ("space", 0, 0x20),
            ("ß", 0, 0xdf),
            ("U3042", 0, 0x0100_3042),
            ("u1F600", 0, 0x0101_f600),
            ("KeyA", 0, 0x61),
            ("Digit7", 0, 0x37),
            ("XF86AudioPlay", 0, 0x1008_ff14),
        ] {
            assert_eq!(parse_chord(text), chord(bits, keysym), "{text}");
        }
    }

    #[test]
    fn what_is_no_key_is_told_why() {
        let word = str::to_owned;
        for (text, error) in [
            ("", ChordError::Empty),
            ("  ", ChordError::Empty),
            ("ctrl+", ChordError::NothingAfterPlus),
            ("+a", ChordError::NotModifier(word(""))),
            ("a+b", ChordError::NotModifier(word("a"))),
            ("Return+b", ChordError::NotModifier(word("Return"))),
            ("ctrl+control+c", ChordError::Twice(word("control"))),
            ("hello", ChordError::Unknown(word("hello"))),
            ("ctrl-c", ChordError::Unknown(word("ctrl-c"))),
            ("\u{1}", ChordError::Unknown(word("\\u{1}"))),
            ("U001b", ChordError::Unknown(word("U001b"))),
            ("Ud800", ChordError::Unknown(word("Ud800"))),
        ] {
            assert_eq!(parse_chord(text), Err(error), "{text:?}");
        }
        assert_eq!(parse_chord(&"x".repeat(65)), Err(ChordError::TooLong(65)));
    }

    #[test]
    fn a_chord_is_written_as_it_is_read() {
        for text in ["ctrl+alt+shift+super+Return", "U0061", "ctrl+U002B", "Super_L"] {
            assert_eq!(parse_chord(text).unwrap().to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,70}") {
            if let Ok(chord) = parse_chord(&text) {
                prop_assert_eq!(parse_chord(&chord.to_string()), Ok(chord));
            }
        }

        #[test]
        fn plusses_do_not_confuse_it(text in "(ctrl|a|\\+| |é){0,8}") {
            let _ = parse_chord(&text);
        }
    }
}
