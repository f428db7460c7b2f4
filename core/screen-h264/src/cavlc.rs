//! Residual blocks: syntax of 7.3.5.3.2, codes of 9.2.
//!
//! Levels go out from the highest frequency to the lowest: how many there are and how many of the last are ±1
//! (`coeff_token`), the signs of those, the other levels with a code that adapts to their size, then the zeros between.

use crate::bits::BitSink;
use crate::codes::{CHROMA_DC, COEFF_TOKEN, Code, RUN_BEFORE, TOTAL_ZEROS, TOTAL_ZEROS_CHROMA_DC};

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

/// Writes the levels of a block in scan order. `mask` has a bit for each that is not 0; `size` is 16, 15 or 4.
#[inline]
pub(crate) fn write_block(sink: &mut BitSink, levels: &[i16], mask: u16, size: usize, column: usize) {
    debug_assert!(levels.len() >= size && mask >> (size - 1) <= 1);
    if mask == 0 {
        return put(sink, COEFF_TOKEN[column][0][0]);
    }
    let total = mask.count_ones() as usize;
    let mut values = [0_i32; 16];
    // Zeros below each level, down to the next one.
    let mut runs = [0_u8; 16];
    let highest = 15 - mask.leading_zeros();
    let (mut left, mut at) = (mask, highest);
    for (value, run) in values.iter_mut().zip(&mut runs) {
        *value = i32::from(levels[at as usize]);
        left ^= 1 << at;
        if left == 0 {
            break;
        }
        let next = 15 - left.leading_zeros();
        #[expect(clippy::cast_possible_truncation, reason = "at most 15")]
        let zeros = (at - next - 1) as u8;
        (*run, at) = (zeros, next);
    }
    write_levels(sink, &values, total, column);
    let zeros = (highest as usize + 1) - total;
    if total < size {
        let tables = if column == CHROMA_DC { &TOTAL_ZEROS_CHROMA_DC[..] } else { &TOTAL_ZEROS[..] };
        put(sink, tables[total - 1][zeros]);
    }
    let mut zeros_left = zeros;
    for run in &runs[..total - 1] {
        if zeros_left == 0 {
            break;
        }
        put(sink, RUN_BEFORE[zeros_left.min(7) - 1][usize::from(*run & 15)]);
        zeros_left -= usize::from(*run);
    }
}

#[inline]
fn write_levels(sink: &mut BitSink, values: &[i32; 16], total: usize, column: usize) {
    let (mut ones, mut signs) = (0, 0);
    while ones < total.min(3) && values[ones].unsigned_abs() == 1 {
        signs = signs << 1 | u32::from(values[ones] < 0);
        ones += 1;
    }
    let Code { bits, length } = COEFF_TOKEN[column][total][ones & 3];
    #[expect(clippy::cast_possible_truncation, reason = "at most 3")]
    sink.put(u32::from(bits) << ones | signs, u32::from(length) + ones as u32);
    let mut suffix_length = u32::from(total > 10 && ones < 3);
    for (index, value) in values[..total].iter().enumerate().skip(ones) {
        let magnitude = value.unsigned_abs();
        let mut code = 2 * magnitude - 2 + u32::from(*value < 0);
        // After fewer than three ones the next level is no ±1, or it would be one of them.
        if index == ones && ones < 3 {
            code -= 2;
        }
        write_level(sink, code, suffix_length);
        suffix_length = suffix_length.max(1);
        if magnitude > 3 << (suffix_length - 1) && suffix_length < 6 {
            suffix_length += 1;
        }
    }
}

/// `level_prefix` and `level_suffix` (9.2.2.1).
#[inline]
fn write_level(sink: &mut BitSink, code: u32, suffix_length: u32) {
    const ESCAPE: u32 = 1 << 12;
    if suffix_length == 0 {
        match code {
            0..14 => sink.put(1, code + 1),
            14..30 => sink.put(1 << 4 | (code - 14), 15 + 4),
            _ => sink.put(ESCAPE | (code - 30), 16 + 12),
        }
    } else if code >> suffix_length < 15 {
        let suffix = code & ((1 << suffix_length) - 1);
        sink.put(1 << suffix_length | suffix, (code >> suffix_length) + 1 + suffix_length);
    } else {
        sink.put(ESCAPE | (code - (15 << suffix_length)), 16 + 12);
    }
}

#[cfg(test)]
pub(crate) mod reader;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round_trip(levels: &[i16], column: usize) {
        let mask = levels.iter().rev().fold(0, |mask, level| mask << 1 | u16::from(*level != 0));
        let mut sink = BitSink::default();
        sink.reserve();
        write_block(&mut sink, levels, mask, levels.len(), column);
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
