//! Messages of a server, binary and text: whatever decodes encodes to bytes that decode to the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lunette_wire::stream::{ServerMessage, ServerText};

fuzz_target!(|data: &[u8]| {
    if let Ok(message) = ServerMessage::decode(data) {
        assert_eq!(ServerMessage::decode(&message.encode()), Ok(message));
    }
    if let Some(Ok(text)) = str::from_utf8(data).ok().map(ServerText::decode) {
        assert_eq!(ServerText::decode(&text.encode()), Ok(text));
    }
});
