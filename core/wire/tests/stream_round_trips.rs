//! The stream at random: what is encoded decodes to the same, and what is noise does no harm.

mod common;

use common::stream::{client_message, init, input_message, server_message};
use lunette_wire::stream::{
    ClientControl, ClientMessage, Init, InputMessage, ServerControl, ServerMessage, ServerText,
};
use proptest::prelude::*;

/// Bytes that are often nearly messages: known types, and kinds that some of them know.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let kind =
        prop_oneof![0x01..=0x06_u8, 0x10..=0x17_u8, 0x20..=0x20_u8, 0x30..=0x31_u8, 0x40..=0x43_u8, 0x50..=0x58_u8];
    let typed = (kind, 0..5_u8, prop::collection::vec(any::<u8>(), 0..60))
        .prop_map(|(kind, sub, rest)| [vec![kind, sub], rest].concat());
    prop_oneof![3 => typed, 1 => prop::collection::vec(any::<u8>(), 0..60)]
}

proptest! {
    #[test]
    fn client_messages_survive_the_wire(message in client_message()) {
        prop_assert_eq!(ClientMessage::decode(&message.encode()), Ok(message));
    }

    #[test]
    fn input_messages_survive_the_wire(message in input_message()) {
        prop_assert_eq!(InputMessage::decode(&message.encode()), Ok(message));
    }

    #[test]
    fn server_messages_survive_the_wire(message in server_message()) {
        prop_assert_eq!(ServerMessage::decode(&message.encode()), Ok(message));
    }

    #[test]
    fn an_init_survives_the_wire(init in init()) {
        prop_assert_eq!(Init::parse(&init.to_json()), Ok(init));
    }

    #[test]
    fn bytes_behind_the_last_field_mean_nothing(message in input_message(), more in prop::collection::vec(any::<u8>(), 1..9)) {
        let InputMessage::Input(input) = message else { return Ok(()) };
        if !matches!(input, lunette_wire::stream::Input::Text(_)) {
            let message = ClientMessage::Input(input);
            let longer = [&message.encode()[..], &more].concat();
            prop_assert_eq!(ClientMessage::decode(&longer), Ok(message));
        }
    }

    #[test]
    fn every_input_that_decodes_is_an_event(wire in noise()) {
        if let Ok(ClientMessage::Input(input)) = ClientMessage::decode(&wire) {
            prop_assert!(input.into_event().is_some());
        }
        if let Ok(message) = InputMessage::decode(&wire) {
            prop_assert!(message.into_event().is_some());
        }
    }

    #[test]
    fn noise_is_a_value_or_an_error(wire in noise()) {
        if let Ok(message) = ClientMessage::decode(&wire) {
            prop_assert_eq!(ClientMessage::decode(&message.encode()), Ok(message));
        }
        if let Ok(message) = ServerMessage::decode(&wire) {
            prop_assert_eq!(ServerMessage::decode(&message.encode()), Ok(message));
        }
    }

    #[test]
    fn text_that_is_noise_is_a_value_or_an_error(text in "(\\{|\"type\":|\"init\"|,|\"fps\":|-?[0-9]{1,25}|\\}|[\\[\\]]){0,9}") {
        let _ = Init::parse(&text);
        let _ = ServerText::decode(&text);
        let _ = ClientControl::from_json(text.as_bytes());
        let _ = ServerControl::from_json(text.as_bytes());
    }
}
