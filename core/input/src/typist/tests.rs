use proptest::prelude::*;

use super::*;
use crate::{Chord, parse_chord, us};

const SHIFT: u16 = KeyCode::SHIFT.0;

fn keys(steps: &[Step]) -> Vec<(u16, bool)> {
    let key = |step: &Step| match step {
        Step::Key { code, down } => Some((code.0, *down)),
        Step::Keymap(_) => None,
    };
    steps.iter().filter_map(key).collect()
}

#[test]
fn shift_stays_down_through_a_word_in_capitals() {
    let steps = Typist::american().text("ABc").unwrap();
    let expected = [(SHIFT, true), (30, true), (30, false), (48, true), (48, false), (SHIFT, false)];
    assert_eq!(keys(&steps)[..6], expected);
    assert_eq!(keys(&steps)[6..], [(46, true), (46, false)]);
}

#[test]
fn held_modifiers_do_not_touch_a_text() {
    let mut typist = Typist::american();
    typist.key(KeyCode::CTRL, true);
    let steps = keys(&typist.text("a").unwrap());
    assert_eq!(steps, [(29, false), (30, true), (30, false), (29, true)]);
}

#[test]
fn caps_lock_does_not_touch_a_text() {
    let mut typist = Typist::american();
    typist.key(KeyCode::CAPS_LOCK, true);
    typist.key(KeyCode::CAPS_LOCK, false);
    assert_eq!(keys(&typist.text("A").unwrap()), [(30, true), (30, false)]);
    assert_eq!(keys(&typist.text("a").unwrap())[0], (SHIFT, true));
    assert_eq!(keys(&typist.text("1").unwrap())[0], (2, true));
}

#[test]
fn a_text_with_an_untypable_character_is_named_and_leaves_nothing_held() {
    let mut typist = Typist::american();
    typist.key(KeyCode::ALT, true);
    assert_eq!(typist.text("Aß"), Err(Untypable::Character('ß')));
    assert_eq!(typist.held, [KeyCode::ALT]);
    assert_eq!(typist.text("\u{7}"), Err(Untypable::Character('\u{7}')));
}

#[test]
fn a_keysym_goes_up_on_the_key_that_it_went_down_on() {
    let mut typist = Typist::any();
    let down = keys(&typist.keysym(Keysym(0xdf), true).unwrap());
    typist.key(KeyCode::SHIFT, true);
    let up = keys(&typist.keysym(Keysym(0xdf), false).unwrap());
    assert_eq!((down[0].0, true, up[0].0, false), (up[0].0, down[0].1, down[0].0, up[0].1));
    assert!(typist.keysym(Keysym(0xdf), false).unwrap().is_empty());
}

#[test]
fn a_tap_holds_its_modifiers_and_puts_back_only_its_own() {
    let mut typist = Typist::american();
    typist.key(KeyCode::CTRL, true);
    let modifiers = Modifiers { shift: true, ctrl: true, ..Modifiers::default() };
    let steps = keys(&typist.tap(Keysym(0x74), modifiers).unwrap());
    assert_eq!(steps, [(SHIFT, true), (20, true), (20, false), (SHIFT, false)]);
}

#[test]
fn a_chord_is_pressed_around_its_key() {
    let press = |text| keys(&Typist::american().handle(&parse_chord(text).unwrap().tap()).unwrap());
    let ctrl_capital = [(29, true), (SHIFT, true), (20, true), (20, false), (SHIFT, false), (29, false)];
    assert_eq!(press("ctrl+T"), ctrl_capital);
    assert_eq!(press("ctrl+alt+Delete")[2..4], [(111, true), (111, false)]);
    assert_eq!(press("super"), [(125, true), (125, false)]);
    let kana = parse_chord("U3042").unwrap();
    assert_eq!(Typist::american().handle(&kana.tap()), Err(Untypable::Keysym(kana.keysym)));
}

#[test]
fn every_line_end_is_one_return() {
    for text in ["a\nb", "a\r\nb", "a\rb"] {
        let steps = keys(&Typist::american().text(text).unwrap());
        assert_eq!(steps[2..4], [(28, true), (28, false)], "{text:?}");
        assert_eq!(steps.len(), 6, "{text:?}");
    }
}

