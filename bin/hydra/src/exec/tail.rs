//! The end of what a program printed, with places that stay true when the beginning is dropped.

use std::collections::VecDeque;

/// Bytes that are kept of one stream; times two streams, and times the programs of a desktop.
const MOST: usize = 256 << 10;

/// The last bytes of a stream.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    /// Bytes that are dropped.
    start: u64,
    bytes: VecDeque<u8>,
}

impl Tail {
    /// Takes more; the oldest bytes make room.
    pub(crate) fn push(&mut self, more: &[u8]) {
        let kept = &more[more.len().saturating_sub(MOST)..];
        self.start += (more.len() - kept.len()) as u64;
        let over = (self.bytes.len() + kept.len()).saturating_sub(MOST);
        self.bytes.drain(..over);
        self.start += over as u64;
        self.bytes.extend(kept);
    }

    /// The bytes from `place` on, and the place behind them.
    pub(crate) fn since(&self, place: u64) -> (Vec<u8>, u64) {
        let skip = usize::try_from(place.saturating_sub(self.start)).unwrap_or(usize::MAX);
        (self.bytes.iter().skip(skip).copied().collect(), self.start + self.bytes.len() as u64)
    }

    /// All that is kept, as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.since(0).0).into_owned()
    }
}

/// The whole characters at the front of `bytes`, which keeps an unfinished one for next time.
pub(crate) fn text_of(bytes: &mut Vec<u8>) -> String {
    let whole = match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        // Behind a byte that is none, an unfinished character cannot be told from another mistake.
        _ => bytes.len(),
    };
    let rest = bytes.split_off(whole);
    let text = String::from_utf8_lossy(bytes).into_owned();
    *bytes = rest;
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_stay_true_when_the_beginning_is_dropped() {
        let mut tail = Tail::default();
        tail.push(b"abc");
        let (bytes, place) = tail.since(0);
        assert_eq!((bytes.as_slice(), place), (b"abc".as_slice(), 3));
        tail.push(&vec![b'x'; MOST]);
        tail.push(b"yz");
        let (bytes, end) = tail.since(place);
        assert_eq!((bytes.len(), end), (MOST, MOST as u64 + 5));
        assert_eq!(tail.since(end).0, b"");
        assert_eq!(tail.since(end - 2).0, b"yz");
        tail.push(&vec![b'w'; 3 * MOST]);
        assert_eq!(tail.since(0).1, end + 3 * MOST as u64);
    }

    #[test]
    fn characters_are_not_cut() {
        let mut bytes = "aä".as_bytes()[..2].to_vec();
        assert_eq!(text_of(&mut bytes), "a");
        bytes.push(0xa4);
        assert_eq!(text_of(&mut bytes), "ä");
        let mut broken = vec![b'a', 0xff, b'b'];
        assert_eq!(text_of(&mut broken), "a\u{fffd}b");
        assert!(broken.is_empty());
    }
}
