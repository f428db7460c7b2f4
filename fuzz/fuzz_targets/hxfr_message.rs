//! Whatever decodes encodes, and its encoding says the same when it is decoded and encoded again.
//!
//! Input: type, flags, then the payload.

#![no_main]

use bytes::{Bytes, BytesMut};
use libfuzzer_sys::fuzz_target;
use lunette_wire::hxfr::{Header, Message, SessionId};

fn encode(message: &Message, session: SessionId) -> BytesMut {
    let mut wire = BytesMut::new();
    message.encode(session, &mut wire).expect("what was within limits stays within");
    wire
}

fuzz_target!(|data: &[u8]| {
    let [msg_type, flags, payload @ ..] = data else { return };
    let session = SessionId::new(7);
    let header = Header { msg_type: *msg_type, flags: *flags, session, payload_size: 0 };
    let Ok(message) = Message::decode(&header, Bytes::copy_from_slice(payload)) else { return };
    if let Message::FrameRequest(request) = &message
        && let Ok(picture) = request.picture()
    {
        assert_eq!(picture.size(), request.size);
    }
    // Bytes are compared, not messages: text that is not UTF-8, or fills its field, is settled by the first encoding.
    let wire = encode(&message, session);
    let header = Header::decode(wire.first_chunk().expect("a header")).expect("our magic");
    let again = Message::decode(&header, Bytes::copy_from_slice(&wire[Header::LEN..])).expect("our own bytes");
    assert_eq!(encode(&again, session), wire);
});
