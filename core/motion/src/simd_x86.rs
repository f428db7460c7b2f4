//! The loops of `kernels` for x86-64. What they may read has been asserted there.

use std::arch::x86_64::{
    __m128i, __m256i, _MM_HINT_T0, _mm_add_epi32, _mm_cmpeq_epi8, _mm_cvtsi128_si32, _mm_loadu_si128, _mm_madd_epi16,
    _mm_movemask_epi8, _mm_or_si128, _mm_packs_epi32, _mm_prefetch, _mm_set1_epi8, _mm_setzero_si128,
    _mm_shuffle_epi32, _mm_srai_epi16, _mm_storeu_si128, _mm_unpackhi_epi8, _mm_unpacklo_epi8, _mm_xor_si128,
    _mm256_castsi256_si128, _mm256_cmpeq_epi8, _mm256_extracti128_si256, _mm256_hadd_epi32, _mm256_loadu_si256,
    _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_movemask_epi8, _mm256_or_si256, _mm256_setzero_si256,
    _mm256_shuffle_epi8, _mm256_xor_si256,
};

use crate::kernels::{BLOCK, Corner, Equal};
use crate::segment::{COARSE, FINE, SEGMENT};

/// Rows compared between two looks at the result.
const ROWS_AT_ONCE: usize = 4;

/// Pixels to the right that are fetched while a block is compared.
const AHEAD: usize = 128;

/// Proof that the processor has AVX2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub(crate) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    pub(crate) fn hash_segments(self, pixels: &[u8], step: usize, hashes: &mut [u32]) {
        assert!(hashes.is_empty() || (hashes.len() - 1) * step + SEGMENT <= pixels.len());
        // SAFETY: `self` says that AVX2 is there, and the line above that each segment is inside of `pixels`.
        unsafe { hash_segments_avx2(pixels, step, hashes) }
    }

    pub(crate) fn compare(self, one: Corner<'_>, other: Corner<'_>, blocks: usize, rows: usize) -> Equal {
        one.assert_holds(blocks * BLOCK, rows);
        other.assert_holds(blocks * BLOCK, rows);
        // SAFETY: `self` says that AVX2 is there, and the lines above that all rows of all blocks are inside.
        unsafe { compare_avx2(one, other, blocks, rows) }
    }
}

pub(crate) fn hash_segments_sse2(pixels: &[u8], step: usize, hashes: &mut [u32]) {
    for (index, slot) in hashes.iter_mut().enumerate() {
        let segment = &pixels[index * step..][..SEGMENT];
        // SAFETY: SSE2 is part of x86-64; the slice has 32 bytes, and the tables are as long as what is read of them.
        *slot = unsafe { hash_sse2(segment.as_ptr()) };
    }
}

pub(crate) fn compare_sse2(one: Corner<'_>, other: Corner<'_>, blocks: usize, rows: usize) -> Equal {
    one.assert_holds(blocks * BLOCK, rows);
    other.assert_holds(blocks * BLOCK, rows);
    let mut equal = Equal::default();
    for block in 0..blocks {
        // SAFETY: SSE2 is part of x86-64; the lines above say that all rows of all blocks are inside.
        equal.add(block, unsafe { compare_block(one, other, block * BLOCK, rows) });
    }
    equal
}

/// # Safety
/// 32 bytes can be read.
#[inline]
unsafe fn hash_sse2(segment: *const u8) -> u32 {
    // SAFETY: the caller's 32 bytes, and tables of 32 × i8 and 16 × i16.
    unsafe {
        let zero = _mm_setzero_si128();
        let mut sum = zero;
        for half in 0..2 {
            let pixels = _mm_loadu_si128(segment.add(16 * half).cast());
            let fine = _mm_loadu_si128(FINE.as_ptr().add(16 * half).cast());
            let coarse = _mm_loadu_si128(COARSE.as_ptr().add(8 * half).cast());
            let low = _mm_madd_epi16(_mm_unpacklo_epi8(pixels, zero), widen_low(fine));
            let high = _mm_madd_epi16(_mm_unpackhi_epi8(pixels, zero), widen_high(fine));
            sum = _mm_add_epi32(sum, _mm_madd_epi16(_mm_packs_epi32(low, high), coarse));
        }
        let pairs = _mm_add_epi32(sum, _mm_shuffle_epi32::<0b01_00_11_10>(sum));
        let all = _mm_add_epi32(pairs, _mm_shuffle_epi32::<0b10_11_00_01>(pairs));
        _mm_cvtsi128_si32(all).cast_unsigned()
    }
}

/// The lower eight signed bytes as 16-bit numbers.
#[inline]
fn widen_low(bytes: __m128i) -> __m128i {
    // SAFETY: SSE2 is part of x86-64.
    unsafe { _mm_srai_epi16::<8>(_mm_unpacklo_epi8(bytes, bytes)) }
}

/// The upper eight signed bytes as 16-bit numbers.
#[inline]
fn widen_high(bytes: __m128i) -> __m128i {
    // SAFETY: SSE2 is part of x86-64.
    unsafe { _mm_srai_epi16::<8>(_mm_unpackhi_epi8(bytes, bytes)) }
}