#[test]
fn everything_held_is_released() {
    let mut typist = Typist::any();
    typist.key(KeyCode::CTRL, true);
    typist.keysym(Keysym(0x0100_3042), true).unwrap();
    assert_eq!(keys(&typist.release()).len(), 2);
    assert_eq!(typist.release(), []);
}

/// Any of what a client can send.
fn event() -> impl Strategy<Value = Event> {
    let keysym = || {
        let numbers = prop_oneof![0x20u32..0x7f, 0xa0u32..0x100, 0x0100_3042u32..0x0100_3060, 0xffe1u32..0xffee];
        numbers.prop_map(Keysym)
    };
    prop_oneof![
        (1u16..130, any::<bool>()).prop_map(|(code, down)| Event::Key { code: KeyCode(code), down }),
        (keysym(), any::<bool>()).prop_map(|(keysym, down)| Event::Keysym { keysym, down }),
        (keysym(), 0u8..16).prop_map(|(keysym, bits)| Chord { keysym, modifiers: Modifiers::from_bits(bits) }.tap()),
        "[a-zA-Zäöüß一-丐\n]{0,80}".prop_map(Event::Text),
    ]
}

proptest! {
    #[test]
    fn keys_go_down_and_up_in_turn_and_all_are_up_in_the_end(events in prop::collection::vec(event(), 0..30)) {
        let mut typist = Typist::any();
        let mut all: Vec<Step> = events.iter().flat_map(|event| typist.handle(event).unwrap()).collect();
        all.extend(typist.release());
        let mut down = BTreeMap::new();
        for (code, is_down) in keys(&all) {
            prop_assert_ne!(down.insert(code, is_down).unwrap_or(false), is_down, "key {}", code);
        }
        prop_assert!(down.values().all(|is_down| !is_down));
    }

    #[test]
    fn a_text_means_what_it_says_in_the_keymaps_that_go_with_it(text in "[ -~ä-ÿ一-丰あ-ん]{0,200}") {
        prop_assert_eq!(read(Typist::any().text(&text).unwrap()), meant(&text));
    }

    #[test]
    fn american_text_means_what_it_says_at_any_keyboard(text in "[ -~\\n\\t]{0,60}") {
        for mut typist in [Typist::american(), Typist::any()] {
            let steps = typist.text(&text).unwrap();
            prop_assert!(!steps.iter().any(|step| matches!(step, Step::Keymap(_))));
            prop_assert_eq!(read(steps), meant(&text));
            prop_assert_eq!(typist.release(), []);
        }
    }

    #[test]
    fn any_text_is_typed(text in "\\PC{0,300}") {
        prop_assert_eq!(read(Typist::any().text(&text).unwrap()), meant(&text));
    }
}

fn meant(text: &str) -> Vec<Keysym> {
    text.chars().map(|char| Keysym::from_char(char).unwrap()).collect()
}

/// What the steps enter.
fn read(steps: Vec<Step>) -> Vec<Keysym> {
    let (mut read, mut shift, mut extra) = (Vec::new(), false, BTreeMap::new());
    for step in steps {
        match step {
            Step::Keymap(keymap) => extra = verbatim(&keymap),
            Step::Key { code: KeyCode::SHIFT, down } => shift = down,
            Step::Key { code, down: true } => read.push(extra.get(&code).copied().unwrap_or_else(|| {
                let key = us::keys().find(|key| key.code == code).unwrap();
                if shift { key.shifted } else { key.base }
            })),
            Step::Key { .. } => {}
        }
    }
    read
}

/// Keys that a keymap has beside the American ones.
fn verbatim(keymap: &str) -> BTreeMap<KeyCode, Keysym> {
    let lines = keymap.lines().filter(|line| line.contains("\"VERBATIM\", ["));
    let key = |line: &str| {
        let code: u16 = line[5..line.find('>').unwrap()].parse().unwrap();
        let keysym = line[line.find("0x").unwrap() + 2..].split(' ').next().unwrap();
        (KeyCode(code - 8), Keysym(u32::from_str_radix(keysym, 16).unwrap()))
    };
    lines.map(key).collect()
}
