//! What an event is in Mutter's words.

use std::collections::BTreeSet;

use lunette_frame::Size;
use lunette_input_events::{Event, KeyCode, Keysym, Modifiers, Scroll, ScrollKind, TouchPhase};

use super::Unicode;
use super::remote::Remote;
use crate::SessionError;

/// Mutter's flags of an axis. A finger would be what it takes for granted.
const WHEEL: u32 = 2;
const FINGER: u32 = 4;
/// A notch of a wheel, in Mutter's units of an axis.
const NOTCH: f64 = 10.0;
const RETURN: Keysym = Keysym(0xff0d);
const U: KeyCode = KeyCode(22);
const V: KeyCode = KeyCode(47);

/// A text that goes through the clipboard.
#[derive(Debug)]
pub(super) struct Paste {
    pub(super) text: String,
    /// What pastes: keys that are held, the last one struck.
    pub(super) keys: &'static [KeyCode],
}

const CTRL_V: &[KeyCode] = &[KeyCode::CTRL, V];
const CTRL_SHIFT_V: &[KeyCode] = &[KeyCode::CTRL, KeyCode::SHIFT, V];
const CTRL_SHIFT_U: &[KeyCode] = &[KeyCode::CTRL, KeyCode::SHIFT, U];

/// What is held.
#[derive(Debug, Default)]
pub(super) struct Hands {
    keys: BTreeSet<KeyCode>,
    keysyms: BTreeSet<Keysym>,
    buttons: BTreeSet<u16>,
}

impl Hands {
    /// Does it; a text that must be pasted is handed back.
    pub(super) async fn act(
        &mut self,
        remote: &Remote,
        event: &Event,
        size: Option<Size>,
        unicode: Unicode,
    ) -> Result<Option<Paste>, SessionError> {
        match event {
            Event::Key { code, down } => self.key(remote, *code, *down).await?,
            Event::Keysym { keysym, down } => self.keysym(remote, *keysym, *down).await?,
            Event::Tap { keysym, modifiers } => self.tap(remote, *keysym, *modifiers).await?,
            Event::Text(text) => return self.text(remote, text, unicode).await,
            Event::MoveTo { x, y } => remote.move_to((*x, *y), size).await?,
            Event::MoveBy { dx, dy } => remote.move_by(*dx, *dy).await?,
            Event::Button { button, down } => self.button(remote, button.0, *down).await?,
            Event::Scroll(turn) => scroll(remote, *turn).await?,
            Event::Touch { slot, phase, x, y } => {
                if !remote.methods.has_touch {
                    return Err(SessionError::unavailable("touch", "this version of GNOME does not take it"));
                }
                match phase {
                    TouchPhase::Down => remote.touch("NotifyTouchDown", *slot, (*x, *y), size).await?,
                    TouchPhase::Move => remote.touch("NotifyTouchMotion", *slot, (*x, *y), size).await?,
                    TouchPhase::Up | TouchPhase::Cancel => remote.call("NotifyTouchUp", &(*slot,)).await?,
                }
            }
        }
        Ok(None)
    }

    async fn key(&mut self, remote: &Remote, code: KeyCode, down: bool) -> Result<(), SessionError> {
        let changed = if down { self.keys.insert(code) } else { self.keys.remove(&code) };
        if changed { remote.key(code, down).await } else { Ok(()) }
    }

    async fn keysym(&mut self, remote: &Remote, keysym: Keysym, down: bool) -> Result<(), SessionError> {
        let changed = if down { self.keysyms.insert(keysym) } else { self.keysyms.remove(&keysym) };
        if changed { remote.keysym(keysym, down).await } else { Ok(()) }
    }

    async fn button(&mut self, remote: &Remote, button: u16, down: bool) -> Result<(), SessionError> {
        let changed = if down { self.buttons.insert(button) } else { self.buttons.remove(&button) };
        if changed { remote.button(button, down).await } else { Ok(()) }
    }

    async fn tap(&mut self, remote: &Remote, keysym: Keysym, modifiers: Modifiers) -> Result<(), SessionError> {
        let held: Vec<KeyCode> = modifiers.keys().filter(|code| !self.keys.contains(code)).collect();
        for code in &held {
            remote.key(*code, true).await?;
        }
        strike(remote, keysym).await?;
        for code in held.iter().rev() {
            remote.key(*code, false).await?;
        }
        Ok(())
    }

