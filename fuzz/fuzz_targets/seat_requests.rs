//! A compositor that sends anything: nothing panics, pieces mean the same as the whole, only own devices are opened.
//!
//! Input: one byte that sets the size of the pieces, then the stream.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use lunette_seat::{
    Action, CardName, Connection, Device, Dialect, EventName, MAX_DEVICES, Policy, Reply, SeatName, Violation,
};

type Outcome = (Vec<Reply>, Option<Violation>);

fn own() -> Policy {
    Policy { card: Some(CardName::new(0)), inputs: [EventName::new(3)].into(), ..Policy::default() }
}

fn converse(stream: &[u8], size: usize) -> Outcome {
    let mut connection = Connection::new(Arc::new(own()), SeatName::default(), Dialect::Answering);
    let mut replies = Vec::new();
    for piece in stream.chunks(size) {
        connection.receive(piece);
        loop {
            match connection.poll_action() {
                Ok(None) => break,
                Ok(Some(Action::Send(reply))) => replies.push(reply),
                Ok(Some(Action::Open(device))) => {
                    assert!([Device::Lease, Device::Input(EventName::new(3))].contains(&device));
                    replies.push(connection.opened());
                }
                Err(violation) => return (replies, Some(violation)),
            }
            assert!(connection.devices() <= MAX_DEVICES);
        }
    }
    (replies, None)
}

fuzz_target!(|data: &[u8]| {
    let Some((size, stream)) = data.split_first() else { return };
    assert_eq!(converse(stream, stream.len().max(1)), converse(stream, usize::from(*size).max(1)));
});
