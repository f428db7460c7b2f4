//! A stream means the same in any split, and memory stays with what has arrived.
//!
//! Input: one byte that sets the sizes of the pieces, then the stream.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lunette_wire::hxfr::{FrameError, Framer, Received};

const ROOM: usize = 192 << 10;

type Outcome = (Vec<Received>, Option<FrameError>);

fn drain(framer: &mut Framer, outcome: &mut Outcome) {
    while outcome.1.is_none() {
        match framer.next_message() {
            Ok(Some(received)) => outcome.0.push(received),
            Ok(None) => break,
            Err(error) => outcome.1 = Some(error),
        }
    }
}

fn whole(stream: &[u8]) -> Outcome {
    let (mut framer, mut outcome) = (Framer::new(), Outcome::default());
    framer.push(stream);
    drain(&mut framer, &mut outcome);
    outcome
}

/// Pieces whose sizes follow a sequence that starts at `seed`.
fn split(seed: u8, stream: &[u8]) -> Outcome {
    let (mut framer, mut outcome, mut size) = (Framer::new(), Outcome::default(), usize::from(seed));
    let mut left = stream;
    while !left.is_empty() {
        size = (size * 37 + 11) % 257;
        let (piece, rest) = left.split_at(size.clamp(1, left.len()));
        left = rest;
        framer.buffer().extend_from_slice(piece);
        drain(&mut framer, &mut outcome);
    }
    assert!(framer.buffer().capacity() <= ROOM + 2 * stream.len());
    outcome
}

fuzz_target!(|data: &[u8]| {
    let Some((seed, stream)) = data.split_first() else { return };
    assert_eq!(whole(stream), split(*seed, stream));
});
