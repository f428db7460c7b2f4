//! Which keys go down and up for an event.
//!
//! ```text
//!   Event ──▶ Typist (what is held, Shift, Caps Lock) ──▶ Step: key, key, keymap, key, … ──▶ a sink
//!                 └── Layout: where is this keysym?
//! ```

use std::collections::BTreeMap;

use crate::event::{Event, KeyCode, Keysym, Modifiers};
use crate::layout::{Layout, Spare};
use crate::us::Place;

/// What a keyboard does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A key goes down or up.
    Key {
        /// Which.
        code: KeyCode,
        /// Down or up.
        down: bool,
    },
    /// From here on keys mean this, an XKB keymap as text. American keys mean the same in all of them.
    Keymap(String),
}

/// What no key can be found for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Untypable {
    /// A meaning.
    #[error("keysym {:#x}", .0.0)]
    Keysym(Keysym),
    /// A character of a text.
    #[error("{0:?}")]
    Character(char),
}

/// Knows what is held, and finds the keys for what is meant.
///
/// A line end is Return, a tab is Tab. Emoji with joiners and letters with combining marks are characters in a row.
#[derive(Debug)]
pub struct Typist {
    layout: Layout,
    held: Vec<KeyCode>,
    by_keysym: BTreeMap<Keysym, KeyCode>,
    caps: bool,
}

impl Typist {
    /// At a keyboard whose layout is not ours to choose, and is taken for the American one.
    #[must_use]
    pub const fn american() -> Self {
        Self::new(Layout::American)
    }

    /// At a keyboard that takes keymaps: the American keys, and any keysym on keys that American keyboards do not have.
    #[must_use]
    pub fn any() -> Self {
        Self::new(Layout::Any(Spare::new()))
    }

    const fn new(layout: Layout) -> Self {
        Self { layout, held: Vec::new(), by_keysym: BTreeMap::new(), caps: false }
    }

    /// What the keys mean now, as an XKB keymap.
    #[must_use]
    pub fn keymap(&self) -> String {
        self.layout.keymap()
    }

    /// What the keyboard does for the event: nothing for those of pointers and fingers.
    ///
    /// # Errors
    /// When the keyboard has no key for it, and then it does nothing.
    pub fn handle(&mut self, event: &Event) -> Result<Vec<Step>, Untypable> {
        match event {
            Event::Key { code, down } => Ok(self.key(*code, *down)),
            Event::Keysym { keysym, down } => self.keysym(*keysym, *down),
            Event::Tap { keysym, modifiers } => self.tap(*keysym, *modifiers),
            Event::Text(text) => self.text(text),
            _ => Ok(Vec::new()),
        }
    }

    /// Everything goes up.
    pub fn release(&mut self) -> Vec<Step> {
        self.by_keysym.clear();
        let mut steps = Vec::new();
        for code in self.held.clone().into_iter().rev() {
            self.press(code, false, &mut steps);
        }
        steps
    }

    /// A key by its place.
    fn key(&mut self, code: KeyCode, down: bool) -> Vec<Step> {
        let mut steps = Vec::new();
        self.press(code, down, &mut steps);
        steps
    }

    /// A key by its meaning.
    fn keysym(&mut self, keysym: Keysym, down: bool) -> Result<Vec<Step>, Untypable> {
        let mut steps = Vec::new();
        if !down {
            if let Some(code) = self.by_keysym.remove(&keysym) {
                self.press(code, false, &mut steps);
            }
            return Ok(steps);
        }
        let shift = self.is_held(KeyCode::SHIFT) || self.is_held(KeyCode::RIGHT_SHIFT);
        let place = self.layout.place(keysym, Some(shift), &self.held, &mut steps);
        let place = place.ok_or(Untypable::Keysym(keysym))?;
        let undo = self.shift_for(place, &mut steps);
        self.press(place.code, true, &mut steps);
        self.undo(&undo, &mut steps);
        self.by_keysym.insert(keysym, place.code);
        Ok(steps)
    }

    /// A key, down and up, while these modifiers are down too.
    fn tap(&mut self, keysym: Keysym, modifiers: Modifiers) -> Result<Vec<Step>, Untypable> {
        let mut steps = Vec::new();
        let place = self.layout.place(keysym, None, &self.held, &mut steps).ok_or(Untypable::Keysym(keysym))?;
        let mut undo = Vec::new();
        for code in modifiers.keys() {
            if !self.is_held(code) {
                self.press(code, true, &mut steps);
                undo.push((code, false));
            }
        }
        // Shift and 2 as a shortcut is asked for with the keysym of 2, and Shift must stay.
        let shift = if modifiers.shift { Vec::new() } else { self.shift_for(place, &mut steps) };
        self.strike(place.code, &mut steps);
        self.undo(&shift, &mut steps);
        undo.reverse();
        self.undo(&undo, &mut steps);
        Ok(steps)
    }

