//! Text as keys, for sinks that have nothing but keys.
//!
//! ```text
//!   text ──▶ press_text    American keys, for a sink whose desktop has that layout: ASCII only
//!        └─▶ type_text     pieces, each a keymap and the keys that enter it: any Unicode
//! ```
//! A line end is Return, a tab is Tab. Emoji with joiners and letters with combining marks are characters in a row.

use crate::event::{Event, KeyCode, Keysym, Modifiers};
use crate::keymap::KeymapBuilder;
use crate::keys::us_layout;

/// The longest text, in characters.
pub const MAX_TEXT: usize = 4096;

/// Text that cannot be entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Too long.
    #[error("a text of {0} characters: at most {MAX_TEXT} at once")]
    TooLong(usize),
    /// A character without a key.
    #[error("character {place} of the text, {char:?}, has no key here")]
    Unsupported {
        /// The character.
        char: char,
        /// Where it is, from 1.
        place: usize,
    },
}

/// A piece of a text: keys to press and release one after the other, under this keymap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typing {
    /// The keymap, as XKB text.
    pub keymap: String,
    /// The keys.
    pub keys: Vec<KeyCode>,
}

/// The events that enter a text on an American keyboard. Shift stays down between characters that need it, and is up at
/// the end.
///
/// # Errors
/// When the text has characters that the keyboard has not, or too many.
pub fn press_text(text: &str) -> Result<Vec<Event>, TextError> {
    let mut events = Vec::new();
    let mut shift = false;
    for (place, char) in characters(text)? {
        let (code, modifiers) = us_layout(char).ok_or(TextError::Unsupported { char, place })?;
        if modifiers.shift != shift {
            shift = modifiers.shift;
            events.push(Event::Key { code: KeyCode::SHIFT, down: shift });
        }
        events.extend([true, false].map(|down| Event::Key { code, down }));
    }
    if shift {
        events.push(Event::Key { code: KeyCode::SHIFT, down: false });
    }
    Ok(events)
}

/// The keymaps and keys that enter a text on a virtual keyboard, piece by piece. A text with few different characters is
/// one piece.
///
/// # Errors
/// When the text has control characters, or too many.
pub fn type_text(text: &str) -> Result<Vec<Typing>, TextError> {
    let mut pieces = Vec::new();
    let (mut builder, mut keys) = (KeymapBuilder::new(), Vec::new());
    for (place, char) in characters(text)? {
        let keysym = Keysym::from_char(char);
        let code = builder.assign(keysym).or_else(|| {
            pieces.push(Typing { keymap: builder.keymap(), keys: std::mem::take(&mut keys) });
            builder = KeymapBuilder::new();
            builder.assign(keysym)
        });
        keys.push(code.ok_or(TextError::Unsupported { char, place })?);
    }
    if !keys.is_empty() {
        pieces.push(Typing { keymap: builder.keymap(), keys });
    }
    Ok(pieces)
}

/// The events that press and release a key by its meaning on an American keyboard, with what is held; `None` when it has
/// no such key.
#[must_use]
pub fn press_chord(keysym: Keysym, modifiers: Modifiers) -> Option<Vec<Event>> {
    let (code, needed) = keysym.us_key()?;
    let held: Vec<_> = modifiers.and(needed).keys().filter(|key| *key != code).collect();
    let downs = held.iter().chain([&code]).map(|code| Event::Key { code: *code, down: true });
    let ups = [&code].into_iter().chain(held.iter().rev()).map(|code| Event::Key { code: *code, down: false });
    Some(downs.chain(ups).collect())
}

