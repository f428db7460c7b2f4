//! Whatever the events are.

use lunette_uevent::{Event, kernel, message};
use proptest::prelude::*;

/// Values hold anything but NUL; those that must be there are not empty.
fn events() -> impl Strategy<Value = Event> {
    let text = "[a-z/:=\\-é ]{1,24}";
    let extra = proptest::collection::btree_map("X[A-Z_]{0,8}", "[^\0]{0,40}", 0..12);
    (text, text, text, any::<u64>(), extra).prop_map(|(action, path, subsystem, seqnum, extra)| {
        let event = Event::new(&action, &path, &subsystem, seqnum);
        extra.iter().fold(event, |event, (key, value)| event.with(key, value))
    })
}

proptest! {
    #[test]
    fn a_message_decodes_to_the_event_it_was_made_of(event in events()) {
        let bytes = message::encode(&event).expect("a short event");
        prop_assert_eq!(message::decode(&bytes), Ok(event));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
        let _ = kernel::parse(&bytes);
        let _ = message::decode(&bytes);
    }

    #[test]
    fn a_damaged_message_never_panics(event in events(), at in 0_usize..64, byte in any::<u8>()) {
        let mut bytes = message::encode(&event).expect("a short event");
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = message::decode(&bytes);
    }
}