    /// A text, whatever is held meanwhile. Nothing is typed when one of its characters cannot be.
    fn text(&mut self, text: &str) -> Result<Vec<Step>, Untypable> {
        let text = text.replace("\r\n", "\n");
        let characters: Vec<char> = text.chars().collect();
        let keysyms = characters.iter().map(|c| Keysym::from_char(*c).ok_or(Untypable::Character(*c)));
        let keysyms: Vec<Keysym> = keysyms.collect::<Result<_, _>>()?;
        let mut steps = Vec::new();
        let lifted = self.lift_modifiers(&mut steps);
        let typed = self.type_keysyms(&keysyms, &mut steps);
        self.undo(&lifted, &mut steps);
        typed.map_err(|at| Untypable::Character(characters[at]))?;
        Ok(steps)
    }

    /// The index of the first that cannot be typed is the error.
    fn type_keysyms(&mut self, keysyms: &[Keysym], steps: &mut Vec<Step>) -> Result<(), usize> {
        let (mut done, mut shifted) = (0, false);
        while done < keysyms.len() {
            let ready = self.layout.prepare(&keysyms[done..], &self.held, steps).max(1);
            for (at, keysym) in keysyms.iter().enumerate().skip(done).take(ready) {
                let Some(place) = self.layout.place(*keysym, None, &self.held, steps) else {
                    self.set_shift(&mut shifted, false, steps);
                    return Err(at);
                };
                if let Some(shift) = self.shift(place) {
                    self.set_shift(&mut shifted, shift, steps);
                }
                self.strike(place.code, steps);
            }
            done += ready;
        }
        self.set_shift(&mut shifted, false, steps);
        Ok(())
    }

    fn set_shift(&mut self, shifted: &mut bool, wanted: bool, steps: &mut Vec<Step>) {
        if *shifted != wanted {
            self.press(KeyCode::SHIFT, wanted, steps);
            *shifted = wanted;
        }
    }

    /// What Shift must be for it, with Caps Lock as it is.
    fn shift(&self, place: Place) -> Option<bool> {
        place.shift.map(|shift| shift != (place.caps && self.caps))
    }

    /// Brings Shift to where the place needs it. Tells what puts it back.
    fn shift_for(&mut self, place: Place, steps: &mut Vec<Step>) -> Vec<(KeyCode, bool)> {
        let held: Vec<KeyCode> =
            [KeyCode::SHIFT, KeyCode::RIGHT_SHIFT].into_iter().filter(|code| self.is_held(*code)).collect();
        match place.shift {
            Some(true) if held.is_empty() => {
                self.press(KeyCode::SHIFT, true, steps);
                vec![(KeyCode::SHIFT, false)]
            }
            Some(false) if !held.is_empty() => self.lift(held, steps),
            _ => Vec::new(),
        }
    }

    fn lift_modifiers(&mut self, steps: &mut Vec<Step>) -> Vec<(KeyCode, bool)> {
        let held = KeyCode::modifiers().filter(|code| self.is_held(*code)).collect();
        self.lift(held, steps)
    }

    fn lift(&mut self, codes: Vec<KeyCode>, steps: &mut Vec<Step>) -> Vec<(KeyCode, bool)> {
        for code in &codes {
            self.press(*code, false, steps);
        }
        codes.into_iter().map(|code| (code, true)).collect()
    }

    fn undo(&mut self, changes: &[(KeyCode, bool)], steps: &mut Vec<Step>) {
        for (code, down) in changes {
            self.press(*code, *down, steps);
        }
    }

    /// Down and up; up and down first when it is down already, since a key that is down cannot go down.
    fn strike(&mut self, code: KeyCode, steps: &mut Vec<Step>) {
        let was_held = self.is_held(code);
        if was_held {
            self.press(code, false, steps);
        }
        self.press(code, true, steps);
        self.press(code, false, steps);
    }

    fn press(&mut self, code: KeyCode, down: bool, steps: &mut Vec<Step>) {
        if self.is_held(code) == down {
            return;
        }
        if down {
            self.held.push(code);
            self.caps ^= code == KeyCode::CAPS_LOCK;
        } else {
            self.held.retain(|held| *held != code);
        }
        steps.push(Step::Key { code, down });
    }

    fn is_held(&self, code: KeyCode) -> bool {
        self.held.contains(&code)
    }
}

#[cfg(test)]
mod tests;
