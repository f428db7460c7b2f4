//! Residual blocks: syntax of 7.3.5.3.2, codes of 9.2.
//!
//! Levels go out from the highest frequency to the lowest: how many there are and how many of the last are ±1
//! (`coeff_token`), the signs of those, the other levels with a code that adapts to their size, then the zeros between.

use crate::bits::{BitSink, Place};
use crate::codes::{CHROMA_DC, COEFF_TOKEN, Code, Codes, LEVELS, LevelCode, SMALL_LEVEL, ZEROS, ZEROS_CHROMA_DC};
use crate::codes::{level_code, next_suffix_length};

/// The largest level that is ever written. The codes of a constrained-baseline stream end at 2063 or a little above.
pub(crate) const MAX_LEVEL: u16 = 2000;

/// The column of table 9-5 for a block whose neighbours have `nc` levels on average (9.2.1).
#[inline]
pub(crate) fn column(nc: u8) -> usize {
    const COLUMNS: [u8; 17] = [0, 0, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3];
    usize::from(COLUMNS[usize::from(nc)])
}

/// Levels of a block as they are written: those that are not 0, the highest frequency first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Levels {
    /// Behind the last are zeros.
    pub(crate) values: [i16; 16],
    /// Where they were: a bit for each place in scan order, the highest frequency lowest.
    pub(crate) mask: u16,
    /// How many there are.
    pub(crate) total: u8,
}

impl Levels {
    pub(crate) const NONE: Self = Self { values: [0; 16], mask: 0, total: 0 };

    /// From levels in scan order.
    pub(crate) fn pack(levels: &[i16]) -> Self {
        let mut packed = Self::NONE;
        for (at, level) in levels.iter().rev().enumerate().filter(|(_, level)| **level != 0) {
            packed.values[usize::from(packed.total)] = *level;
            packed.mask |= 1 << at;
            packed.total += 1;
        }
        packed
    }

    /// Whether all are 0.
    pub(crate) fn is_empty(&self) -> bool {
        self.mask == 0
    }
}

/// Writes a block of 16 levels, or of the 15 behind a DC level.
#[inline]
pub(crate) fn write_block(sink: &mut BitSink, levels: &Levels, size: usize, column: usize) {
    debug_assert!(u32::from(levels.mask) >> size == 0);
    // Looked up first: the table is large, and its answer comes while levels are written.
    let zeros = ZEROS[usize::from(levels.mask << (16 - size))];
    let mut pen = Pen::new(sink);
    if pen.levels(levels, column) < size {
        pen.codes(zeros);
    }
    let place = pen.at;
    sink.go_to(place);
}

/// Writes the DC levels of a plane of chroma.
#[inline]
pub(crate) fn write_chroma_dc(sink: &mut BitSink, levels: &Levels) {
    let mut pen = Pen::new(sink);
    pen.levels(levels, CHROMA_DC);
    pen.codes(ZEROS_CHROMA_DC[usize::from(levels.mask % 16)]);
    let place = pen.at;
    sink.go_to(place);
}

/// Writes one block.
struct Pen<'a> {
    bytes: &'a mut [u8],
    at: Place,
}

impl<'a> Pen<'a> {
    #[inline(always)]
    fn new(sink: &'a mut BitSink) -> Self {
        let (bytes, at) = sink.open();
        Self { bytes, at }
    }

    #[inline(always)]
    fn code(&mut self, code: Code) {
        self.at.put(self.bytes, code.bits.into(), code.length.into());
    }

    #[inline(always)]
    fn codes(&mut self, codes: Codes) {
        self.at.put(self.bytes, codes.bits(), codes.length());
    }

    /// Writes how many levels there are, and those; gives how many.
    #[inline(always)]
    fn levels(&mut self, levels: &Levels, column: usize) -> usize {
        let total = usize::from(levels.total).min(16);
        let ones = self.token(&levels.values, total, column);
        let mut rest = levels.values[..total].iter().skip(ones);
        let mut suffix_length = u8::from(total > 10 && ones < 3);
        if ones < 3
            && let Some(value) = rest.next()
        {
            // The first is no ±1, or it would be one of the trailing ones: one less is written.
            suffix_length = self.level(value - value.signum(), *value, suffix_length);
        }
        for value in rest {
            suffix_length = self.level(*value, *value, suffix_length);
        }
        total
    }

