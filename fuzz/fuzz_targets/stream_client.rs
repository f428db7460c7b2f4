//! Messages of a viewer: whatever decodes encodes to bytes that decode to the same, and all input is an event.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lunette_wire::stream::{ClientMessage, InputMessage};

fuzz_target!(|data: &[u8]| {
    if let Ok(message) = ClientMessage::decode(data) {
        assert_eq!(ClientMessage::decode(&message.encode()), Ok(message.clone()));
        assert_eq!(matches!(message, ClientMessage::Input(_)), message.into_event().is_some());
    }
    if let Ok(message) = InputMessage::decode(data) {
        assert_eq!(InputMessage::decode(&message.encode()), Ok(message.clone()));
        assert!(message.into_event().is_some());
    }
});
