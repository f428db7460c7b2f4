//! The keymaps under libxkbcommon's own compiler, which reads them as compositors do.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use lunette_input_events::{KeyCode, KeymapBuilder, Keysym, type_text, us_keymap};

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
fn meanings(compiled: &str) -> BTreeMap<String, String> {
    let line = |line: &str| {
        let (key, symbols) = line.trim().strip_prefix("key <K")?.split_once('>')?;
        let symbols = symbols.split_once('[')?.1.split_once(']')?.0;
        Some((key.to_owned(), symbols.split_whitespace().collect::<Vec<_>>().join(" ")))
    };
    compiled.lines().filter_map(line).collect()
}

fn compiles(name: &str, keymap: &str) -> Option<BTreeMap<String, String>> {
    let Some(outcome) = compiled(keymap) else {
        println!("NOT RUN: {name}: xkbcli of libxkbcommon-tools is not installed");
        return None;
    };
    Some(meanings(&outcome.unwrap_or_else(|error| panic!("{error}\n{keymap}"))))
}

#[test]
fn any_text_has_a_keymap_that_compiles() {
    let text =
        "Grüße, Straße!\nÇa va où? œuf\tひらがなカタカナ 漢字 😀👩\u{200d}💻 e\u{301} \"'\\<>{}[];#$%~`@^&|€ЖΩאے";
    let pieces = type_text(text).unwrap();
    let Some(meanings) = compiles("any_text_has_a_keymap_that_compiles", &pieces[0].keymap) else { return };
    let name = |KeyCode(code): KeyCode| meanings[&format!("{code:03}")].clone();
    let typed: Vec<_> = pieces[0].keys.iter().map(|code| name(*code)).collect();
    let at = |char: char| typed[text.chars().position(|other| other == char).unwrap()].as_str();
    assert_eq!([at('G'), at('r'), at('\n'), at('\t'), at('ひ')], ["G", "r", "Return", "Tab", "U3072"]);
    assert_eq!(
        [at('ü'), at('😀').trim_start_matches(['U', '0']), at('\u{200d}'), at('<')],
        ["udiaeresis", "1F600", "U200D", "less"]
    );
    for (char, name) in text.chars().zip(&typed) {
        assert!(name != "NoSymbol", "{char:?}");
    }
}

#[test]
fn a_full_keymap_compiles() {
    let mut builder = KeymapBuilder::new();
    for n in 0..160 {
        builder.assign(Keysym(0x0100_4e00 + n)).unwrap();
    }
    let Some(meanings) = compiles("a_full_keymap_compiles", &builder.keymap()) else { return };
    assert_eq!(meanings.values().filter(|name| name.starts_with("U4E") || name.starts_with("U4F")).count(), 160);
}

#[test]
fn every_named_key_compiles_alone() {
    let names = ["Left", "F24", "XF86AudioPlay", "KP_Enter", "Hangul_Hanja", "ISO_Left_Tab", "Print", "Henkan", "Redo"];
    let mut builder = KeymapBuilder::new();
    for name in names {
        builder.assign(lunette_input_events::parse_chord(name).unwrap().keysym).unwrap();
    }
    builder.assign(Keysym(0x1008_ffb2)).unwrap();
    let Some(meanings) = compiles("every_named_key_compiles_alone", &builder.keymap()) else { return };
    for name in names {
        assert!(meanings.values().any(|meaning| meaning == name || meaning == &format!("{name}_Mode")), "{name}");
    }
}

#[test]
fn the_american_keymap_is_what_everybody_has() {
    let Some(meanings) = compiles("the_american_keymap_is_what_everybody_has", &us_keymap()) else { return };
    for (key, symbols) in [
        ("030", "a, A"),
        ("002", "1, exclam"),
        ("041", "grave, asciitilde"),
        ("057", "space"),
        ("001", "Escape"),
        ("100", "Alt_R"),
        ("125", "Super_L"),
        ("127", "Menu"),
        ("082", "KP_0"),
        ("113", "XF86AudioMute"),
    ] {
        assert_eq!(meanings[key], symbols, "{key}");
    }
}

#[test]
fn the_american_keymap_agrees_with_the_one_that_is_installed() {
    let name = "the_american_keymap_agrees_with_the_one_that_is_installed";
    let Some(ours) = compiles(name, &us_keymap()) else { return };
    let output = Command::new("xkbcli").args(["compile-keymap", "--layout", "us"]).output().unwrap();
    if !output.stdout.starts_with(b"xkb_keymap") {
        println!("NOT RUN: {name}: the keyboard layouts of xkb-data are not installed");
        return;
    }
    let theirs = by_code(&String::from_utf8(output.stdout).unwrap());
    // The keypad always enters digits here, its comma is not a second decimal point, and F13 is F13.
    let differs = |code: u16| matches!(code, 71..=83 | 121 | 183..=194);
    let (mut compared, mut wrong) = (0, Vec::new());
    for (code, symbols) in ours {
        let code: u16 = code.parse().unwrap();
        let Some(expected) = theirs.get(&code).filter(|_| !differs(code)) else { continue };
        compared += 1;
        if !expected.starts_with(&symbols) {
            wrong.push(format!("{code}: {symbols}, there {expected}"));
        }
    }
    assert!(wrong.is_empty() && compared > 100, "{compared} compared: {wrong:#?}");
}

/// The meanings by the kernel's code, of a keymap whose keys have other names than ours.
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