    async fn text(&self, remote: &Remote, text: &str, unicode: Unicode) -> Result<Option<Paste>, SessionError> {
        let text = text.replace("\r\n", "\n");
        if let Some(character) = text.chars().find(|c| Keysym::from_char(*c).is_none()) {
            return Err(cannot_type(character, "no key stands for such a control character"));
        }
        let pasted = |keys| Ok(Some(Paste { text: text.clone(), keys }));
        match (text.chars().find(|c| !c.is_ascii()), unicode) {
            (Some(character), Unicode::Refuse) => {
                return Err(cannot_type(character, "GNOME types what its keyboard layout has, and other ways are off"));
            }
            (Some(_), Unicode::Paste) => return pasted(CTRL_V),
            (Some(_), Unicode::PasteInTerminal) => return pasted(CTRL_SHIFT_V),
            (None, _) | (Some(_), Unicode::Number) => {}
        }
        let lifted = self.lift_modifiers(remote).await?;
        let typed = characters(remote, &text).await;
        put_down(remote, &lifted).await?;
        typed.map(|()| None)
    }

    /// What is held would make shortcuts of a text.
    async fn lift_modifiers(&self, remote: &Remote) -> Result<Vec<KeyCode>, SessionError> {
        let held: Vec<KeyCode> = self.keys.iter().copied().filter(|code| code.is_modifier()).collect();
        for code in &held {
            remote.key(*code, false).await?;
        }
        Ok(held)
    }

    /// A shortcut, whatever is held meanwhile.
    pub(super) async fn shortcut(&self, remote: &Remote, keys: &[KeyCode]) -> Result<(), SessionError> {
        let lifted = self.lift_modifiers(remote).await?;
        chord(remote, keys).await?;
        put_down(remote, &lifted).await
    }

    /// Everything goes up.
    pub(super) async fn release(&mut self, remote: &Remote) -> Result<(), SessionError> {
        for code in std::mem::take(&mut self.keys) {
            remote.key(code, false).await?;
        }
        for keysym in std::mem::take(&mut self.keysyms) {
            remote.keysym(keysym, false).await?;
        }
        for button in std::mem::take(&mut self.buttons) {
            remote.button(button, false).await?;
        }
        Ok(())
    }
}

async fn characters(remote: &Remote, text: &str) -> Result<(), SessionError> {
    for character in text.chars() {
        match Keysym::from_char(character) {
            Some(keysym) if character.is_ascii() => strike(remote, keysym).await?,
            _ => number(remote, character).await?,
        }
    }
    Ok(())
}

async fn number(remote: &Remote, character: char) -> Result<(), SessionError> {
    chord(remote, CTRL_SHIFT_U).await?;
    for digit in format!("{:x}", u32::from(character)).chars() {
        strike(remote, Keysym(digit.into())).await?;
    }
    strike(remote, RETURN).await
}

/// Holds all but the last of the keys, and strikes that.
async fn chord(remote: &Remote, keys: &[KeyCode]) -> Result<(), SessionError> {
    put_down(remote, keys).await?;
    for code in keys.iter().rev() {
        remote.key(*code, false).await?;
    }
    Ok(())
}

async fn put_down(remote: &Remote, keys: &[KeyCode]) -> Result<(), SessionError> {
    for code in keys {
        remote.key(*code, true).await?;
    }
    Ok(())
}

async fn strike(remote: &Remote, keysym: Keysym) -> Result<(), SessionError> {
    remote.keysym(keysym, true).await?;
    remote.keysym(keysym, false).await
}

/// Whole notches are notches; parts of them, and fingers, are distances.
async fn scroll(remote: &Remote, turn: Scroll) -> Result<(), SessionError> {
    let steps = [(0, turn.dy), (1, turn.dx)].map(|(axis, notches)| (axis, notches, whole(notches)));
    if turn.kind == ScrollKind::Wheel && remote.methods.has_discrete && steps.iter().all(|(_, _, s)| s.is_some()) {
        for (axis, _, steps) in steps {
            match steps {
                Some(0) | None => {}
                Some(steps) => remote.wheel(axis, steps).await?,
            }
        }
        return Ok(());
    }
    let flags = if turn.kind == ScrollKind::Wheel { WHEEL } else { FINGER };
    remote.scroll(turn.dx * NOTCH, turn.dy * NOTCH, flags).await
}

#[expect(clippy::cast_possible_truncation, reason = "it saturates")]
fn whole(notches: f64) -> Option<i32> {
    ((notches - notches.round()).abs() < 1e-6).then_some(notches.round() as i32)
}

fn cannot_type(character: char, reason: &'static str) -> SessionError {
    SessionError::CannotType { sink: "GNOME", wanted: format!("{character:?}"), reason }
}
