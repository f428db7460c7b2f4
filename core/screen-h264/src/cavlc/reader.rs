//! Reads residual blocks, so that tests need not believe the writer: 9.2.1 to 9.2.4 from the decoder's side.

use std::cell::RefCell;
use std::collections::BTreeSet;

use lunette_h264::BitReader;

use crate::codes::{CHROMA_DC, COEFF_TOKEN, Code, RUN_BEFORE, TOTAL_ZEROS, TOTAL_ZEROS_CHROMA_DC};

fn bits(reader: &mut BitReader<'_>, count: u32) -> u32 {
    if count == 0 { 0 } else { reader.bits("residual", count).expect("more bits") }
}

thread_local! {
    /// Codes that were read, by where they are in memory.
    static SEEN: RefCell<BTreeSet<usize>> = RefCell::default();
}

/// Codes of all tables that this thread has not read.
pub(crate) fn unread() -> usize {
    let tables = [COEFF_TOKEN.as_flattened().as_flattened(), TOTAL_ZEROS.as_flattened()];
    let tables = tables.into_iter().chain([TOTAL_ZEROS_CHROMA_DC.as_flattened(), RUN_BEFORE.as_flattened()]);
    let codes = tables.flatten().filter(|code| code.length > 0);
    SEEN.with_borrow(|seen| codes.filter(|code| !seen.contains(&std::ptr::from_ref(*code).addr())).count())
}

/// Reads bits until they are one of `codes`; gives its place.
fn read_code(reader: &mut BitReader<'_>, codes: &[Code]) -> usize {
    let (mut value, mut length) = (0, 0);
    loop {
        value = value << 1 | bits(reader, 1);
        length += 1;
        assert!(length <= 16, "no such code");
        let found = codes.iter().position(|code| u32::from(code.length) == length && u32::from(code.bits) == value);
        if let Some(found) = found {
            SEEN.with_borrow_mut(|seen| seen.insert(std::ptr::from_ref(&codes[found]).addr()));
            return found;
        }
    }
}

/// The levels of a block of `size`, in scan order.
pub(crate) fn read_block(reader: &mut BitReader<'_>, size: usize, column: usize) -> Vec<i16> {
    let token = read_code(reader, COEFF_TOKEN[column].as_flattened());
    let (total, ones) = (token / 4, token % 4);
    let mut levels = vec![0; size];
    if total == 0 {
        return levels;
    }
    let values = read_levels(reader, total, ones);
    let mut zeros_left = match (total == size, column) {
        (true, _) => 0,
        (false, CHROMA_DC) => read_code(reader, &TOTAL_ZEROS_CHROMA_DC[total - 1]),
        (false, _) => read_code(reader, &TOTAL_ZEROS[total - 1]),
    };
    let mut at = total + zeros_left;
    for (index, value) in values.into_iter().enumerate() {
        at -= 1;
        levels[at] = value;
        if zeros_left > 0 && index + 1 < total {
            let run = read_code(reader, &RUN_BEFORE[zeros_left.min(7) - 1]);
            zeros_left -= run;
            at -= run;
        }
    }
    levels
}

fn read_levels(reader: &mut BitReader<'_>, total: usize, ones: usize) -> Vec<i16> {
    let mut values: Vec<i16> = (0..ones).map(|_| if bits(reader, 1) == 1 { -1 } else { 1 }).collect();
    let mut suffix_length = u32::from(total > 10 && ones < 3);
    for index in ones..total {
        let mut prefix = 0;
        while bits(reader, 1) == 0 {
            prefix += 1;
        }
        let size = match prefix {
            14 if suffix_length == 0 => 4,
            15.. => prefix - 3,
            _ => suffix_length,
        };
        let mut code = (prefix.min(15) << suffix_length) + bits(reader, size);
        if prefix >= 15 && suffix_length == 0 {
            code += 15;
        }
        if index == ones && ones < 3 {
            code += 2;
        }
        let magnitude = i16::try_from(code / 2 + 1).expect("a small level");
        values.push(if code.is_multiple_of(2) { magnitude } else { -magnitude });
        suffix_length = suffix_length.max(1);
        if magnitude.unsigned_abs() > 3 << (suffix_length - 1) && suffix_length < 6 {
            suffix_length += 1;
        }
    }
    values
}
