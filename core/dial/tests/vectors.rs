//! The byte examples of `docs/protocol-dial.md`.

#![forbid(unsafe_code)]

use lunette_dial::{ConnPath, DialerId, Frame, Frames, Lines, Message, RequestId};

const PAGE: &str = include_str!("../../../docs/protocol-dial.md");

/// The text of the block that begins with this line.
fn block(kind: &str, name: &str) -> String {
    let (_, after) = PAGE.split_once(&format!("```{kind} {name}\n")).expect("a block of this name");
    after.split_once("```").expect("its end").0.to_owned()
}

fn path() -> ConnPath {
    let dialer = "00112233445566778899aabbccddeeff".parse::<DialerId>().expect("an id");
    ConnPath { dialer, request: "ffeeddccbbaa99887766554433221100".parse::<RequestId>().expect("an id") }
}

#[test]
fn lines_are_as_the_page_says() {
    let why = "cannot connect to localhost:9876: Connection refused".to_owned();
    let messages = [
        ("keep-alive", Message::KeepAlive),
        ("conn-ready", Message::ConnReady(path().to_string())),
        ("pickup-failed", Message::PickupFailed { path: path().to_string(), why }),
    ];
    for (name, message) in messages {
        let line = block("dial-line", name);
        assert_eq!(String::from_utf8(message.encode()).expect("text"), line);
        let mut read = Vec::new();
        Lines::default().push(line.as_bytes(), |message| read.push(message)).expect("a line");
        assert_eq!(read, [message]);
    }
}

#[test]
fn frames_are_as_the_page_says() {
    let frames = [
        ("close-1012", Frame::close(1012, "the way to the desktop was cut", None)),
        ("ping", Frame::ping(b"lunette", None)),
    ];
    for (name, frame) in frames {
        let text = block("dial-frame", name);
        let words = text.lines().flat_map(|line| line.split('#').next().unwrap_or_default().split_whitespace());
        let bytes: Vec<u8> = words.map(|word| u8::from_str_radix(word, 16).expect("a byte")).collect();
        assert_eq!(frame.bytes(), &bytes, "{name}");
        let mut reader = Frames::new(false);
        reader.push(&bytes);
        assert_eq!(reader.next_frame(), Ok(Some(frame)));
    }
}

#[test]
fn every_example_of_the_page_is_tested() {
    let blocks = PAGE.lines().filter(|line| line.starts_with("```dial-")).count();
    assert_eq!(blocks, 5);
}
