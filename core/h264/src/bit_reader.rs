//! Reading syntax elements: clause 7.2 (`u(n)`, `more_rbsp_data`) and 9.1 (`ue(v)`, `se(v)`).

use std::ops::RangeInclusive;

use crate::H264Error;

/// Reads bits from the front of an RBSP, most significant first.
///
/// Every read names its syntax element, so that an error says which one was wrong.
#[derive(Debug, Clone)]
pub struct BitReader<'a> {
    data: &'a [u8],
    bit: usize,
}

impl<'a> BitReader<'a> {
    /// A reader at the first bit of `data`.
    #[must_use]
    pub const fn new(data: &'a [u8]) -> Self {
        Self { data, bit: 0 }
    }

    /// Bits read so far.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.bit
    }

    /// Bits not yet read.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.data.len().saturating_mul(8).saturating_sub(self.bit)
    }

    /// One bit.
    ///
    /// # Errors
    /// When no bit is left.
    pub fn flag(&mut self, field: &'static str) -> Result<bool, H264Error> {
        let byte = *self.data.get(self.bit / 8).ok_or(H264Error::Ended { field, bit: self.bit })?;
        let flag = byte >> (7 - self.bit % 8) & 1 == 1;
        self.bit += 1;
        Ok(flag)
    }

    /// An unsigned number of `count` bits, at most 32.
    ///
    /// # Errors
    /// When fewer bits are left.
    pub fn bits(&mut self, field: &'static str, count: u32) -> Result<u32, H264Error> {
        debug_assert!(count <= 32, "{field} has {count} bits");
        if self.remaining() < count as usize {
            return Err(H264Error::Ended { field, bit: self.bit });
        }
        let mut value = 0;
        for _ in 0..count {
            value = value << 1 | u32::from(self.flag(field)?);
        }
        Ok(value)
    }

    /// An unsigned number of `count` bits, at most 8.
    ///
    /// # Errors
    /// When fewer bits are left.
    pub fn bits_u8(&mut self, field: &'static str, count: u32) -> Result<u8, H264Error> {
        narrow(field, self.bits(field, count)?, u8::MAX)
    }

    /// An unsigned Exp-Golomb code.
    ///
    /// # Errors
    /// When the data ends inside it, or its value is above 32 bits.
    pub fn ue(&mut self, field: &'static str) -> Result<u32, H264Error> {
        let start = self.bit;
        let mut zeros = 0;
        while !self.flag(field)? {
            zeros += 1;
            if zeros > 32 {
                return Err(H264Error::GolombTooLong { field, bit: start });
            }
        }
        let suffix = self.bits(field, zeros)?;
        let code = (1u64 << zeros) - 1 + u64::from(suffix);
        u32::try_from(code).map_err(|_| H264Error::GolombTooLong { field, bit: start })
    }

    /// An unsigned Exp-Golomb code of at most `max`.
    ///
    /// # Errors
    /// As [`BitReader::ue`], and when the value is above `max`.
    pub fn ue_max(&mut self, field: &'static str, max: u32) -> Result<u32, H264Error> {
        let value = self.ue(field)?;
        if value > max {
            return Err(H264Error::OutOfRange { field, value: value.into(), min: 0, max: max.into() });
        }
        Ok(value)
    }

    /// An unsigned Exp-Golomb code of at most `max`, for fields that fit a byte.
    ///
    /// # Errors
    /// As [`BitReader::ue_max`].
    pub fn ue_u8(&mut self, field: &'static str, max: u8) -> Result<u8, H264Error> {
        narrow(field, self.ue(field)?, max)
    }

    /// A signed Exp-Golomb code.
    ///
    /// # Errors
    /// When the data ends inside it, or its value is outside 32 bits.
    pub fn se(&mut self, field: &'static str) -> Result<i32, H264Error> {
        let start = self.bit;
        let code = i64::from(self.ue(field)?);
        let value = if code % 2 == 1 { code / 2 + 1 } else { -(code / 2) };
        i32::try_from(value).map_err(|_| H264Error::GolombTooLong { field, bit: start })
    }

    /// A signed Exp-Golomb code within `range`.
    ///
    /// # Errors
    /// As [`BitReader::se`], and when the value is outside `range`.
    pub fn se_within(&mut self, field: &'static str, range: RangeInclusive<i8>) -> Result<i8, H264Error> {
        let value = self.se(field)?;
        let (min, max) = (i64::from(*range.start()), i64::from(*range.end()));
        let out = H264Error::OutOfRange { field, value: value.into(), min, max };
        i8::try_from(value).ok().filter(|value| range.contains(value)).ok_or(out)
    }

    /// Passes over `count` bits.
    ///
    /// # Errors
    /// When fewer are left.
    pub fn skip(&mut self, field: &'static str, count: usize) -> Result<(), H264Error> {
        if self.remaining() < count {
            return Err(H264Error::Ended { field, bit: self.bit });
        }
        self.bit += count;
        Ok(())
    }

    /// Whether syntax elements come before the stop bit (`more_rbsp_data`).
    #[must_use]
    pub fn more_rbsp_data(&self) -> bool {
        let Some(last) = self.data.iter().rposition(|byte| *byte != 0) else { return false };
        let stop = last * 8 + 7 - self.data[last].trailing_zeros() as usize;
        self.bit < stop
    }

    /// Checks that nothing but the stop bit and zeros is left (`rbsp_trailing_bits`).
    ///
    /// # Errors
    /// When something else is left of `what`.
    pub fn finish_rbsp(mut self, what: &'static str) -> Result<(), H264Error> {
        let trailing = H264Error::Trailing { what, bit: self.bit };
        if self.more_rbsp_data() || !self.flag(what).map_err(|_| trailing)? {
            return Err(trailing);
        }
        Ok(())
    }
}

