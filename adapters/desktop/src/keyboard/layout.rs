//! Where keysyms are.

use super::us::{self, Place};
use super::{Step, keymap};

/// A keyboard's layout.
pub(crate) trait Layout {
    /// Where the keysym is. What must be done before it is there goes to `steps`.
    ///
    /// `held` are keys that are down, which must keep their meaning.
    fn place(&mut self, keysym: u32, shift: Option<bool>, held: &[u16], steps: &mut Vec<Step>) -> Option<Place>;

    /// Makes room for as many of these as there is room for at once; tells for how many of them that is.
    fn prepare(&mut self, keysyms: &[u32], held: &[u16], steps: &mut Vec<Step>) -> usize;
}

/// American keys and nothing else, for keyboards whose layout is not ours to choose.
#[derive(Debug, Default)]
pub(crate) struct Us;

impl Layout for Us {
    fn place(&mut self, keysym: u32, _: Option<bool>, _: &[u16], _: &mut Vec<Step>) -> Option<Place> {
        us::place(us::canonical(keysym))
    }

    fn prepare(&mut self, keysyms: &[u32], _: &[u16], _: &mut Vec<Step>) -> usize {
        keysyms.len()
    }
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
    code: u16,
    keysym: Option<u32>,
    used: u64,
}

impl Spare {
    pub(crate) fn new() -> Self {
        let slots = keymap::spare_codes().map(|code| Slot { code, keysym: None, used: 0 }).collect();
        Self { slots, clock: 0 }
    }

    /// What the keys mean now.
    pub(crate) fn keymap(&self) -> String {
        keymap::text(self.slots.iter().filter_map(|slot| Some((slot.code, slot.keysym?))))
    }

    /// The slot of the keysym; `bool` tells whether it was put there now.
    fn slot(&mut self, keysym: u32, held: &[u16], since: u64) -> Option<(u16, bool)> {
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

impl Layout for Spare {
    fn place(&mut self, keysym: u32, shift: Option<bool>, held: &[u16], steps: &mut Vec<Step>) -> Option<Place> {
        let keysym = us::canonical(keysym);
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
            steps.push(Step::Keymap(self.keymap()));
        }
        Some(Place { code, shift: None, caps: false })
    }

    fn prepare(&mut self, keysyms: &[u32], held: &[u16], steps: &mut Vec<Step>) -> usize {
        self.clock += 1;
        let (since, mut changed, mut ready) = (self.clock, false, 0);
        for keysym in keysyms.iter().map(|keysym| us::canonical(*keysym)) {
            if us::place(keysym).is_none() {
                let Some((_, is_new)) = self.slot(keysym, held, since) else { break };
                changed |= is_new;
            }
            ready += 1;
        }
        if changed {
            steps.push(Step::Keymap(self.keymap()));
        }
        ready
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
        let (mut spare, mut steps) = (Spare::new(), Vec::new());
        assert_eq!(spare.prepare(&[0x61, 0x41, 0xff0d], &[], &mut steps), 3);
        assert_eq!(spare.place(0x61, None, &[], &mut steps).unwrap().code, 30);
        assert_eq!(steps, []);
    }

    #[test]
    fn a_text_needs_one_keymap() {
        let (mut spare, mut steps) = (Spare::new(), Vec::new());
        assert_eq!(spare.prepare(&[0xdf, 0xe4, 0x61, 0xdf], &[], &mut steps), 4);
        assert_eq!(keymaps(&steps), 1);
        let place = spare.place(0xdf, None, &[], &mut steps).unwrap();
        assert!(spare.keymap().contains(&format!("key <{}> {{ type = \"VERBATIM\", [ 0xdf ] }};", place.code + 8)));
        assert_eq!(keymaps(&steps), 1);
    }

    #[test]
    fn more_characters_than_keys_come_in_portions() {
        let (mut spare, mut steps) = (Spare::new(), Vec::new());
        let kanji: Vec<u32> = (0..200).map(|n| 0x0100_4e00 + n).collect();
        let room = spare.slots.len();
        assert!(room >= 40, "{room}");
        assert_eq!(spare.prepare(&kanji, &[], &mut steps), room);
        assert_eq!(spare.prepare(&kanji[room..], &[], &mut steps), room);
        assert_eq!(keymaps(&steps), 2);
    }

    #[test]
    fn a_held_key_keeps_its_meaning() {
        let (mut spare, mut steps) = (Spare::new(), Vec::new());
        let held = spare.place(0xdf, None, &[], &mut steps).unwrap().code;
        let kanji: Vec<u32> = (0..200).map(|n| 0x0100_4e00 + n).collect();
        let done = spare.prepare(&kanji, &[held], &mut steps);
        assert_eq!(done, spare.slots.len() - 1);
        assert_eq!(spare.place(0xdf, None, &[held], &mut steps).unwrap().code, held);
    }

    #[test]
    fn a_sign_that_needs_another_shift_gets_a_key_of_its_own() {
        let (mut spare, mut steps) = (Spare::new(), Vec::new());
        // Shift and 7 is a slash on German keyboards.
        assert_eq!(spare.place(0x2f, Some(true), &[], &mut steps).unwrap().shift, None);
        assert_eq!(spare.place(0x3f, Some(true), &[], &mut steps).unwrap().code, 53);
    }
}
