//! Kernels for x86-64 with AVX2: a row of a strip is one register.
//!
//! The only `unsafe` of this crate: loads and stores of whole registers from arrays of their size, and calls that are
//! made only where the processor was seen to have AVX2 and POPCNT.

#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{Columns, Kernels, Strip};
use crate::cavlc::{Levels, MAX_LEVEL};
use crate::intra4::{self, Around, Choice};
use crate::transform::Scales;

/// The kernels, where the processor has AVX2 and POPCNT, which comes with it.
pub(super) fn kernels() -> Option<&'static Kernels> {
    let has_all = std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("popcnt");
    has_all.then_some(&KERNELS)
}

macro_rules! detected {
    ($name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?) => {
        |$($argument: $type),*| {
            // SAFETY: the table that this stands in is given out only where the processor has AVX2 and POPCNT.
            unsafe { $name($($argument),*) }
        }
    };
}

static KERNELS: Kernels = Kernels {
    name: "AVX2",
    difference: detected!(difference(a: &[u8; 256], b: &[u8; 256])),
    chroma_difference: detected!(chroma_difference(a: &[u8; 128], b: &[u8; 128])),
    difference_in_plane: detected!(difference_in_plane(a: &[u8; 256], plane: &[u8], stride: usize)),
    luma_differences: detected!(luma_differences(source: &[u8; 256], above: &[u8; 16], left: &[u8; 16], mean: u8)),
    chroma_differences: detected!(chroma_differences(
        source: &[u8; 128],
        above: &[u8; 16],
        left: &[[u8; 8]; 2],
        means: &[[u8; 16]; 2]
    )),
    transform: detected!(transform(source: &[u8; 64], prediction: &[u8; 64], out: &mut Strip)),
    transform_ac: detected!(transform_ac(source: &[u8; 64], prediction: &[u8; 64], out: &mut Strip)),
    quantise: detected!(quantise(strip: &mut Strip, forward: &Scales<u16>, offset: &Scales<u16>)),
    rebuild: detected!(rebuild(
        levels: &Strip,
        inverse: &Scales<i16>,
        dc: &[i16; 4],
        prediction: &[u8; 64],
        out: &mut [u8; 64]
    )),
    choose_4x4: detected!(choose_4x4(around: &Around, source: &[u8; 16], expected: u8, lambda: u32)),
    code_4x4: detected!(code_4x4(
        source: &[u8; 16],
        prediction: &[u8; 16],
        forward: &Scales<u16>,
        offset: &Scales<u16>,
        out: &mut Columns
    )),
    rebuild_4x4: detected!(rebuild_4x4(levels: &Columns, inverse: &Scales<i16>, prediction: &[u8; 16])),
    scan: detected!(scan(levels: &Strip, out: &mut [Levels; 4])),
};

