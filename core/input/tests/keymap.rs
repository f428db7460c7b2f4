//! The keymaps under libxkbcommon's own compiler, which reads them as compositors do.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use lunette_input_events::{Event, KeyCode, Step, Typist, parse_chord};

/// The keymap as libxkbcommon writes it out again; `None` when its tools are not here, `Some(Err)` when it refuses.
fn compiled(keymap: &str) -> Option<Result<String, String>> {
    // Older versions know only the latter.
    let outcomes = ["--keymap", "--from-xkb"].map(|option| run(option, keymap));
    let [newer, older] = outcomes;
    let (newer, older) = (newer?, older?);
    Some(newer.or(older))
}

fn run(option: &str, keymap: &str) -> Option<Result<String, String>> {
    let mut command = Command::new("xkbcli");
    command.args(["compile-keymap", option]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().ok()?;
    // One that does not know the option ends without reading.
    let _ = child.stdin.take().expect("piped").write_all(keymap.as_bytes());
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    // Warnings count: a compositor goes on without what they are about. The status does not: some versions' is inverted.
    let clean = output.stderr.is_empty() && output.stdout.starts_with(b"xkb_keymap");
    Some(if clean { Ok(text(output.stdout)) } else { Err(text(output.stderr)) })
}

/// What libxkbcommon makes of each key, with its levels.
fn compiles(name: &str, keymap: &str) -> Option<BTreeMap<u16, String>> {
    let Some(outcome) = compiled(keymap) else {
        println!("NOT RUN: {name}: xkbcli of libxkbcommon-tools is not installed");
        return None;
    };
    Some(by_code(&outcome.unwrap_or_else(|error| panic!("{error}\n{keymap}"))))
}

/// The last keymap, and the keys that go down.
fn typed(typist: &mut Typist, event: &Event) -> (String, Vec<u16>) {
    let (mut keymap, mut keys) = (typist.keymap(), Vec::new());
    for step in typist.handle(event).expect("every key can be had") {
        match step {
            Step::Keymap(text) => keymap = text,
            Step::Key { code, down: true } if code != KeyCode::SHIFT => keys.push(code.0),
            Step::Key { .. } => {}
        }
    }
    (keymap, keys)
}

#[test]
fn any_text_has_a_keymap_that_compiles() {
    let text = "Grüße, Straße!\nÇa va où? œuf\tひらがなカタカナ 漢字 😀👩\u{200d}💻 e\u{301} €ЖΩאے";
    let (keymap, keys) = typed(&mut Typist::any(), &Event::Text(text.into()));
    let Some(meanings) = compiles("any_text_has_a_keymap_that_compiles", &keymap) else { return };
    let typed: Vec<_> = keys.iter().map(|code| meanings[code].as_str()).collect();
    let at = |char: char| typed[text.chars().position(|other| other == char).unwrap()];
    assert_eq!([at('r'), at('\n'), at('ü'), at('ひ')], ["r, R", "Return", "udiaeresis", "U3072"]);
    assert_eq!([at('😀').trim_start_matches(['U', '0']), at('\u{200d}')], ["1F600", "U200D"]);
    for (char, name) in text.chars().zip(&typed) {
        assert!(*name != "NoSymbol", "{char:?}");
    }
}

#[test]
fn a_keymap_with_all_spare_keys_in_use_compiles() {
    let text: String = ('\u{4e00}'..).take(200).collect();
    let (keymap, _) = typed(&mut Typist::any(), &Event::Text(text));
    let Some(meanings) = compiles("a_keymap_with_all_spare_keys_in_use_compiles", &keymap) else { return };
    assert!(meanings.values().filter(|name| name.starts_with("U4E")).count() >= 40);
}

#[test]
fn every_named_key_means_what_it_is_called() {
    let names = ["Left", "F24", "XF86AudioPlay", "KP_Enter", "KP_7", "Hangul_Hanja", "ISO_Left_Tab", "Meta_L", "Redo"];
    for name in names {
        let (keymap, keys) = typed(&mut Typist::any(), &parse_chord(name).unwrap().tap());
        let Some(meanings) = compiles("every_named_key_means_what_it_is_called", &keymap) else { return };
        assert!(meanings[&keys[0]].split(", ").any(|meaning| meaning == name), "{name}: {}", meanings[&keys[0]]);
    }
}

#[test]
fn the_american_keymap_is_what_everybody_has() {
    let Some(meanings) = compiles("the_american_keymap_is_what_everybody_has", &Typist::american().keymap()) else {
        return;
    };
    for (key, symbols) in [
        (30, "a, A"),
        (2, "1, exclam"),
        (41, "grave, asciitilde"),
        (57, "space"),
        (1, "Escape"),
        (100, "Alt_R"),
        (125, "Super_L"),
        (127, "Menu"),
        (82, "KP_Insert, KP_0"),
        (113, "XF86AudioMute"),
    ] {
        assert_eq!(meanings[&key], symbols, "{key}");
    }
}

#[test]
fn the_american_keymap_agrees_with_the_one_that_is_installed() {
    let name = "the_american_keymap_agrees_with_the_one_that_is_installed";
    let Some(ours) = compiles(name, &Typist::american().keymap()) else { return };
    let output = Command::new("xkbcli").args(["compile-keymap", "--layout", "us"]).output().unwrap();
    if !output.stdout.starts_with(b"xkb_keymap") {
        println!("NOT RUN: {name}: the keyboard layouts of xkb-data are not installed");
        return;
    }
    let theirs = by_code(&String::from_utf8(output.stdout).unwrap());
    // The keypad's comma is not a second decimal point, and F13 is F13.
    let differs = |code: u16| matches!(code, 121 | 183..=194);
    let (mut compared, mut wrong) = (0, Vec::new());
    for (code, symbols) in ours {
        let Some(expected) = theirs.get(&code).filter(|_| !differs(code)) else { continue };
        compared += 1;
        if !expected.starts_with(&symbols) {
            wrong.push(format!("{code}: {symbols}, there {expected}"));
        }
    }
    assert!(wrong.is_empty() && compared > 100, "{compared} compared: {wrong:#?}");
}

/// The meanings by the kernel's code, whatever the keymap calls its keys.
fn by_code(keymap: &str) -> BTreeMap<u16, String> {
    let code = |line: &str| {
        let (name, code) = line.trim().strip_prefix('<')?.split_once('>')?;
        let code: u16 = code.trim_start_matches([' ', '=']).trim_end_matches(';').parse().ok()?;
        Some((name.to_owned(), code.checked_sub(8)?))
    };
    let codes: BTreeMap<String, u16> = keymap.lines().filter_map(code).collect();
    let symbols = keymap.split("xkb_symbols").nth(1).expect("a keymap has symbols");
    let keys = symbols.split("key <").skip(1).filter_map(|key| {
        let (name, rest) = key.split_once('>')?;
        let symbols = rest.split("};").next()?.rsplit_once('[')?.1.split_once(']')?.0;
        Some((*codes.get(name)?, symbols.split_whitespace().collect::<Vec<_>>().join(" ")))
    });
    keys.collect()
}
