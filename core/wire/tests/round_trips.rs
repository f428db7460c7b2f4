//! What is encoded is decoded, for every message.

mod common;

use bytes::Buf;
use common::{bytes, feed, message, scanout, session, size};
use lunette_wire::Token;
use lunette_wire::hxfr::{Header, Message, Received, SessionId};
use lunette_wire::lease::{LeaseOptions, LongReply, Reply, Request};
use proptest::prelude::*;

/// Types and the sizes of their fields.
const FIXED: &[(u8, usize)] = &[
    (0x01, 44),
    (0x02, 24),
    (0x04, 28),
    (0x20, 16),
    (0x21, 4),
    (0x22, 72),
    (0x30, 4),
    (0x31, 8),
    (0x40, 32),
    (0x41, 36),
    (0x45, 24),
    (0xff, 260),
];

proptest! {
    #[test]
    fn every_message_survives(message in message(), session in session()) {
        let wire = bytes(&message, session);
        let (received, error) = feed([&wire[..]]);
        prop_assert_eq!(received, [Received { session, body: Ok(message) }]);
        prop_assert_eq!(error, None);
    }

    #[test]
    fn a_payload_decodes_without_a_framer(message in message(), session in session()) {
        let mut wire = bytes(&message, session);
        let header = Header::decode(wire.first_chunk().expect("a header")).expect("our magic");
        wire.advance(Header::LEN);
        prop_assert_eq!(header.payload_size as usize, wire.len());
        prop_assert_eq!(Message::decode(&header, wire.freeze()), Ok(message));
    }

    #[test]
    fn what_decodes_is_encoded_without_loss(
        (code, size) in prop::sample::select(FIXED), flags: u8, noise in prop::array::uniform32(any::<u8>())
    ) {
        let header = Header { msg_type: code, flags, session: SessionId::NONE, payload_size: 0 };
        let payload: Vec<_> = noise.into_iter().cycle().take(size).collect();
        if let Ok(message) = Message::decode(&header, payload.into()) {
            let wire = bytes(&message, SessionId::NONE);
            let (received, _) = feed([&wire[..]]);
            let again = received[0].body.as_ref().expect("our own bytes");
            // Not the messages: text that is no UTF-8 or fills its field is settled by the first encoding.
            prop_assert_eq!(bytes(again, SessionId::NONE), wire);
        }
    }

    #[test]
    fn lease_requests_survive(size in size(), scanout in scanout()) {
        let with = |light_crtc| Request::lease_with(size, LeaseOptions { light_crtc });
        for request in [Request::lease(size), with(false), with(true), Request::Release { scanout }] {
            prop_assert_eq!(Request::decode(&request.encode()), Ok(request));
        }
    }

    #[test]
    fn any_lease_request_decodes_to_an_error_or_to_what_encodes_the_same(bytes in prop::collection::vec(0u8..5, 0..15)) {
        if let Ok(request) = Request::decode(&bytes) {
            prop_assert_eq!(Request::decode(&request.encode()), Ok(request));
        }
    }

    #[test]
    fn long_lease_replies_survive(scanout in scanout(), text in "[^\0]{0,16}", token in 1u8..) {
        let granted = Reply::Granted { scanout, connector: text.clone() };
        let refused = LongReply { reply: Reply::Refused { reason: text }, token: None };
        for reply in [LongReply { reply: granted, token: Some(Token::new([token; 32])) }, refused] {
            prop_assert_eq!(LongReply::decode(&reply.encode()), Ok(reply));
        }
    }

    #[test]
    fn lease_replies_survive(scanout in scanout(), text in "[^\0]{0,16}") {
        for reply in [Reply::Granted { scanout, connector: text.clone() }, Reply::Refused { reason: text }] {
            prop_assert_eq!(Reply::decode(&reply.encode()), Ok(reply));
        }
    }
}
