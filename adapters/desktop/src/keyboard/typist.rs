//! Which keys go down and up for an event.

use std::collections::BTreeMap;

use lunette_input_events::{Keysym, Modifiers};

use super::us::{self, Place};
use super::{Layout, Step};

/// What no key can be found for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Untypable {
    Keysym(u32),
    Character(char),
}

impl std::fmt::Display for Untypable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Keysym(keysym) => write!(f, "keysym {keysym:#x}"),
            Self::Character(character) => write!(f, "{character:?}"),
        }
    }
}

/// Knows what is held, and finds the keys for what is meant.
#[derive(Debug)]
pub(crate) struct Typist<L> {
    layout: L,
    held: Vec<u16>,
    by_keysym: BTreeMap<u32, u16>,
    caps: bool,
}

impl<L: Layout> Typist<L> {
    pub(crate) const fn new(layout: L) -> Self {
        Self { layout, held: Vec::new(), by_keysym: BTreeMap::new(), caps: false }
    }

    pub(crate) const fn layout(&self) -> &L {
        &self.layout
    }

    /// A key by its place.
    pub(crate) fn key(&mut self, code: u16, down: bool) -> Vec<Step> {
        let mut steps = Vec::new();
        self.press(code, down, &mut steps);
        steps
    }

    /// A key by its meaning.
    pub(crate) fn keysym(&mut self, keysym: Keysym, down: bool) -> Result<Vec<Step>, Untypable> {
        let mut steps = Vec::new();
        if !down {
            if let Some(code) = self.by_keysym.remove(&keysym.0) {
                self.press(code, false, &mut steps);
            }
            return Ok(steps);
        }
        let shift = self.is_held(us::LEFT_SHIFT) || self.is_held(us::RIGHT_SHIFT);
        let place = self.layout.place(keysym.0, Some(shift), &self.held, &mut steps);
        let place = place.ok_or(Untypable::Keysym(keysym.0))?;
        let undo = self.shift_for(place, &mut steps);
        self.press(place.code, true, &mut steps);
        self.undo(&undo, &mut steps);
        self.by_keysym.insert(keysym.0, place.code);
        Ok(steps)
    }

