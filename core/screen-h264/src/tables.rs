//! Orders and mappings: block scans (6.4.3, 8.5.6), `coded_block_pattern` (table 9-4), chroma QP (table 8-15), and the
//! numbers of the quantiser (8.5.9).

/// The place of a luma block in raster order, by its index in coding order (6.4.3).
pub(crate) const BLOCK_RASTER: [usize; 16] = [0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15];

/// The zig-zag scan as places in a block that is stored column by column: `4 * x + y` (figure 8-8).
pub(crate) const ZIGZAG_COLUMNS: [usize; 16] = [0, 4, 1, 2, 5, 8, 12, 9, 6, 3, 7, 10, 13, 14, 11, 15];

/// The zig-zag scan as places in a block that is stored row by row: `4 * y + x`.
pub(crate) const ZIGZAG_ROWS: [usize; 16] = [0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15];

/// `coded_block_pattern` by `codeNum` for Intra_4x4: luma in the low four bits, chroma above.
const PATTERN_INTRA: [u8; 48] = [
    47, 31, 15, 0, 23, 27, 29, 30, 7, 11, 13, 14, 39, 43, 45, 46, 16, 3, 5, 10, 12, 19, 21, 26, 28, 35, 37, 42, 44, 1,
    2, 4, 8, 17, 18, 20, 24, 6, 9, 22, 25, 32, 33, 34, 36, 40, 38, 41,
];

/// `coded_block_pattern` by `codeNum` for Inter.
const PATTERN_INTER: [u8; 48] = [
    0, 16, 1, 2, 4, 8, 32, 3, 5, 10, 12, 15, 47, 7, 11, 13, 14, 6, 9, 31, 35, 37, 42, 44, 33, 34, 36, 40, 39, 43, 45,
    46, 17, 18, 20, 24, 19, 21, 26, 28, 23, 27, 29, 30, 22, 25, 38, 41,
];

/// `codeNum` by pattern, for Intra_4x4.
pub(crate) const PATTERN_CODE_INTRA: [u8; 48] = inverse(&PATTERN_INTRA);
/// `codeNum` by pattern, for Inter.
pub(crate) const PATTERN_CODE_INTER: [u8; 48] = inverse(&PATTERN_INTER);

const fn inverse(table: &[u8; 48]) -> [u8; 48] {
    let mut codes = [u8::MAX; 48];
    let mut code = 0;
    while code < 48 {
        codes[table[code as usize] as usize] = code;
        code += 1;
    }
    codes
}

/// Chroma QP by luma QP with an offset of 0.
pub(crate) const CHROMA_QP: [u8; 52] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 29,
    30, 31, 32, 32, 33, 34, 34, 35, 35, 36, 36, 37, 37, 37, 38, 38, 38, 39, 39, 39, 39,
];

/// What levels are multiplied with at QP 0 to 5, by the kind of place: both frequencies even, both odd, mixed (8-315).
pub(crate) const LEVEL_SCALE: [[i32; 3]; 6] =
    [[10, 16, 13], [11, 18, 14], [13, 20, 16], [14, 23, 18], [16, 25, 20], [18, 29, 23]];

/// What coefficients are multiplied with to get levels times 2^15: the norms of the transform over [`LEVEL_SCALE`].
pub(crate) const QUANTISER_SCALE: [[i32; 3]; 6] = [
    [13107, 5243, 8066],
    [11916, 4660, 7490],
    [10082, 4194, 6554],
    [9362, 3647, 5825],
    [8192, 3355, 5243],
    [7282, 2893, 4559],
];

/// The weight of a bit against a difference of one in the sum of absolute differences, by QP: about 0.85 · 2^((QP-12)/6),
/// the root of it.
pub(crate) const LAMBDA: [u32; 52] = [
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 6, 6, 7, 8, 9, 10, 11, 13, 14, 16,
    18, 20, 23, 25, 29, 32, 36, 40, 45, 51, 57, 64, 72, 81, 91,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_has_one_code() {
        for (codes, patterns) in [(PATTERN_CODE_INTRA, PATTERN_INTRA), (PATTERN_CODE_INTER, PATTERN_INTER)] {
            for pattern in 0..48 {
                assert_eq!(usize::from(patterns[usize::from(codes[pattern])]), pattern);
            }
        }
    }

    #[test]
    fn scans_visit_every_place_once_and_agree() {
        for scan in [BLOCK_RASTER, ZIGZAG_COLUMNS, ZIGZAG_ROWS] {
            let mut places = scan;
            places.sort_unstable();
            assert!(places.into_iter().eq(0..16));
        }
        for (by_column, by_row) in ZIGZAG_COLUMNS.into_iter().zip(ZIGZAG_ROWS) {
            assert_eq!((by_column / 4, by_column % 4), (by_row % 4, by_row / 4));
        }
    }

    #[test]
    fn forward_and_inverse_scales_cancel() {
        // Both together, and the 2^15 of one and the 2^6 of the other, are one over the norm of the place.
        for (forward, inverse) in QUANTISER_SCALE.into_iter().zip(LEVEL_SCALE) {
            for (kind, norm) in [(0, 16.0), (1, 25.0), (2, 20.0)] {
                let product = f64::from(forward[kind]) * f64::from(inverse[kind]) * norm;
                assert!((product / f64::from(1 << 21) - 1.0).abs() < 0.02, "{forward:?} {inverse:?}");
            }
        }
    }
}
