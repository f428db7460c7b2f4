//! Where frames of a WebSocket end, as far as its bytes have passed.

/// Follows the frames of one direction.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// The beginning of a head.
    head: Vec<u8>,
    /// Bytes of the frame's content that are still to come.
    left: u64,
}

impl Frames {
    /// These bytes passed.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let content = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
            self.left -= content as u64;
            bytes = &bytes[content..];
            let Some((first, rest)) = bytes.split_first() else { return };
            self.head.push(*first);
            bytes = rest;
            if let Some(left) = content_of(&self.head) {
                self.left = left;
                self.head.clear();
            }
        }
    }

    /// Whether the last frame is whole.
    pub(super) fn is_between(&self) -> bool {
        self.head.is_empty() && self.left == 0
    }
}

/// Bytes of content behind a head; `None` while the head is not whole.
fn content_of(head: &[u8]) -> Option<u64> {
    let short = *head.get(1)?;
    let mask = if short & 0x80 == 0 { 0 } else { 4 };
    let (more, small) = match short & 0x7f {
        126 => (2, None),
        127 => (8, None),
        small => (0, Some(u64::from(small))),
    };
    if head.len() < 2 + more + mask {
        return None;
    }
    let long = || head[2..2 + more].iter().fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte));
    Some(small.unwrap_or_else(long))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(length: usize, masked: bool) -> Vec<u8> {
        let bit = if masked { 0x80 } else { 0 };
        let mut bytes = vec![0x82];
        match length {
            0..=125 => bytes.push(bit | u8::try_from(length).expect("small")),
            126..=65535 => {
                bytes.push(bit | 126);
                bytes.extend(u16::try_from(length).expect("medium").to_be_bytes());
            }
            _ => {
                bytes.push(bit | 127);
                bytes.extend((length as u64).to_be_bytes());
            }
        }
        bytes.extend([7; 4].iter().take(if masked { 4 } else { 0 }));
        bytes.extend(std::iter::repeat_n(9, length));
        bytes
    }

    #[test]
    fn ends_of_frames_are_found_however_the_bytes_come() {
        let lengths = [0, 1, 125, 126, 300, 65535, 65536, 70000];
        for masked in [false, true] {
            let all: Vec<u8> = lengths.iter().flat_map(|length| frame(*length, masked)).collect();
            for piece in [1, 2, 7, 1000, all.len()] {
                let mut frames = Frames::default();
                all.chunks(piece).for_each(|bytes| frames.pass(bytes));
                assert!(frames.is_between(), "in pieces of {piece}");
                frames.pass(&frame(5, masked)[..4]);
                assert!(!frames.is_between());
            }
        }
    }
}
