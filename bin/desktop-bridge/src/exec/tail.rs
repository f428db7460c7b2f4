//! The end of what a program printed.

use std::collections::VecDeque;

/// Keeps the last bytes.
#[derive(Debug, Default)]
pub(super) struct Tail {
    bytes: VecDeque<u8>,
    cut: bool,
}

impl Tail {
    /// Bytes that are kept.
    pub(super) const MOST: usize = 256 * 1024;

    /// Takes more; the oldest bytes make room.
    pub(super) fn push(&mut self, more: &[u8]) {
        let kept = &more[more.len().saturating_sub(Self::MOST)..];
        let over = (self.bytes.len() + kept.len()).saturating_sub(Self::MOST);
        self.cut |= over > 0 || kept.len() < more.len();
        self.bytes.drain(..over);
        self.bytes.extend(kept);
    }

    /// What is kept, as text.
    pub(super) fn text(&mut self) -> String {
        String::from_utf8_lossy(self.bytes.make_contiguous()).into_owned()
    }

    /// Whether something is missing at the beginning.
    pub(super) fn is_cut(&self) -> bool {
        self.cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_makes_room_and_that_is_known() {
        let mut tail = Tail::default();
        tail.push(b"first");
        assert!(!tail.is_cut());
        tail.push(&vec![b'x'; Tail::MOST - 1]);
        tail.push(b"y");
        let text = tail.text();
        assert!(tail.is_cut() && text.len() == Tail::MOST && text.ends_with("xy") && !text.contains('f'));
        tail.push(&vec![b'z'; 3 * Tail::MOST]);
        assert_eq!(tail.text(), "z".repeat(Tail::MOST));
    }
}
