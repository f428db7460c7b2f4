//! What is typed arrives.

use std::fs;

use anyhow::{Result, ensure};
use lunette_desktop_session::InputSink as _;
use lunette_input_events::{Event, KeyCode, Keysym, Modifiers};

use crate::common::wait;
use crate::fixture::{Sway, with};

/// Types, and waits until the terminal has it.
fn arrives(sway: &Sway, events: &[Event], expected: &str) -> Result<()> {
    let file = sway.path("typed");
    let mut sink = sway.sink()?;
    let terminal = sway.terminal(&file)?;
    for event in events {
        sink.send(event)?;
    }
    sink.flush()?;
    let arrived = wait("as many bytes as were typed", || {
        let bytes = fs::read(&file)?;
        Ok((bytes.len() >= expected.len()).then_some(bytes))
    });
    drop(terminal);
    let arrived = arrived.map_or_else(|_| fs::read(&file), Ok)?;
    let arrived = String::from_utf8_lossy(&arrived);
    ensure!(arrived == expected, "typed {expected:?}, arrived {arrived:?}");
    Ok(())
}

fn text(text: &str) -> Event {
    Event::Text(text.to_owned())
}

#[test]
fn any_script_arrives_as_it_was_typed() {
    with("any_script_arrives_as_it_was_typed", &["foot"], |sway| {
        let typed = "Hello, World! ~`|\\ Größe süß ÄÖÜẞ; ça va? Où, déjà, œuvre, ÿ; ひらがな カタカナ 漢字; \
                     Ελληνικά русский עברית; € ½ – “…”; 😀 👩\u{200d}💻 🇩🇪 ❤\u{fe0f}.";
        arrives(sway, &[text(typed)], typed)
    });
}

#[test]
fn a_text_with_more_characters_than_keys_arrives() {
    with("a_text_with_more_characters_than_keys_arrives", &["foot"], |sway| {
        let mut typed: String = ('一'..'丐').chain('あ'..'ん').chain('А'..'я').chain(' '..'~').collect();
        typed = typed.repeat(3);
        arrives(sway, &[text(&typed)], &typed)
    });
}

#[test]
fn keys_between_texts_mean_what_they_always_do() {
    with("keys_between_texts_mean_what_they_always_do", &["foot"], |sway| {
        let key = |code| [true, false].map(|down| Event::Key { code: KeyCode(code), down });
        let mut events = vec![text("ß")];
        events.extend(key(30));
        events.push(text("あ"));
        events.push(Event::Key { code: KeyCode(42), down: true });
        events.extend(key(48));
        events.push(text("é"));
        events.extend(key(46));
        events.push(Event::Key { code: KeyCode(42), down: false });
        events.extend(key(32));
        arrives(sway, &events, "ßaあBéCd")
    });
}

#[test]
fn keysyms_and_taps_arrive() {
    with("keysyms_and_taps_arrive", &["foot"], |sway| {
        let keysym = |keysym| [true, false].map(|down| Event::Keysym { keysym: Keysym(keysym), down });
        let mut events: Vec<Event> = [0x61, 0x41, 0xdf, 0x0100_3042, 0xff0d].into_iter().flat_map(keysym).collect();
        let ctrl = Modifiers { ctrl: true, ..Modifiers::default() };
        events.push(Event::Tap { keysym: Keysym(0x61), modifiers: ctrl });
        events.push(Event::Tap { keysym: Keysym(0xe4), modifiers: Modifiers::default() });
        // Held by its keysym, as a soft keyboard does.
        events.push(Event::Keysym { keysym: Keysym(0xffe1), down: true });
        events.extend(keysym(0x2f));
        events.push(Event::Keysym { keysym: Keysym(0xffe1), down: false });
        arrives(sway, &events, "aAßあ\r\u{1}ä/")
    });
}

#[test]
fn caps_lock_changes_keys_and_no_text() {
    with("caps_lock_changes_keys_and_no_text", &["foot"], |sway| {
        let key = |code| [true, false].map(|down| Event::Key { code: KeyCode(code), down });
        let mut events: Vec<Event> = key(58).into();
        events.extend(key(30));
        events.push(text("aA1ä"));
        events.extend(key(58));
        events.extend(key(30));
        arrives(sway, &events, "AaA1äa")
    });
}

#[test]
fn a_text_in_a_burst_loses_nothing() {
    with("a_text_in_a_burst_loses_nothing", &["foot"], |sway| {
        let typed = "The quick brown fox jumps over the lazy dog. ".repeat(100);
        let events: Vec<Event> =
            typed.as_bytes().chunks(500).map(|part| text(&String::from_utf8_lossy(part))).collect();
        arrives(sway, &events, &typed)
    });
}