fn narrow(field: &'static str, value: u32, max: u8) -> Result<u8, H264Error> {
    let out = H264Error::OutOfRange { field, value: value.into(), min: 0, max: max.into() };
    u8::try_from(value).ok().filter(|value| *value <= max).ok_or(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_9_2_holds() {
        // 1 010 011 00100 00101, then a stop bit.
        let mut reader = BitReader::new(&[0b1010_0110, 0b0100_0010, 0b1100_0000]);
        for code in 0..5 {
            assert_eq!(reader.ue("code"), Ok(code));
        }
        assert!(!reader.more_rbsp_data());
        assert_eq!(reader.finish_rbsp("codes"), Ok(()));
    }

    #[test]
    fn signs_alternate() {
        let mut reader = BitReader::new(&[0b1010_0110, 0b0100_0010, 0b1100_0000]);
        let values: Vec<_> = (0..5).filter_map(|_| reader.se("code").ok()).collect();
        assert_eq!(values, [0, 1, -1, 2, -2]);
    }

    #[test]
    fn more_than_32_leading_zeros_are_refused() {
        let long = H264Error::GolombTooLong { field: "code", bit: 0 };
        assert_eq!(BitReader::new(&[0, 0, 0, 0, 0x40, 0, 0, 0, 0]).ue("code"), Err(long));
        assert_eq!(BitReader::new(&[0; 64]).ue("code"), Err(long));
        assert_eq!(BitReader::new(&[0, 0, 0, 0, 0x80, 0, 0, 0, 0x80]).ue("code"), Err(long), "2^32");
        assert_eq!(BitReader::new(&[0, 0, 0, 0, 0x80, 0, 0, 0, 0]).ue("code"), Ok(u32::MAX));
        assert_eq!(BitReader::new(&[0, 0, 0, 0, 0x80, 0, 0, 0, 0]).se("code"), Err(long), "2^31");
    }

    #[test]
    fn reading_past_the_end_names_the_element() {
        let mut reader = BitReader::new(&[0xff]);
        assert_eq!(reader.bits("level_idc", 9), Err(H264Error::Ended { field: "level_idc", bit: 0 }));
        assert_eq!(reader.bits("level_idc", 8), Ok(0xff));
        assert_eq!(reader.flag("next"), Err(H264Error::Ended { field: "next", bit: 8 }));
    }

    #[test]
    fn data_after_the_stop_bit_is_refused() {
        let trailing = Err(H264Error::Trailing { what: "a set", bit: 0 });
        assert_eq!(BitReader::new(&[0x80, 0]).finish_rbsp("a set"), Ok(()));
        assert_eq!(BitReader::new(&[0xc0]).finish_rbsp("a set"), trailing);
        assert_eq!(BitReader::new(&[]).finish_rbsp("a set"), trailing);
        assert_eq!(BitReader::new(&[0]).finish_rbsp("a set"), trailing);
    }
}