/// 16 columns from `x` on, as the lowest bits.
///
/// # Safety
/// Both corners hold `rows` rows of `x + 16` pixels.
#[inline]
unsafe fn compare_block(one: Corner<'_>, other: Corner<'_>, x: usize, rows: usize) -> Equal {
    // SAFETY: SSE2 is part of x86-64.
    let zero = unsafe { _mm_setzero_si128() };
    // SAFETY: as above.
    let colour = unsafe { _mm_set1_epi8(one.pixels[x].cast_signed()) };
    // SAFETY: as above.
    let is_zero = |bits: __m128i| unsafe { _mm_movemask_epi8(_mm_cmpeq_epi8(bits, zero)) == 0xFFFF };
    let (mut difference, mut pattern) = (zero, zero);
    let mut from = 0;
    while from < rows {
        let to = (from + ROWS_AT_ONCE).min(rows);
        for y in from..to {
            // SAFETY: a row below `rows`, 16 pixels from `x` on: inside, as the caller promises.
            unsafe {
                let a = _mm_loadu_si128(one.pixels.as_ptr().add(y * one.stride + x).cast());
                let b = _mm_loadu_si128(other.pixels.as_ptr().add(y * other.stride + x).cast());
                difference = _mm_or_si128(difference, _mm_xor_si128(a, b));
                pattern = _mm_or_si128(pattern, _mm_xor_si128(a, colour));
            }
        }
        if !is_zero(difference) {
            return Equal::default();
        }
        from = to;
    }
    Equal { blocks: 1, blank: u64::from(is_zero(pattern)) }
}

/// # Safety
/// AVX2 is there; `(hashes.len() - 1) * step + 32` bytes can be read.
#[target_feature(enable = "avx2")]
unsafe fn hash_segments_avx2(pixels: &[u8], step: usize, hashes: &mut [u32]) {
    // SAFETY: tables of 32 × i8 and 16 × i16.
    let (fine, coarse) =
        unsafe { (_mm256_loadu_si256(FINE.as_ptr().cast()), _mm256_loadu_si256(COARSE.as_ptr().cast())) };
    let weigh = |index: usize| -> __m256i {
        // SAFETY: `index` is below `hashes.len()`, so the segment is inside.
        let segment = unsafe { _mm256_loadu_si256(pixels.as_ptr().add(index * step).cast()) };
        _mm256_madd_epi16(_mm256_maddubs_epi16(segment, fine), coarse)
    };
    let mut index = 0;
    while index + 4 <= hashes.len() {
        let left = _mm256_hadd_epi32(weigh(index), weigh(index + 1));
        let right = _mm256_hadd_epi32(weigh(index + 2), weigh(index + 3));
        let halves = _mm256_hadd_epi32(left, right);
        let sums = _mm_add_epi32(_mm256_castsi256_si128(halves), _mm256_extracti128_si256::<1>(halves));
        // SAFETY: four hashes from `index` on are inside.
        unsafe { _mm_storeu_si128(hashes.as_mut_ptr().add(index).cast(), sums) };
        index += 4;
    }
    for (index, slot) in hashes.iter_mut().enumerate().skip(index) {
        // SAFETY: `index` is below `hashes.len()`, so the segment is inside.
        *slot = unsafe { hash_sse2(pixels.as_ptr().add(index * step)) };
    }
}

/// # Safety
/// AVX2 is there; both corners hold `rows` rows of `blocks` blocks.
#[target_feature(enable = "avx2")]
unsafe fn compare_avx2(one: Corner<'_>, other: Corner<'_>, blocks: usize, rows: usize) -> Equal {
    let mut equal = Equal::default();
    let mut block = 0;
    while block + 2 <= blocks {
        // SAFETY: two blocks from `block` on are inside.
        equal.add(block, unsafe { compare_pair(one, other, block * BLOCK, rows) });
        block += 2;
    }
    if block < blocks {
        // SAFETY: the last block is inside.
        equal.add(block, unsafe { compare_block(one, other, block * BLOCK, rows) });
    }
    equal
}

/// Two blocks side by side, as the two lowest bits.
///
/// # Safety
/// AVX2 is there; both corners hold `rows` rows of `x + 32` pixels.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn compare_pair(one: Corner<'_>, other: Corner<'_>, x: usize, rows: usize) -> Equal {
    let zero = _mm256_setzero_si256();
    let zeros = |bits: __m256i| -> u64 {
        let same = _mm256_movemask_epi8(_mm256_cmpeq_epi8(bits, zero)).cast_unsigned();
        u64::from(same & 0xFFFF == 0xFFFF) | u64::from(same >> 16 == 0xFFFF) << 1
    };
    // SAFETY: the first row is inside.
    let colours = _mm256_shuffle_epi8(unsafe { _mm256_loadu_si256(one.pixels.as_ptr().add(x).cast()) }, zero);
    let (mut difference, mut pattern) = (zero, zero);
    let mut from = 0;
    loop {
        let to = (from + ROWS_AT_ONCE).min(rows);
        for y in from..to {
            // SAFETY: a row below `rows`, 32 pixels from `x` on: inside, as the caller promises. What is fetched ahead
            // need not be inside of anything.
            let (a, b) = unsafe {
                let (a, b) =
                    (one.pixels.as_ptr().add(y * one.stride + x), other.pixels.as_ptr().add(y * other.stride + x));
                _mm_prefetch::<_MM_HINT_T0>(a.wrapping_add(AHEAD).cast());
                _mm_prefetch::<_MM_HINT_T0>(b.wrapping_add(AHEAD).cast());
                (_mm256_loadu_si256(a.cast()), _mm256_loadu_si256(b.cast()))
            };
            difference = _mm256_or_si256(difference, _mm256_xor_si256(a, b));
            pattern = _mm256_or_si256(pattern, _mm256_xor_si256(a, colours));
        }
        let blocks = zeros(difference);
        from = to;
        if blocks == 0 || from == rows {
            return Equal { blocks, blank: blocks & zeros(pattern) };
        }
    }
}
