//! Writing syntax elements: clause 7.2 and 9.1, the counterpart of the reader.

use std::ops::Range;

/// Collects bits, most significant first.
#[derive(Debug, Clone, Default)]
pub struct BitWriter {
    bytes: Vec<u8>,
    bit: usize,
}

impl BitWriter {
    /// A writer without bits, with room for `bytes` bytes.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), bit: 0 }
    }

    /// Bits written so far.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.bit
    }

    /// One bit.
    pub fn flag(&mut self, flag: bool) {
        if self.bit.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if flag {
            self.bytes[self.bit / 8] |= 0x80 >> (self.bit % 8);
        }
        self.bit += 1;
    }

    /// The low `count` bits of `value`, at most 64.
    pub fn bits(&mut self, value: u64, count: u32) {
        for shift in (0..count).rev() {
            self.flag(value >> shift & 1 == 1);
        }
    }

    /// An unsigned Exp-Golomb code.
    pub fn ue(&mut self, value: u32) {
        let code = u64::from(value) + 1;
        let length = u64::BITS - code.leading_zeros();
        self.bits(0, length - 1);
        self.bits(code, length);
    }

    /// A signed Exp-Golomb code.
    ///
    /// # Panics
    /// When `value` is `i32::MIN`, for which clause 9.1.1 has no code.
    pub fn se(&mut self, value: i32) {
        assert_ne!(value, i32::MIN, "-2^31 has no Exp-Golomb code");
        let magnitude = value.unsigned_abs();
        self.ue(if value > 0 { 2 * (magnitude - 1) + 1 } else { 2 * magnitude });
    }

    /// The bits `range` of `from`, unchanged.
    ///
    /// # Panics
    /// When the range reaches beyond `from`.
    pub fn copy(&mut self, from: &[u8], range: Range<usize>) {
        for bit in range {
            self.flag(from[bit / 8] >> (7 - bit % 8) & 1 == 1);
        }
    }

    /// The bytes, after a stop bit and zeros up to the next whole byte (`rbsp_trailing_bits`).
    #[must_use]
    pub fn finish_rbsp(mut self) -> Vec<u8> {
        self.flag(true);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::BitReader;

    #[test]
    fn the_largest_codes_are_written() {
        let mut writer = BitWriter::default();
        writer.ue(u32::MAX);
        writer.se(i32::MAX);
        writer.se(-i32::MAX);
        let bytes = writer.finish_rbsp();
        let mut reader = BitReader::new(&bytes);
        assert_eq!(reader.ue("code"), Ok(u32::MAX));
        assert_eq!((reader.se("code"), reader.se("code")), (Ok(i32::MAX), Ok(-i32::MAX)));
    }

    #[test]
    fn copies_start_and_end_anywhere() {
        let mut writer = BitWriter::default();
        writer.flag(true);
        writer.copy(&[0b0011_0101, 0b1000_0000], 2..9);
        assert_eq!(writer.finish_rbsp(), [0b1110_1011, 0x80]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(fields in prop::collection::vec((any::<u32>(), 0..5u8, 1..=32u32), 0..40)) {
            let mut writer = BitWriter::default();
            for &(value, kind, width) in &fields {
                match kind {
                    0 => writer.flag(value & 1 == 1),
                    1 => writer.bits(value.into(), width),
                    2 => writer.ue(value >> (width - 1)),
                    3 => writer.se(value.cast_signed().max(-i32::MAX)),
                    _ => writer.ue(value),
                }
            }
            let length = writer.position();
            let bytes = writer.finish_rbsp();
            let mut reader = BitReader::new(&bytes);
            for &(value, kind, width) in &fields {
                match kind {
                    0 => prop_assert_eq!(reader.flag("f"), Ok(value & 1 == 1)),
                    1 => prop_assert_eq!(reader.bits("f", width), Ok(value & (u32::MAX >> (32 - width)))),
                    2 => prop_assert_eq!(reader.ue("f"), Ok(value >> (width - 1))),
                    3 => prop_assert_eq!(reader.se("f"), Ok(value.cast_signed().max(-i32::MAX))),
                    _ => prop_assert_eq!(reader.ue("f"), Ok(value)),
                }
            }
            prop_assert_eq!(reader.position(), length);
            prop_assert_eq!(reader.finish_rbsp("f"), Ok(()));
        }
    }
}
