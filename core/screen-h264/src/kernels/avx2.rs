//! Kernels for x86-64 with AVX2: a row of a strip is one register.
//!
//! The only `unsafe` of this crate: loads and stores of whole registers from arrays of their size, and calls that are
//! made only where the processor was seen to have AVX2.

#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{Kernels, Strip};
use crate::cavlc::MAX_LEVEL;
use crate::transform::Scales;

/// The kernels, where the processor has AVX2.
pub(super) fn kernels() -> Option<&'static Kernels> {
    std::arch::is_x86_feature_detected!("avx2").then_some(&KERNELS)
}

macro_rules! detected {
    ($name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?) => {
        |$($argument: $type),*| {
            // SAFETY: the table that this stands in is given out only where the processor has AVX2.
            unsafe { $name($($argument),*) }
        }
    };
}

static KERNELS: Kernels = Kernels {
    name: "AVX2",
    difference: detected!(difference(a: &[u8; 256], b: &[u8; 256])),
    chroma_difference: detected!(chroma_difference(a: &[u8; 128], b: &[u8; 128])),
    difference_in_plane: detected!(difference_in_plane(a: &[u8; 256], plane: &[u8], stride: usize)),
    transform: detected!(transform(source: &[u8; 64], prediction: &[u8; 64], out: &mut Strip)),
    quantise: detected!(quantise(strip: &mut Strip, forward: &Scales<u16>, offset: &Scales<u16>)),
    scale: detected!(scale(levels: &Strip, inverse: &Scales<i16>, out: &mut Strip)),
    reconstruct: detected!(reconstruct(coefficients: &Strip, prediction: &[u8; 64], out: &mut [u8; 64])),
    scan: detected!(scan(levels: &Strip, out: &mut [[i16; 16]; 4], masks: &mut [u16; 4])),
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

#[target_feature(enable = "avx2")]
fn transform(source: &[u8; 64], prediction: &[u8; 64], out: &mut Strip) {
    let (source, prediction) = (source.as_chunks::<16>().0, prediction.as_chunks::<16>().0);
    let mut rows = [_mm256_setzero_si256(); 4];
    for (row, (source, prediction)) in rows.iter_mut().zip(source.iter().zip(prediction)) {
        let (source, prediction) = (load_row(source), load_row(prediction));
        *row = _mm256_sub_epi16(_mm256_cvtepu8_epi16(source), _mm256_cvtepu8_epi16(prediction));
    }
    let rows = forward_pass(transpose(forward_pass(rows)));
    rows.into_iter().zip(&mut out.0).for_each(|(row, out)| store(row, out));
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
fn scale(levels: &Strip, inverse: &Scales<i16>, out: &mut Strip) {
    for (across, (row, out)) in levels.0.iter().zip(&mut out.0).enumerate() {
        store(_mm256_mullo_epi16(load(row), load(&inverse[across % 2])), out);
    }
}

#[target_feature(enable = "avx2")]
fn reconstruct(coefficients: &Strip, prediction: &[u8; 64], out: &mut [u8; 64]) {
    let [a, b, c, d] = &coefficients.0;
    let rows = inverse_pass(transpose(inverse_pass([load(a), load(b), load(c), load(d)])));
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

#[target_feature(enable = "avx2")]
fn scan(levels: &Strip, out: &mut [[i16; 16]; 4], masks: &mut [u16; 4]) {
    // The zig-zag over columns: 0 4 1 2 5 8 12 9 | 6 3 7 10 13 14 11 15; the left two columns hold 0 to 7.
    let first_left = load_row(&const { shuffle([0, 4, 1, 2, 5, -1, -1, -1]) });
    let first_right = load_row(&const { shuffle([-1, -1, -1, -1, -1, 0, 4, 1]) });
    let second_left = load_row(&const { shuffle([6, 3, 7, -1, -1, -1, -1, -1]) });
    let second_right = load_row(&const { shuffle([-1, -1, -1, 2, 5, 6, 3, 7]) });
    for (block, (out, mask)) in out.iter_mut().zip(masks).enumerate() {
        let column = |column: usize| {
            let [a, b, c, d] = levels.0[column].as_chunks::<4>().0[block];
            _mm_setr_epi16(a, b, c, d, 0, 0, 0, 0)
        };
        let left = _mm_unpacklo_epi64(column(0), column(1));
        let right = _mm_unpacklo_epi64(column(2), column(3));
        let first = _mm_or_si128(_mm_shuffle_epi8(left, first_left), _mm_shuffle_epi8(right, first_right));
        let second = _mm_or_si128(_mm_shuffle_epi8(left, second_left), _mm_shuffle_epi8(right, second_right));
        let [first_out, second_out] = out.as_chunks_mut::<8>().0 else { unreachable!("two halves of 16") };
        store_half(first, first_out);
        store_half(second, second_out);
        let zeros = _mm_cmpeq_epi8(_mm_packs_epi16(first, second), _mm_setzero_si128());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "one bit for each of 16 bytes")]
        let set = !(_mm_movemask_epi8(zeros) as u16);
        *mask = set;
    }
}