    /// Writes `coeff_token` and the signs of the trailing ones; gives how many there are.
    #[inline(always)]
    fn token(&mut self, values: &[i16; 16], total: usize, column: usize) -> usize {
        let is_one = |at: usize| values[at].unsigned_abs() == 1;
        let [a, b, c] = [is_one(0), is_one(1), is_one(2)];
        let ones = usize::from(a) + usize::from(a & b) + usize::from(a & b & c);
        let sign = |at: usize| u32::from(values[at].cast_unsigned() >> 15);
        let signs = (sign(0) << 2 | sign(1) << 1 | sign(2)) >> (3 - ones);
        let Code { bits, length } = COEFF_TOKEN[column][total][ones];
        #[expect(clippy::cast_possible_truncation, reason = "at most 3")]
        self.at.put(self.bytes, u32::from(bits) << ones | signs, u32::from(length) + ones as u32);
        ones
    }

    /// Writes a level; gives the length of the next one's suffix, which depends on what it really is.
    #[inline(always)]
    fn level(&mut self, written: i16, value: i16, suffix_length: u8) -> u8 {
        let codes = &LEVELS[usize::from(suffix_length)];
        let place = |level: i16| usize::from((level + SMALL_LEVEL).cast_unsigned());
        if let Some(LevelCode { next, .. }) = codes.get(place(value)) {
            let LevelCode { bits, length, .. } = codes[place(written)];
            self.code(Code { bits, length });
            return *next;
        }
        let (magnitude, sign) = (u32::from(written.unsigned_abs()), u32::from(value < 0));
        self.code(level_code(2 * magnitude - 2 + sign, suffix_length.into()));
        next_suffix_length(value.unsigned_abs().into(), suffix_length)
    }
}

#[cfg(test)]
pub(crate) mod reader;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round_trip(levels: &[i16], column: usize) {
        let mut sink = BitSink::default();
        sink.reserve();
        if levels.len() == 4 {
            write_chroma_dc(&mut sink, &Levels::pack(levels));
        } else {
            write_block(&mut sink, &Levels::pack(levels), levels.len(), column);
        }
        let length = sink.position();
        sink.finish();
        let mut reader = lunette_h264::BitReader::new(sink.rbsp());
        assert_eq!(reader::read_block(&mut reader, levels.len(), column), levels);
        assert_eq!(reader.position(), length);
    }

    /// `total` levels, the last `ones` of them ±1, with `zeros` below the highest, `run` of which right below it.
    fn block(size: usize, (total, ones): (usize, usize), (zeros, run): (usize, usize)) -> Vec<i16> {
        let mut levels = vec![0; size];
        let highest = total + zeros - 1;
        let places = std::iter::once(highest).chain((0..total - 1).rev().map(|place| place + zeros - run));
        for (nth, place) in places.enumerate() {
            levels[place] = match (nth < ones, nth % 2) {
                (true, 0) => -1,
                (true, _) => 1,
                (false, _) => 2,
            };
        }
        levels
    }

    #[test]
    fn every_code_of_every_table_is_written_and_read_back() {
        for (column, size) in [(0, 16), (1, 15), (1, 16), (2, 16), (3, 16), (CHROMA_DC, 4)] {
            round_trip(&vec![0; size], column);
            for (total, ones) in (1..=size).flat_map(|total| (0..=total.min(3)).map(move |ones| (total, ones))) {
                for zeros in 0..=size - total {
                    let runs = if total > 1 { 0..=zeros } else { zeros..=zeros };
                    runs.for_each(|run| round_trip(&block(size, (total, ones), (zeros, run)), column));
                }
            }
        }
        assert_eq!(reader::unread(), 0);
    }

    #[test]
    fn every_level_is_read_back_after_any_other() {
        let largest = i16::try_from(MAX_LEVEL).unwrap();
        for level in (-largest..=largest).filter(|level| *level != 0) {
            for before in [1, 2, 3, 7, 13, 25, 49, 2000] {
                let mut levels = [0; 16];
                levels[3..6].copy_from_slice(&[level, before, -before]);
                round_trip(&levels, 0);
                levels = [before; 16];
                levels[1] = level;
                round_trip(&levels, 3);
            }
        }
    }

    proptest! {
        #[test]
        fn any_block_is_read_back(levels in prop::collection::vec(prop_oneof![
            4 => Just(0), 3 => -1..=1_i16, 2 => -20..=20_i16, 1 => -2000..=2000_i16,
        ], 15..=16), column in 0..4usize) {
            round_trip(&levels, column);
        }
    }
}