    /// A key, down and up, while these modifiers are down too.
    pub(crate) fn tap(&mut self, keysym: Keysym, modifiers: Modifiers) -> Result<Vec<Step>, Untypable> {
        let mut steps = Vec::new();
        let wanted = [
            (modifiers.shift, us::LEFT_SHIFT),
            (modifiers.ctrl, us::LEFT_CTRL),
            (modifiers.alt, us::LEFT_ALT),
            (modifiers.meta, us::LEFT_META),
        ];
        let place = self.layout.place(keysym.0, None, &self.held, &mut steps).ok_or(Untypable::Keysym(keysym.0))?;
        let mut undo = Vec::new();
        for (_, code) in wanted.into_iter().filter(|(wanted, _)| *wanted) {
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
    pub(crate) fn text(&mut self, text: &str) -> Result<Vec<Step>, Untypable> {
        let text = text.replace("\r\n", "\n");
        let characters: Vec<char> = text.chars().collect();
        let keysyms = characters.iter().map(|c| us::keysym(*c).ok_or(Untypable::Character(*c)));
        let keysyms: Vec<u32> = keysyms.collect::<Result<_, _>>()?;
        let mut steps = Vec::new();
        let lifted = self.lift_modifiers(&mut steps);
        let typed = self.type_keysyms(&keysyms, &mut steps);
        self.undo(&lifted, &mut steps);
        typed.map_err(|at| Untypable::Character(characters[at]))?;
        Ok(steps)
    }

    /// The index of the first that cannot be typed is the error.
    fn type_keysyms(&mut self, keysyms: &[u32], steps: &mut Vec<Step>) -> Result<(), usize> {
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
            self.press(us::LEFT_SHIFT, wanted, steps);
            *shifted = wanted;
        }
    }

    /// What Shift must be for it, with Caps Lock as it is.
    fn shift(&self, place: Place) -> Option<bool> {
        place.shift.map(|shift| shift != (place.caps && self.caps))
    }

    /// Brings Shift to where the place needs it. Tells what puts it back.
    fn shift_for(&mut self, place: Place, steps: &mut Vec<Step>) -> Vec<(u16, bool)> {
        let held: Vec<u16> = [us::LEFT_SHIFT, us::RIGHT_SHIFT].into_iter().filter(|code| self.is_held(*code)).collect();
        match place.shift {
            Some(true) if held.is_empty() => {
                self.press(us::LEFT_SHIFT, true, steps);
                vec![(us::LEFT_SHIFT, false)]
            }
            Some(false) if !held.is_empty() => self.lift(held, steps),
            _ => Vec::new(),
        }
    }

    fn lift_modifiers(&mut self, steps: &mut Vec<Step>) -> Vec<(u16, bool)> {
        let held = us::MODIFIERS.into_iter().filter(|code| self.is_held(*code)).collect();
        self.lift(held, steps)
    }

    fn lift(&mut self, codes: Vec<u16>, steps: &mut Vec<Step>) -> Vec<(u16, bool)> {
        for code in &codes {
            self.press(*code, false, steps);
        }
        codes.into_iter().map(|code| (code, true)).collect()
    }

    fn undo(&mut self, changes: &[(u16, bool)], steps: &mut Vec<Step>) {
        for (code, down) in changes {
            self.press(*code, *down, steps);
        }
    }

    /// Down and up; up and down first when it is down already, since a key that is down cannot go down.
    fn strike(&mut self, code: u16, steps: &mut Vec<Step>) {
        let was_held = self.is_held(code);
        if was_held {
            self.press(code, false, steps);
        }
        self.press(code, true, steps);
        self.press(code, false, steps);
    }

    fn press(&mut self, code: u16, down: bool, steps: &mut Vec<Step>) {
        if self.is_held(code) == down {
            return;
        }
        if down {
            self.held.push(code);
            self.caps ^= code == us::CAPS_LOCK;
        } else {
            self.held.retain(|held| *held != code);
        }
        steps.push(Step::Key { code, down });
    }

    fn is_held(&self, code: u16) -> bool {
        self.held.contains(&code)
    }

    /// Everything goes up.
    pub(crate) fn release(&mut self) -> Vec<Step> {
        self.by_keysym.clear();
        let mut steps = Vec::new();
        for code in self.held.clone().into_iter().rev() {
            self.press(code, false, &mut steps);
        }
        steps
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Spare, Us};
    use super::*;

    const SHIFT: u16 = us::LEFT_SHIFT;

    fn keys(steps: &[Step]) -> Vec<(u16, bool)> {
        let key = |step: &Step| match step {
            Step::Key { code, down } => Some((*code, *down)),
            Step::Keymap(_) => None,
        };
        steps.iter().filter_map(key).collect()
    }

    #[test]
    fn shift_stays_down_through_a_word_in_capitals() {
        let steps = Typist::new(Us).text("ABc").unwrap();
        let expected = [(SHIFT, true), (30, true), (30, false), (48, true), (48, false), (SHIFT, false)];
        assert_eq!(keys(&steps)[..6], expected);
        assert_eq!(keys(&steps)[6..], [(46, true), (46, false)]);
    }

    #[test]
    fn held_modifiers_do_not_touch_a_text() {
        let mut typist = Typist::new(Us);
        typist.key(us::LEFT_CTRL, true);
        let steps = keys(&typist.text("a").unwrap());
        assert_eq!(steps, [(29, false), (30, true), (30, false), (29, true)]);
    }

    #[test]
    fn caps_lock_does_not_touch_a_text() {
        let mut typist = Typist::new(Us);
        typist.key(us::CAPS_LOCK, true);
        typist.key(us::CAPS_LOCK, false);
        assert_eq!(keys(&typist.text("A").unwrap()), [(30, true), (30, false)]);
        assert_eq!(keys(&typist.text("a").unwrap())[0], (SHIFT, true));
        assert_eq!(keys(&typist.text("1").unwrap())[0], (2, true));
    }

    #[test]
    fn a_text_with_an_untypable_character_is_named_and_leaves_nothing_held() {
        let mut typist = Typist::new(Us);
        typist.key(us::LEFT_ALT, true);
        assert_eq!(typist.text("Aß"), Err(Untypable::Character('ß')));
        assert_eq!(typist.held, [us::LEFT_ALT]);
        assert_eq!(typist.text("\u{7}"), Err(Untypable::Character('\u{7}')));
    }

    #[test]
    fn a_keysym_goes_up_on_the_key_that_it_went_down_on() {
        let mut typist = Typist::new(Spare::new());
        let down = keys(&typist.keysym(Keysym(0xdf), true).unwrap());
        typist.key(SHIFT, true);
        let up = keys(&typist.keysym(Keysym(0xdf), false).unwrap());
        assert_eq!((down[0].0, true, up[0].0, false), (up[0].0, down[0].1, down[0].0, up[0].1));
        assert!(typist.keysym(Keysym(0xdf), false).unwrap().is_empty());
    }

    #[test]
    fn a_tap_holds_its_modifiers_and_puts_back_only_its_own() {
        let mut typist = Typist::new(Us);
        typist.key(us::LEFT_CTRL, true);
        let modifiers = Modifiers { shift: true, ctrl: true, ..Modifiers::default() };
        let steps = keys(&typist.tap(Keysym(0x74), modifiers).unwrap());
        assert_eq!(steps, [(SHIFT, true), (20, true), (20, false), (SHIFT, false)]);
    }

    #[test]
    fn everything_held_is_released() {
        let mut typist = Typist::new(Spare::new());
        typist.key(us::LEFT_CTRL, true);
        typist.keysym(Keysym(0x0100_3042), true).unwrap();
        assert_eq!(keys(&typist.release()).len(), 2);
        assert_eq!(typist.release(), []);
    }

    /// Any of what a client can send.
    #[derive(Debug, Clone)]
    enum Input {
        Key(u16, bool),
        Keysym(u32, bool),
        Tap(u32, bool, bool),
        Text(String),
    }

    fn input() -> impl Strategy<Value = Input> {
        let keysym = || prop_oneof![0x20u32..0x7f, 0xa0u32..0x100, 0x0100_3042u32..0x0100_3060, 0xffe1u32..0xffee];
        prop_oneof![
            (1u16..130, any::<bool>()).prop_map(|(code, down)| Input::Key(code, down)),
            (keysym(), any::<bool>()).prop_map(|(keysym, down)| Input::Keysym(keysym, down)),
            (keysym(), any::<bool>(), any::<bool>()).prop_map(|(keysym, shift, ctrl)| Input::Tap(keysym, shift, ctrl)),
            "[a-zA-Zäöüß一-丐\n]{0,80}".prop_map(Input::Text),
        ]
    }

    fn steps<L: Layout>(typist: &mut Typist<L>, input: Input) -> Vec<Step> {
        let steps = match input {
            Input::Key(code, down) => Ok(typist.key(code, down)),
            Input::Keysym(keysym, down) => typist.keysym(Keysym(keysym), down),
            Input::Tap(keysym, shift, ctrl) => {
                typist.tap(Keysym(keysym), Modifiers { shift, ctrl, ..Modifiers::default() })
            }
            Input::Text(text) => typist.text(&text),
        };
        steps.unwrap()
    }

    proptest! {
        #[test]
        fn keys_go_down_and_up_in_turn_and_all_are_up_in_the_end(inputs in prop::collection::vec(input(), 0..30)) {
            let mut typist = Typist::new(Spare::new());
            let mut all: Vec<Step> = inputs.into_iter().flat_map(|input| steps(&mut typist, input)).collect();
            all.extend(typist.release());
            let mut down = BTreeMap::new();
            for (code, is_down) in keys(&all) {
                prop_assert_ne!(down.insert(code, is_down).unwrap_or(false), is_down, "key {}", code);
            }
            prop_assert!(down.values().all(|is_down| !is_down));
        }

        #[test]
        fn a_text_means_what_it_says_in_the_keymaps_that_go_with_it(text in "[ -~ä-ÿ一-丰あ-ん]{0,200}") {
            let typed = Typist::new(Spare::new()).text(&text).unwrap();
            let (mut read, mut shift, mut extra) = (Vec::new(), false, BTreeMap::new());
            for step in typed {
                match step {
                    Step::Keymap(keymap) => extra = verbatim(&keymap),
                    Step::Key { code: us::LEFT_SHIFT, down } => shift = down,
                    Step::Key { code, down: true } => read.push(extra.get(&code).copied().unwrap_or_else(|| {
                        let key = us::keys().find(|key| key.code == code).unwrap();
                        if shift { key.shifted } else { key.base }
                    })),
                    Step::Key { .. } => {}
                }
            }
            let wanted: Vec<u32> = text.chars().map(|c| us::keysym(c).unwrap()).collect();
            prop_assert_eq!(read, wanted);
        }
    }

    /// Keys that a keymap has beside the American ones.
    fn verbatim(keymap: &str) -> BTreeMap<u16, u32> {
        let lines = keymap.lines().filter(|line| line.contains("\"VERBATIM\", ["));
        lines
            .map(|line| {
                let code: u16 = line[5..line.find('>').unwrap()].parse().unwrap();
                let keysym = line[line.find("0x").unwrap() + 2..].split(' ').next().unwrap();
                (code - 8, u32::from_str_radix(keysym, 16).unwrap())
            })
            .collect()
    }
}
