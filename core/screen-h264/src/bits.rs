//! Writing a slice's syntax elements: clauses 7.2 and 9.1, at the speed of a codec.
//!
//! Parameter sets are written a bit at a time elsewhere; here most elements go into one register. Whoever writes a macroblock reserves room for it first.

/// Most bytes of one macroblock: I_PCM with its headers, or one that is about to become it.
pub(crate) const MACROBLOCK_ROOM: usize = 4096;

/// Collects bits, most significant first, in memory that is used again for the next slice.
#[derive(Debug, Default)]
pub(crate) struct BitSink {
    bytes: Vec<u8>,
    at: Place,
}

/// Where the next bit goes. It is copied by whoever comes back to it, and by whoever writes much, into registers.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Place {
    /// Whole bytes that are in memory.
    length: usize,
    /// The bits behind them, from the top; fewer than 8 between two calls.
    pending: u64,
    /// How many of them there are.
    count: u32,
}

impl Place {
    /// The low `count` bits of `value`, at most 32; those above are 0.
    ///
    /// A word is stored each time, whole bytes or not: nothing here depends on how many bits came before, so no branch is
    /// mispredicted.
    #[inline(always)]
    pub(crate) fn put(&mut self, bytes: &mut [u8], value: u32, count: u32) {
        debug_assert!(count <= 32 && u64::from(value) < 1 << count, "{value} in {count} bits");
        self.count += count;
        self.pending |= u64::from(value) << ((64 - self.count) % 64);
        bytes[self.length..self.length + 8].copy_from_slice(&self.pending.to_be_bytes());
        self.length += self.count as usize / 8;
        self.pending <<= self.count & !7;
        self.count %= 8;
    }
}

impl BitSink {
    /// Empties it.
    pub(crate) fn reset(&mut self) {
        self.at = Place::default();
    }

    /// Makes room for a macroblock.
    pub(crate) fn reserve(&mut self) {
        if self.bytes.len() < self.at.length + MACROBLOCK_ROOM {
            self.bytes.resize((2 * self.bytes.len()).max(16 * MACROBLOCK_ROOM), 0);
        }
    }

    /// The low `count` bits of `value`, at most 32; those above are 0.
    #[inline]
    pub(crate) fn put(&mut self, value: u32, count: u32) {
        self.at.put(&mut self.bytes, value, count);
    }

    /// What [`Place::put`] writes to, and where; [`BitSink::go_to`] takes the place back.
    #[inline]
    pub(crate) fn open(&mut self) -> (&mut [u8], Place) {
        (&mut self.bytes, self.at)
    }

    /// An unsigned Exp-Golomb code, of at most 2^16 - 2.
    #[inline]
    pub(crate) fn ue(&mut self, value: u32) {
        let code = value + 1;
        let length = u32::BITS - code.leading_zeros();
        self.put(code, 2 * length - 1);
    }

    /// An unsigned Exp-Golomb code of any size: a run of skipped macroblocks, or where a slice starts.
    pub(crate) fn ue_large(&mut self, value: u32) {
        let code = value + 1;
        let length = u32::BITS - code.leading_zeros();
        self.put(0, length - 1);
        self.put(code, length);
    }

    /// A signed Exp-Golomb code, within 2^15.
    #[inline]
    pub(crate) fn se(&mut self, value: i32) {
        let magnitude = value.unsigned_abs();
        self.ue(if value > 0 { 2 * magnitude - 1 } else { 2 * magnitude });
    }

    /// Zeros up to the next whole byte (`pcm_alignment_zero_bit`).
    pub(crate) fn align(&mut self) {
        self.put(0, (8 - self.at.count) % 8);
    }

    /// Whole bytes.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.put(u32::from(*byte), 8);
        }
    }

    /// Bits written so far.
    pub(crate) fn position(&self) -> usize {
        self.at.length * 8 + self.at.count as usize
    }

    /// The place where the next bit goes.
    pub(crate) fn place(&self) -> Place {
        self.at
    }

    /// Goes on at a place: back, and what was written after it is gone, or behind what was written there.
    #[inline]
    pub(crate) fn go_to(&mut self, place: Place) {
        self.at = place;
    }

    /// A stop bit and zeros up to the next whole byte (`rbsp_trailing_bits`).
    pub(crate) fn finish(&mut self) {
        self.reserve();
        self.put(1, 1);
        self.align();
    }

    /// What was written, once it is finished.
    pub(crate) fn rbsp(&self) -> &[u8] {
        &self.bytes[..self.at.length]
    }
}

#[cfg(test)]
mod tests {
    use lunette_h264::BitReader;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_taken_back_leaves_no_trace() {
        let mut sink = BitSink::default();
        sink.reserve();
        sink.put(5, 3);
        let place = sink.place();
        for _ in 0..9 {
            sink.put(u32::MAX, 32);
        }
        sink.go_to(place);
        sink.put(1, 2);
        sink.finish();
        assert_eq!(sink.rbsp(), [0b1010_1100]);
    }

    #[test]
    fn bytes_stand_where_they_are_aligned() {
        let mut sink = BitSink::default();
        sink.reserve();
        sink.put(1, 1);
        sink.align();
        sink.bytes(&[1, 2, 3, 4, 5]);
        assert_eq!(sink.position(), 48);
        sink.finish();
        assert_eq!(sink.rbsp(), [0x80, 1, 2, 3, 4, 5, 0x80]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(fields in prop::collection::vec((any::<u32>(), 0..4u8, 1..=32u32), 0..200)) {
            let mut sink = BitSink::default();
            for &(value, kind, width) in &fields {
                sink.reserve();
                match kind {
                    0 => sink.put(value >> (32 - width), width),
                    1 => sink.ue(value % 65_535),
                    2 => sink.se((value % 65_535).cast_signed() - 32_767),
                    _ => sink.ue_large(value >> 1),
                }
            }
            let length = sink.position();
            sink.finish();
            let mut reader = BitReader::new(sink.rbsp());
            for &(value, kind, width) in &fields {
                match kind {
                    0 => prop_assert_eq!(reader.bits("f", width), Ok(value >> (32 - width))),
                    1 => prop_assert_eq!(reader.ue("f"), Ok(value % 65_535)),
                    2 => prop_assert_eq!(reader.se("f"), Ok((value % 65_535).cast_signed() - 32_767)),
                    _ => prop_assert_eq!(reader.ue("f"), Ok(value >> 1)),
                }
            }
            prop_assert_eq!(reader.position(), length);
            prop_assert_eq!(reader.finish_rbsp("f"), Ok(()));
        }
    }
}
