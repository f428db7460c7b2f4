//! Lines of the input socket, and what they do to the devices: nothing stays down when the client goes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lunette_frame::Size;
use lunette_input::{ClientId, Hands, line};

fuzz_target!(|data: &[u8]| {
    let mut hands = Hands::new(Size::new(1280, 720));
    for (number, line) in data.split(|byte| *byte == b'\n').enumerate() {
        let Ok(action) = line::parse(line) else { continue };
        let frames = hands.act(ClientId(number as u64 % 3), action).unwrap_or_default();
        assert!(frames.iter().all(|frame| !frame.events.is_empty()));
    }
    for client in (0..3).map(ClientId) {
        hands.release(client);
        assert!(!hands.is_holding(client));
    }
});
