//! Where keysyms are.

use crate::event::{KeyCode, Keysym};
use crate::keymap;
use crate::typist::Step;
use crate::us::{self, Place};

/// A keyboard's layout.
#[derive(Debug)]
pub(crate) enum Layout {
    /// American keys and nothing else, for keyboards whose layout is not ours to choose.
    American,
    /// Those, and any others.
    Any(Spare),
}

impl Layout {
    /// Where the keysym is. What must be done before it is there goes to `steps`.
    ///
    /// `held` are keys that are down, which must keep their meaning.
    pub(crate) fn place(
        &mut self,
        keysym: Keysym,
        shift: Option<bool>,
        held: &[KeyCode],
        steps: &mut Vec<Step>,
    ) -> Option<Place> {
        let keysym = keysym.normal();
        match self {
            Self::American => us::place(keysym),
            Self::Any(spare) => spare.place(keysym, shift, held, steps),
        }
    }

    /// Makes room for as many of these as there is room for at once; tells for how many of them that is.
    pub(crate) fn prepare(&mut self, keysyms: &[Keysym], held: &[KeyCode], steps: &mut Vec<Step>) -> usize {
        match self {
            Self::American => keysyms.len(),
            Self::Any(spare) => spare.prepare(keysyms, held, steps),
        }
    }

    /// What the keys mean now.
    pub(crate) fn keymap(&self) -> String {
        let slots: &[Slot] = match self {
            Self::American => &[],
            Self::Any(spare) => &spare.slots,
        };
        keymap_of(slots)
    }
}

fn keymap_of(slots: &[Slot]) -> String {
    keymap::text(slots.iter().filter_map(|slot| Some((slot.code, slot.keysym?))))
}

/// American keys, and any keysym on keys that American keyboards do not have.
///
/// American keys mean the same in each of its keymaps, so nothing has to be put back after a text: what a client that
/// is late with a new keymap can get wrong are the new characters alone.
#[derive(Debug)]
pub(crate) struct Spare {
    slots: Vec<Slot>,
    clock: u64,
}

#[derive(Debug)]
struct Slot {
    code: KeyCode,
    keysym: Option<Keysym>,
    used: u64,
}

impl Spare {
    pub(crate) fn new() -> Self {
        let slots = keymap::spare_codes().map(|code| Slot { code, keysym: None, used: 0 }).collect();
        Self { slots, clock: 0 }
    }

    fn place(&mut self, keysym: Keysym, shift: Option<bool>, held: &[KeyCode], steps: &mut Vec<Step>) -> Option<Place> {
        // A key of the American keyboard is what shortcuts are looked up by, so it comes first; unless Shift would
        // have to change under the hands of whoever holds it.
        if let Some(place) = us::place(keysym)
            && (shift.is_none() || place.shift.is_none() || shift == place.shift)
        {
            return Some(place);
        }
        self.clock += 1;
        let (code, is_new) = self.slot(keysym, held, self.clock)?;
        if is_new {
            steps.push(Step::Keymap(keymap_of(&self.slots)));
        }
        Some(Place { code, shift: None, caps: false })
    }

    fn prepare(&mut self, keysyms: &[Keysym], held: &[KeyCode], steps: &mut Vec<Step>) -> usize {
        self.clock += 1;
        let (since, mut changed, mut ready) = (self.clock, false, 0);
        for keysym in keysyms.iter().map(|keysym| keysym.normal()) {
            if us::place(keysym).is_none() {
                let Some((_, is_new)) = self.slot(keysym, held, since) else { break };
                changed |= is_new;
            }
            ready += 1;
        }
        if changed {
            steps.push(Step::Keymap(keymap_of(&self.slots)));
        }
        ready
    }

    /// The slot of the keysym; `bool` tells whether it was put there now.
    fn slot(&mut self, keysym: Keysym, held: &[KeyCode], since: u64) -> Option<(KeyCode, bool)> {
        let now = self.clock;
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.keysym == Some(keysym)) {
            slot.used = now;
            return Some((slot.code, false));
        }
        let free = self.slots.iter_mut().filter(|slot| slot.used < since && !held.contains(&slot.code));
        let slot = free.min_by_key(|slot| slot.used)?;
        slot.keysym = Some(keysym);
        slot.used = now;
        Some((slot.code, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keymaps(steps: &[Step]) -> usize {
        steps.iter().filter(|step| matches!(step, Step::Keymap(_))).count()
    }

    #[test]
    fn american_characters_need_no_keymap() {
        let (mut layout, mut steps) = (Layout::Any(Spare::new()), Vec::new());
        assert_eq!(layout.prepare(&[0x61, 0x41, 0xff0d].map(Keysym), &[], &mut steps), 3);
        assert_eq!(layout.place(Keysym(0x61), None, &[], &mut steps).unwrap().code, KeyCode(30));
        assert_eq!(steps, []);
    }

    #[test]
    fn a_text_needs_one_keymap() {
        let (mut layout, mut steps) = (Layout::Any(Spare::new()), Vec::new());
        assert_eq!(layout.prepare(&[0xdf, 0xe4, 0x61, 0xdf].map(Keysym), &[], &mut steps), 4);
        assert_eq!(keymaps(&steps), 1);
        let place = layout.place(Keysym(0xdf), None, &[], &mut steps).unwrap();
        assert!(layout.keymap().contains(&format!("key <{}> {{ type = \"VERBATIM\", [ 0xdf ] }};", place.code.0 + 8)));
        assert_eq!(keymaps(&steps), 1);
    }

    #[test]
    fn more_characters_than_keys_come_in_portions() {
        let (mut layout, mut steps) = (Layout::Any(Spare::new()), Vec::new());
        let kanji: Vec<Keysym> = (0..200).map(|n| Keysym(0x0100_4e00 + n)).collect();
        let room = keymap::spare_codes().count();
        assert_eq!(layout.prepare(&kanji, &[], &mut steps), room);
        assert_eq!(layout.prepare(&kanji[room..], &[], &mut steps), room);
        assert_eq!(keymaps(&steps), 2);
    }

    #[test]
    fn a_held_key_keeps_its_meaning() {
        let (mut layout, mut steps) = (Layout::Any(Spare::new()), Vec::new());
        let held = layout.place(Keysym(0xdf), None, &[], &mut steps).unwrap().code;
        let kanji: Vec<Keysym> = (0..200).map(|n| Keysym(0x0100_4e00 + n)).collect();
        let done = layout.prepare(&kanji, &[held], &mut steps);
        assert_eq!(done, keymap::spare_codes().count() - 1);
        assert_eq!(layout.place(Keysym(0xdf), None, &[held], &mut steps).unwrap().code, held);
    }

    #[test]
    fn a_sign_that_needs_another_shift_gets_a_key_of_its_own() {
        let (mut layout, mut steps) = (Layout::Any(Spare::new()), Vec::new());
        // Shift and 7 is a slash on German keyboards.
        assert_eq!(layout.place(Keysym(0x2f), Some(true), &[], &mut steps).unwrap().shift, None);
        assert_eq!(layout.place(Keysym(0x3f), Some(true), &[], &mut steps).unwrap().code, KeyCode(53));
    }
}
