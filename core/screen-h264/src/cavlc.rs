//! Residual blocks: syntax of 7.3.5.3.2, codes of 9.2.
//!
//! Levels go out from the highest frequency to the lowest: how many there are and how many of the last are ±1
//! (`coeff_token`), the signs of those, the other levels with a code that adapts to their size, then the zeros between.

use crate::bits::BitSink;
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

#[inline]
fn put(sink: &mut BitSink, code: Code) {
    sink.put(u32::from(code.bits), u32::from(code.length));
}

/// Writes the last `size` of a block's levels in scan order: 16, or 15 behind a DC level. `mask` has a bit for each of them
/// that is not 0, the last lowest.
#[inline]
pub(crate) fn write_block(sink: &mut BitSink, levels: &[i16; 16], mask: u16, size: usize, column: usize) {
    debug_assert!(u32::from(mask) >> size == 0);
    if let Some(total) = write_levels(sink, levels, mask, column)
        && total < size
    {
        put_all(sink, ZEROS[usize::from(mask << (16 - size))]);
    }
}

/// Writes the DC levels of a plane of chroma.
#[inline]
pub(crate) fn write_chroma_dc(sink: &mut BitSink, levels: &[i16; 4], mask: u16) {
    if write_levels(sink, levels, mask, CHROMA_DC).is_some() {
        put_all(sink, ZEROS_CHROMA_DC[usize::from(mask % 16)]);
    }
}

#[inline]
fn put_all(sink: &mut BitSink, codes: Codes) {
    sink.put(codes.bits(), codes.length());
}

/// Writes how many levels there are, and those, the highest frequency first; gives how many, or `None` for none.
#[inline]
fn write_levels<const N: usize>(sink: &mut BitSink, levels: &[i16; N], mask: u16, column: usize) -> Option<usize> {
    if mask == 0 {
        put(sink, COEFF_TOKEN[column][0][0]);
        return None;
    }
    let mut values = [0_i16; 16];
    let (mut total, mut left) = (0, mask);
    while left != 0 {
        values[total % 16] = levels[N - 1 - left.trailing_zeros() as usize % N];
        left &= left - 1;
        total += 1;
    }
    let (mut ones, mut signs) = (0, 0);
    while ones < total.min(3) && values[ones].unsigned_abs() == 1 {
        signs = signs << 1 | u32::from(values[ones] < 0);
        ones += 1;
    }
    let Code { bits, length } = COEFF_TOKEN[column][total][ones];
    #[expect(clippy::cast_possible_truncation, reason = "at most 3")]
    sink.put(u32::from(bits) << ones | signs, u32::from(length) + ones as u32);
    let mut suffix_length = u8::from(total > 10 && ones < 3);
    for (index, value) in values[..total].iter().enumerate().skip(ones) {
        // After fewer than three ones the next level is no ±1, or it would be one of them: one less is written.
        let written = if index == ones && ones < 3 { value - value.signum() } else { *value };
        suffix_length = write_level(sink, written, *value, suffix_length);
    }
    Some(total)
}

/// Writes a level; gives the length of the next one's suffix, which depends on what it really is.
#[inline]
fn write_level(sink: &mut BitSink, written: i16, value: i16, suffix_length: u8) -> u8 {
    let codes = &LEVELS[usize::from(suffix_length)];
    let place = |level: i16| usize::from((level + SMALL_LEVEL).cast_unsigned());
    if let Some(LevelCode { next, .. }) = codes.get(place(value)) {
        put(sink, codes[place(written)].code);
        return *next;
    }
    let (magnitude, sign) = (u32::from(written.unsigned_abs()), u32::from(value < 0));
    put(sink, level_code(2 * magnitude - 2 + sign, suffix_length.into()));
    next_suffix_length(value.unsigned_abs().into(), suffix_length)
}

#[cfg(test)]
pub(crate) mod reader;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round_trip(levels: &[i16], column: usize) {
        let mask = crate::transform::mask_of(levels);
        let mut sink = BitSink::default();
        sink.reserve();
        if let Ok(levels) = levels.try_into() {
            write_chroma_dc(&mut sink, levels, mask);
        } else {
            let mut whole = [9; 16];
            whole[16 - levels.len()..].copy_from_slice(levels);
            write_block(&mut sink, &whole, mask, levels.len(), column);
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
