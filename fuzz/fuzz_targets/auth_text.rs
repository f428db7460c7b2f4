//! What strangers write: header fields, token files, keys and text. Nothing panics, and nobody comes in by a host or an
//! origin that is not ours.
//!
//! Input: one byte that says which, then lines.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lunette_auth::{Doors, Effect, Field, Grants, Heads, from_authorization, from_protocols};
use lunette_input_events::{Event, Typist, parse_chord};

fuzz_target!(|data: &[u8]| {
    let Some((which, rest)) = data.split_first() else { return };
    match which % 5 {
        0 => doors(rest),
        1 => flags(rest),
        2 => bearer(rest),
        3 => grants(rest),
        _ => keys(rest),
    }
});

fn lines(data: &[u8]) -> Vec<&[u8]> {
    data.split(|byte| *byte == b'\n').collect()
}

fn field<'a>(line: Option<&&'a [u8]>) -> Field<'a> {
    Field::of(line.copied().filter(|line| !line.is_empty()))
}

fn doors(data: &[u8]) {
    let doors = Doors::new("127.0.0.1:8080".parse().expect("an address"), [], []).expect("no flags");
    let lines = lines(data);
    let heads = Heads { host: field(lines.first()), origin: field(lines.get(1)), fetch_site: field(lines.get(2)) };
    if doors.check(&heads, Effect::Changes).is_err() {
        return;
    }
    let Field::Once(host) = heads.host else { panic!("in without a host") };
    let host = host.to_ascii_lowercase();
    let name = host.rsplit_once(':').filter(|(_, port)| !port.contains(']')).map_or(&*host, |(name, _)| name);
    assert!(name == "localhost" || name.starts_with("127.") || name.starts_with('['), "{name}");
    if let Field::Once(origin) = heads.origin {
        let origin = origin.to_ascii_lowercase();
        assert!(origin.contains("://localhost") || origin.contains("://127.") || origin.contains("://["), "{origin}");
    }
}

fn flags(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let bound = "10.0.0.1:80".parse().expect("an address");
    for line in text.lines() {
        if let Ok(doors) = Doors::new(bound, [line], []) {
            let heads = Heads { host: Field::Once(line), origin: Field::Absent, fetch_site: Field::Absent };
            assert!(line.starts_with("*.") || doors.check(&heads, Effect::Changes).is_ok(), "{line} is not itself");
        }
        let _ = Doors::new(bound, [], [line]);
    }
}

fn bearer(data: &[u8]) {
    let lines = lines(data);
    let (first, others) = lines.split_first().expect("a split has a part");
    let authorization = from_authorization(Field::of([*first]));
    let offer = from_protocols(others.iter().copied());
    if let (Ok(authorization), Ok(offer)) = (authorization, offer)
        && let Ok(Some(token)) = offer.or(authorization)
    {
        assert!(token.len() <= 256);
        let _ = Grants::parse(b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").expect("a token").judge(Some(token));
    }
}

fn grants(data: &[u8]) {
    match Grants::parse(data) {
        Ok(grants) => assert!(!grants.is_open() && grants.judge(None).is_err()),
        Err(error) => assert!(error.to_string().len() < 200),
    }
}

fn keys(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(chord) = parse_chord(text) {
        assert_eq!(parse_chord(&chord.to_string()), Ok(chord));
    }
    let text = Event::Text(text.to_owned());
    let (mut american, mut any) = (Typist::american(), Typist::any());
    let typed = any.handle(&text).is_ok();
    assert!(american.handle(&text).is_err() || typed, "what American keys enter, any keymap does");
    assert!(american.release().is_empty() && any.release().is_empty(), "a text leaves nothing held");
}