/// The characters and their places, with one Return for each line end; other control characters are refused, for what
/// they do is nobody's text.
fn characters(text: &str) -> Result<Vec<(usize, char)>, TextError> {
    let mut found = Vec::new();
    let mut after_return = false;
    for (index, char) in text.chars().enumerate() {
        if index == MAX_TEXT {
            return Err(TextError::TooLong(text.chars().count()));
        }
        let place = index + 1;
        match char {
            '\n' if after_return => {}
            '\n' | '\r' => found.push((place, '\n')),
            '\t' => found.push((place, '\t')),
            _ if char.is_control() => return Err(TextError::Unsupported { char, place }),
            _ => found.push((place, char)),
        }
        after_return = char == '\r';
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Held;
    use proptest::prelude::*;

    fn key(code: u16, down: bool) -> Event {
        Event::Key { code: KeyCode(code), down }
    }

    #[test]
    fn shift_is_down_as_long_as_it_is_needed() {
        let expected = [
            key(42, true),
            key(30, true),
            key(30, false),
            key(2, true),
            key(2, false),
            key(42, false),
            key(46, true),
            key(46, false),
        ];
        assert_eq!(press_text("A!c").unwrap(), expected);
        assert_eq!(press_text("A").unwrap().last(), Some(&key(42, false)));
    }

    #[test]
    fn what_the_keyboard_has_not_is_named() {
        assert_eq!(press_text("naïve"), Err(TextError::Unsupported { char: 'ï', place: 3 }));
        assert_eq!(press_text("a\u{1b}"), Err(TextError::Unsupported { char: '\u{1b}', place: 2 }));
        assert_eq!(type_text("a\u{8}"), Err(TextError::Unsupported { char: '\u{8}', place: 2 }));
        assert_eq!(type_text(&"ü".repeat(4097)), Err(TextError::TooLong(4097)));
        assert!(type_text(&"ü".repeat(4096)).is_ok());
    }

    #[test]
    fn every_line_end_is_one_return() {
        for text in ["a\nb", "a\r\nb", "a\rb"] {
            let returns = press_text(text).unwrap().iter().filter(|event| **event == key(28, true)).count();
            assert_eq!(returns, 1, "{text:?}");
        }
        assert_eq!(type_text("\n\r\n\t").unwrap()[0].keys, [28, 28, 15].map(KeyCode));
    }

    #[test]
    fn few_characters_are_one_piece() {
        assert_eq!(type_text("").unwrap(), []);
        let family = "👩\u{200d}👩\u{200d}👧 e\u{301}";
        let pieces = type_text(family).unwrap();
        assert_eq!((pieces.len(), pieces[0].keys.len()), (1, family.chars().count()));
        assert!(pieces[0].keymap.contains("U200D") && pieces[0].keymap.contains("U1F469"));
        assert_eq!(pieces[0].keys[0], pieces[0].keys[2]);
    }

    #[test]
    fn many_characters_are_several_pieces() {
        let text: String = ('\u{4e00}'..).take(400).collect();
        let lengths: Vec<_> = type_text(&text).unwrap().iter().map(|piece| piece.keys.len()).collect();
        assert_eq!(lengths, [160, 160, 80]);
    }

    #[test]
    fn a_chord_is_pressed_around_its_key() {
        let ctrl_t = press_chord(Keysym::from_char('T'), Modifiers::from_bits(2)).unwrap();
        let expected = [key(29, true), key(42, true), key(20, true), key(20, false), key(42, false), key(29, false)];
        assert_eq!(ctrl_t, expected);
        let shift = press_chord(Keysym(0xffe1), Modifiers::SHIFT).unwrap();
        assert_eq!(shift, [key(42, true), key(42, false)], "a modifier is not held with itself");
        assert_eq!(press_chord(Keysym::from_char('あ'), Modifiers::NONE), None);
    }

    proptest! {
        #[test]
        fn pressed_text_reads_as_it_was(text in "[ -~\\n\\t]{0,60}") {
            let (mut read, mut shift, mut held) = (String::new(), Modifiers::NONE, Held::default());
            for event in press_text(&text).unwrap() {
                held.apply(&event).unwrap();
                match event {
                    Event::Key { code: KeyCode::SHIFT, down } => shift.shift = down,
                    Event::Key { code, down: true } => read.extend(code.us_keysym(shift).unwrap().to_char()),
                    _ => {}
                }
            }
            prop_assert_eq!(read, text);
            prop_assert!(held.is_empty());
        }

        #[test]
        fn any_text_is_typed_or_refused(text in "\\PC{0,300}") {
            let pieces = type_text(&text).unwrap();
            prop_assert_eq!(pieces.iter().map(|piece| piece.keys.len()).sum::<usize>(), text.chars().count());
        }
    }
}