#[inline]
#[target_feature(enable = "avx2")]
fn load_bytes(bytes: &[u8; 32]) -> __m256i {
    // SAFETY: 32 bytes are read from an array of 32; no alignment is asked for.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_row(bytes: &[u8; 16]) -> __m128i {
    // SAFETY: 16 bytes are read from an array of 16; no alignment is asked for.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load<T: Lane>(lanes: &[T; 16]) -> __m256i {
    // SAFETY: a lane has two bytes, so 32 bytes are read from an array of 32; no alignment is asked for.
    unsafe { _mm256_loadu_si256(lanes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(value: __m256i, lanes: &mut [i16; 16]) {
    // SAFETY: 32 bytes are written to an array of 32; no alignment is asked for.
    unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), value) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store_half(value: __m128i, lanes: &mut [i16; 8]) {
    // SAFETY: 16 bytes are written to an array of 16; no alignment is asked for.
    unsafe { _mm_storeu_si128(lanes.as_mut_ptr().cast(), value) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store_row(value: __m128i, bytes: &mut [u8; 16]) {
    // SAFETY: 16 bytes are written to an array of 16; no alignment is asked for.
    unsafe { _mm_storeu_si128(bytes.as_mut_ptr().cast(), value) }
}

/// Numbers of two bytes.
trait Lane {}
impl Lane for i16 {}
impl Lane for u16 {}

#[inline]
#[target_feature(enable = "avx2")]
fn sum(sums: __m256i) -> u32 {
    let half = _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
    (_mm_cvtsi128_si32(half) + _mm_extract_epi32::<2>(half)).cast_unsigned()
}

#[inline]
#[target_feature(enable = "avx2")]
fn difference_of(a: &[u8], b: &[u8]) -> u32 {
    let mut sums = _mm256_setzero_si256();
    for (a, b) in a.as_chunks().0.iter().zip(b.as_chunks().0) {
        sums = _mm256_add_epi64(sums, _mm256_sad_epu8(load_bytes(a), load_bytes(b)));
    }
    sum(sums)
}

#[target_feature(enable = "avx2")]
fn difference(a: &[u8; 256], b: &[u8; 256]) -> u32 {
    difference_of(a, b)
}

#[target_feature(enable = "avx2")]
fn chroma_difference(a: &[u8; 128], b: &[u8; 128]) -> u32 {
    difference_of(a, b)
}

#[target_feature(enable = "avx2")]
fn difference_in_plane(a: &[u8; 256], plane: &[u8], stride: usize) -> u32 {
    let mut sums = _mm_setzero_si128();
    for (y, a) in a.as_chunks::<16>().0.iter().enumerate() {
        let b = plane[y * stride..].first_chunk().expect("16 rows of 16 samples");
        sums = _mm_add_epi64(sums, _mm_sad_epu8(load_row(a), load_row(b)));
    }
    (_mm_cvtsi128_si32(sums) + _mm_extract_epi32::<2>(sums)).cast_unsigned()
}

/// Adds the absolute differences of a row to those of three predictions.
#[inline]
#[target_feature(enable = "avx2")]
fn add_differences(sums: &mut [__m128i; 3], row: &[u8; 16], predictions: [__m128i; 3]) {
    let row = load_row(row);
    for (sum, prediction) in sums.iter_mut().zip(predictions) {
        *sum = _mm_add_epi64(*sum, _mm_sad_epu8(row, prediction));
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn sum_of_halves(sums: __m128i) -> u32 {
    (_mm_cvtsi128_si32(sums) + _mm_extract_epi32::<2>(sums)).cast_unsigned()
}

#[target_feature(enable = "avx2")]
fn luma_differences(source: &[u8; 256], above: &[u8; 16], left: &[u8; 16], mean: u8) -> [u32; 3] {
    let (above, mean) = (load_row(above), _mm_set1_epi8(mean.cast_signed()));
    let mut sums = [_mm_setzero_si128(); 3];
    for (row, left) in source.as_chunks::<16>().0.iter().zip(left) {
        add_differences(&mut sums, row, [mean, above, _mm_set1_epi8(left.cast_signed())]);
    }
    [sum_of_halves(sums[0]), sum_of_halves(sums[1]), sum_of_halves(sums[2])]
}

#[target_feature(enable = "avx2")]
fn chroma_differences(source: &[u8; 128], above: &[u8; 16], left: &[[u8; 8]; 2], means: &[[u8; 16]; 2]) -> [u32; 3] {
    let (above, means) = (load_row(above), [load_row(&means[0]), load_row(&means[1])]);
    let mut sums = [_mm_setzero_si128(); 3];
    for (y, row) in source.as_chunks::<16>().0.iter().enumerate() {
        let left = [_mm_set1_epi8(left[0][y].cast_signed()), _mm_set1_epi8(left[1][y].cast_signed())];
        add_differences(&mut sums, row, [means[y / 4], above, _mm_unpacklo_epi64(left[0], left[1])]);
    }
    [sum_of_halves(sums[0]), sum_of_halves(sums[1]), sum_of_halves(sums[2])]
}

/// Lays each block on its side: 16-bit lanes within groups of four.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    let (ab_low, ab_high) = (_mm256_unpacklo_epi16(a, b), _mm256_unpackhi_epi16(a, b));
    let (cd_low, cd_high) = (_mm256_unpacklo_epi16(c, d), _mm256_unpackhi_epi16(c, d));
    let (first_01, first_23) = (_mm256_unpacklo_epi32(ab_low, cd_low), _mm256_unpackhi_epi32(ab_low, cd_low));
    let (second_01, second_23) = (_mm256_unpacklo_epi32(ab_high, cd_high), _mm256_unpackhi_epi32(ab_high, cd_high));
    [
        _mm256_unpacklo_epi64(first_01, second_01),
        _mm256_unpackhi_epi64(first_01, second_01),
        _mm256_unpacklo_epi64(first_23, second_23),
        _mm256_unpackhi_epi64(first_23, second_23),
    ]
}

#[inline]
#[target_feature(enable = "avx2")]
fn forward_pass([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    let (outer, inner) = (_mm256_add_epi16(a, d), _mm256_add_epi16(b, c));
    let (wide, narrow) = (_mm256_sub_epi16(a, d), _mm256_sub_epi16(b, c));
    [
        _mm256_add_epi16(outer, inner),
        _mm256_add_epi16(_mm256_add_epi16(wide, wide), narrow),
        _mm256_sub_epi16(outer, inner),
        _mm256_sub_epi16(wide, _mm256_add_epi16(narrow, narrow)),
    ]
}

#[inline]
#[target_feature(enable = "avx2")]
fn inverse_pass([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    let (even, odd) = (_mm256_add_epi16(a, c), _mm256_sub_epi16(a, c));
    let low = _mm256_sub_epi16(_mm256_srai_epi16::<1>(b), d);
    let high = _mm256_add_epi16(b, _mm256_srai_epi16::<1>(d));
    [_mm256_add_epi16(even, high), _mm256_add_epi16(odd, low), _mm256_sub_epi16(odd, low), _mm256_sub_epi16(even, high)]
}

#[inline]
#[target_feature(enable = "avx2")]
fn coefficients(source: &[u8; 64], prediction: &[u8; 64]) -> [__m256i; 4] {
    let (source, prediction) = (source.as_chunks::<16>().0, prediction.as_chunks::<16>().0);
    let mut rows = [_mm256_setzero_si256(); 4];
    for (row, (source, prediction)) in rows.iter_mut().zip(source.iter().zip(prediction)) {
        let (source, prediction) = (load_row(source), load_row(prediction));
        *row = _mm256_sub_epi16(_mm256_cvtepu8_epi16(source), _mm256_cvtepu8_epi16(prediction));
    }
    forward_pass(transpose(forward_pass(rows)))
}

#[target_feature(enable = "avx2")]
fn transform(source: &[u8; 64], prediction: &[u8; 64], out: &mut Strip) {
    coefficients(source, prediction).into_iter().zip(&mut out.0).for_each(|(row, out)| store(row, out));
}

#[target_feature(enable = "avx2")]
fn transform_ac(source: &[u8; 64], prediction: &[u8; 64], out: &mut Strip) -> [i16; 4] {
    let [first, rest @ ..] = coefficients(source, prediction);
    let [first_out, rest_out @ ..] = &mut out.0;
    rest.into_iter().zip(rest_out).for_each(|(row, out)| store(row, out));
    store(_mm256_andnot_si256(_mm256_set1_epi64x(0xFFFF), first), first_out);
    let dc = [
        _mm256_extract_epi16::<0>(first),
        _mm256_extract_epi16::<4>(first),
        _mm256_extract_epi16::<8>(first),
        _mm256_extract_epi16::<12>(first),
    ];
    #[expect(clippy::cast_possible_truncation, reason = "16 bits, as 32")]
    let narrow = |lane: i32| lane as i16;
    [narrow(dc[0]), narrow(dc[1]), narrow(dc[2]), narrow(dc[3])]
}

#[target_feature(enable = "avx2")]
fn quantise(strip: &mut Strip, forward: &Scales<u16>, offset: &Scales<u16>) -> bool {
    let largest = _mm256_set1_epi16(MAX_LEVEL.cast_signed());
    let mut any = _mm256_setzero_si256();
    for (across, row) in strip.0.iter_mut().enumerate() {
        let values = load(row);
        let magnitudes = _mm256_adds_epu16(_mm256_abs_epi16(values), load(&offset[across % 2]));
        let levels = _mm256_mulhi_epu16(magnitudes, load(&forward[across % 2]));
        let levels = _mm256_sign_epi16(_mm256_min_epu16(levels, largest), values);
        any = _mm256_or_si256(any, levels);
        store(levels, row);
    }
    _mm256_testz_si256(any, any) == 0
}

#[target_feature(enable = "avx2")]
fn rebuild(levels: &Strip, inverse: &Scales<i16>, dc: &[i16; 4], prediction: &[u8; 64], out: &mut [u8; 64]) {
    let mut rows = [_mm256_setzero_si256(); 4];
    for (across, (row, levels)) in rows.iter_mut().zip(&levels.0).enumerate() {
        *row = _mm256_mullo_epi16(load(levels), load(&inverse[across % 2]));
    }
    let [a, b, c, d] = dc.map(|dc| i64::from(dc.cast_unsigned()));
    rows[0] = _mm256_add_epi16(rows[0], _mm256_setr_epi64x(a, b, c, d));
    let rows = inverse_pass(transpose(inverse_pass(rows)));
    let (prediction, out) = (prediction.as_chunks::<16>().0, out.as_chunks_mut::<16>().0);
    for ((row, prediction), out) in rows.into_iter().zip(prediction).zip(out) {
        let difference = _mm256_srai_epi16::<6>(_mm256_add_epi16(row, _mm256_set1_epi16(32)));
        let samples = _mm256_add_epi16(difference, _mm256_cvtepu8_epi16(load_row(prediction)));
        let (low, high) = (_mm256_castsi256_si128(samples), _mm256_extracti128_si256::<1>(samples));
        store_row(_mm_packus_epi16(low, high), out);
    }
}

/// The bytes that a shuffle takes for lanes of two bytes; none for a negative one.
const fn shuffle(lanes: [i8; 8]) -> [u8; 16] {
    let mut bytes = [0x80; 16];
    let mut lane = 0;
    while lane < 8 {
        if lanes[lane] >= 0 {
            bytes[2 * lane] = 2 * lanes[lane].cast_unsigned();
            bytes[2 * lane + 1] = 2 * lanes[lane].cast_unsigned() + 1;
        }
        lane += 1;
    }
    bytes
}

/// Shuffles that bring the lanes of a mask's bits together at the front, and zeros behind them.
static PACKS: [[u8; 16]; 256] = {
    let mut packs = [[0x80; 16]; 256];
    let mut mask = 0;
    while mask < 256 {
        let mut lanes = [-1; 8];
        let (mut lane, mut count) = (0, 0);
        while lane < 8 {
            if mask >> lane & 1 == 1 {
                lanes[count] = lane;
                count += 1;
            }
            lane += 1;
        }
        packs[mask] = shuffle(lanes);
        mask += 1;
    }
    packs
};

#[target_feature(enable = "avx2,popcnt")]
fn scan(levels: &Strip, out: &mut [Levels; 4]) {
    // The zig-zag over columns, backwards: 15 11 14 13 10 7 3 6 | 9 12 8 5 2 1 4 0; the left two columns hold 0 to 7.
    let first_left = load_row(&const { shuffle([-1, -1, -1, -1, -1, 7, 3, 6]) });
    let first_right = load_row(&const { shuffle([7, 3, 6, 5, 2, -1, -1, -1]) });
    let second_left = load_row(&const { shuffle([-1, -1, -1, 5, 2, 1, 4, 0]) });
    let second_right = load_row(&const { shuffle([1, 4, 0, -1, -1, -1, -1, -1]) });
    for (block, out) in out.iter_mut().enumerate() {
        let column = |column: usize| {
            let [a, b, c, d] = levels.0[column].as_chunks::<4>().0[block];
            _mm_setr_epi16(a, b, c, d, 0, 0, 0, 0)
        };
        let left = _mm_unpacklo_epi64(column(0), column(1));
        let right = _mm_unpacklo_epi64(column(2), column(3));
        let first = _mm_or_si128(_mm_shuffle_epi8(left, first_left), _mm_shuffle_epi8(right, first_right));
        let second = _mm_or_si128(_mm_shuffle_epi8(left, second_left), _mm_shuffle_epi8(right, second_right));
        let zeros = _mm_cmpeq_epi8(_mm_packs_epi16(first, second), _mm_setzero_si128());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "one bit for each of 16 bytes")]
        let mask = !(_mm_movemask_epi8(zeros) as u16);
        let [of_first, of_second] = mask.to_le_bytes();
        let pack = |lanes: __m128i, mask: u8| _mm_shuffle_epi8(lanes, load_row(&PACKS[usize::from(mask)]));
        let count = of_first.count_ones() as usize;
        let [start, end] = out.values.as_chunks_mut::<8>().0 else { unreachable!("two halves of 16") };
        store_half(pack(first, of_first), start);
        store_half(_mm_setzero_si128(), end);
        let behind = out.values[count..].first_chunk_mut().expect("8 of 16 places behind the first 8 at most");
        store_half(pack(second, of_second), behind);
        let [total, ..] = mask.count_ones().to_le_bytes();
        (out.mask, out.total) = (mask, total);
    }
}

/// Shuffles that pick a directional mode's samples from the averaged and the smoothed edge.
static PICKS: [[[u8; 16]; 2]; 6] = {
    let mut picks = [[[0x80; 16]; 2]; 6];
    let mut at = 0;
    while at < 6 * 16 {
        let place = intra4::PLACES[at / 16][at % 16] as usize;
        // Both edges lack their ends, of which there is no filtered sample.
        #[expect(clippy::cast_possible_truncation, reason = "below 16")]
        let from = (place % intra4::EDGE - 1) as u8;
        picks[at / 16][place / intra4::EDGE][at % 16] = from;
        at += 1;
    }
    picks
};

#[target_feature(enable = "avx2")]
fn choose_4x4(around: &Around, source: &[u8; 16], expected: u8, lambda: u32) -> Choice {
    let edge = |from: usize| load_row(around.edge[from..].first_chunk().expect("16 of 18 samples"));
    let (before, middle, after) = (edge(0), edge(1), edge(2));
    let averaged = _mm_avg_epu8(middle, after);
    // The average of the outer two, rounded down; with the middle one, rounded up.
    let uneven = _mm_and_si128(_mm_xor_si128(before, after), _mm_set1_epi8(1));
    let smoothed = _mm_avg_epu8(middle, _mm_sub_epi8(_mm_avg_epu8(before, after), uneven));
    let source = load_row(source);
    let mut predictions = [_mm_set1_epi8(around.mean.cast_signed()); intra4::MODES as usize];
    let above = around.edge[intra4::CORNER + 1..].first_chunk().expect("8 samples above");
    predictions[intra4::VERTICAL as usize] = _mm_set1_epi32(i32::from_le_bytes(*above));
    let left = _mm_setr_epi8(7, 7, 7, 7, 6, 6, 6, 6, 5, 5, 5, 5, 4, 4, 4, 4);
    predictions[intra4::HORIZONTAL as usize] = _mm_shuffle_epi8(before, left);
    for (prediction, [from_averaged, from_smoothed]) in predictions[intra4::DOWN_LEFT as usize..].iter_mut().zip(&PICKS)
    {
        let averaged = _mm_shuffle_epi8(averaged, load_row(from_averaged));
        *prediction = _mm_or_si128(averaged, _mm_shuffle_epi8(smoothed, load_row(from_smoothed)));
    }
    let mut best = Choice { mode: intra4::DC, cost: u32::MAX, prediction: [0; 16] };
    for (mode, prediction) in (0..).zip(predictions) {
        let sums = _mm_sad_epu8(prediction, source);
        let difference = (_mm_cvtsi128_si32(sums) + _mm_extract_epi32::<2>(sums)).cast_unsigned();
        let cost = difference + lambda * intra4::price(mode, expected);
        if around.possible >> mode & 1 == 1 && cost < best.cost {
            (best.mode, best.cost) = (mode, cost);
        }
    }
    store_row(predictions[usize::from(best.mode)], &mut best.prediction);
    best
}

/// The four rows of a block, in the first four lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn rows_of(block: &[u8; 16]) -> [__m256i; 4] {
    let block = load_row(block);
    let row = |row: __m128i| _mm256_zextsi128_si256(_mm_cvtepu8_epi16(row));
    let words = [block, _mm_srli_si128::<4>(block), _mm_srli_si128::<8>(block), _mm_srli_si128::<12>(block)];
    words.map(row)
}

#[target_feature(enable = "avx2")]
fn code_4x4(
    source: &[u8; 16],
    prediction: &[u8; 16],
    forward: &Scales<u16>,
    offset: &Scales<u16>,
    out: &mut Columns,
) -> bool {
    let (mut rows, prediction) = (rows_of(source), rows_of(prediction));
    rows.iter_mut().zip(prediction).for_each(|(row, prediction)| *row = _mm256_sub_epi16(*row, prediction));
    let columns = forward_pass(transpose(forward_pass(rows)));
    let largest = _mm256_set1_epi16(MAX_LEVEL.cast_signed());
    let mut any = 0;
    for (across, (values, out)) in columns.into_iter().zip(out).enumerate() {
        let magnitudes = _mm256_adds_epu16(_mm256_abs_epi16(values), load(&offset[across % 2]));
        let levels = _mm256_mulhi_epu16(magnitudes, load(&forward[across % 2]));
        let levels = _mm256_sign_epi16(_mm256_min_epu16(levels, largest), values);
        let four = _mm_cvtsi128_si64(_mm256_castsi256_si128(levels));
        any |= four;
        let [a, b, c, d, e, f, g, h] = four.to_le_bytes();
        *out = [[a, b], [c, d], [e, f], [g, h]].map(i16::from_le_bytes);
    }
    any != 0
}

#[target_feature(enable = "avx2")]
fn rebuild_4x4(levels: &Columns, inverse: &Scales<i16>, prediction: &[u8; 16]) -> [u8; 16] {
    let mut columns = [_mm256_setzero_si256(); 4];
    for (across, (column, [a, b, c, d])) in columns.iter_mut().zip(levels).enumerate() {
        let levels = _mm256_zextsi128_si256(_mm_setr_epi16(*a, *b, *c, *d, 0, 0, 0, 0));
        *column = _mm256_mullo_epi16(levels, load(&inverse[across % 2]));
    }
    let rows = inverse_pass(transpose(inverse_pass(columns)));
    let mut samples = [0; 16];
    for ((row, prediction), out) in rows.into_iter().zip(rows_of(prediction)).zip(samples.as_chunks_mut::<4>().0) {
        let difference = _mm256_srai_epi16::<6>(_mm256_add_epi16(row, _mm256_set1_epi16(32)));
        let sums = _mm256_castsi256_si128(_mm256_add_epi16(difference, prediction));
        *out = _mm_cvtsi128_si32(_mm_packus_epi16(sums, sums)).to_le_bytes();
    }
    samples
}
