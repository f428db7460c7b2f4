//! The loops of `kernels` for AArch64, of which NEON is a part.

use std::arch::aarch64::{
    uint8x16_t, vaddvq_s32, vdupq_n_s32, vdupq_n_u8, veorq_u8, vget_high_s8, vget_high_s16, vget_high_u8, vget_low_s8,
    vget_low_s16, vget_low_u8, vld1q_s8, vld1q_s16, vld1q_u8, vmaxvq_u8, vmlal_s16, vmovl_s8, vmovl_u8, vmulq_s16,
    vorrq_u8, vpaddq_s16, vreinterpretq_s16_u16,
};

use crate::kernels::{BLOCK, Corner, Equal};
use crate::segment::{COARSE, FINE, SEGMENT};

/// Rows compared between two looks at the result.
const ROWS_AT_ONCE: usize = 4;

pub(crate) fn hash_segments(pixels: &[u8], step: usize, hashes: &mut [u32]) {
    for (index, slot) in hashes.iter_mut().enumerate() {
        let segment = &pixels[index * step..][..SEGMENT];
        // SAFETY: the slice has 32 bytes.
        *slot = unsafe { hash(segment.as_ptr()) };
    }
}

pub(crate) fn compare(one: Corner<'_>, other: Corner<'_>, blocks: usize, rows: usize) -> Equal {
    one.assert_holds(blocks * BLOCK, rows);
    other.assert_holds(blocks * BLOCK, rows);
    let mut equal = Equal::default();
    for block in 0..blocks {
        // SAFETY: the lines above say that all rows of all blocks are inside.
        equal.add(block, unsafe { compare_block(one, other, block * BLOCK, rows) });
    }
    equal
}

/// # Safety
/// 32 bytes can be read.
#[inline]
unsafe fn hash(segment: *const u8) -> u32 {
    // SAFETY: the caller's 32 bytes, and tables of 32 × i8 and 16 × i16.
    unsafe {
        let mut sum = vdupq_n_s32(0);
        for half in 0..2 {
            let pixels = vld1q_u8(segment.add(16 * half));
            let fine = vld1q_s8(FINE.as_ptr().add(16 * half));
            let coarse = vld1q_s16(COARSE.as_ptr().add(8 * half));
            let low = vmulq_s16(vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(pixels))), vmovl_s8(vget_low_s8(fine)));
            let high = vmulq_s16(vreinterpretq_s16_u16(vmovl_u8(vget_high_u8(pixels))), vmovl_s8(vget_high_s8(fine)));
            let pairs = vpaddq_s16(low, high);
            sum = vmlal_s16(sum, vget_low_s16(pairs), vget_low_s16(coarse));
            sum = vmlal_s16(sum, vget_high_s16(pairs), vget_high_s16(coarse));
        }
        vaddvq_s32(sum).cast_unsigned()
    }
}

/// 16 columns from `x` on, as the lowest bits.
///
/// # Safety
/// Both corners hold `rows` rows of `x + 16` pixels.
#[inline]
unsafe fn compare_block(one: Corner<'_>, other: Corner<'_>, x: usize, rows: usize) -> Equal {
    // SAFETY: NEON is there.
    let (zero, colour) = unsafe { (vdupq_n_u8(0), vdupq_n_u8(one.pixels[x])) };
    // SAFETY: NEON is there.
    let is_zero = |bits: uint8x16_t| unsafe { vmaxvq_u8(bits) == 0 };
    let (mut difference, mut pattern) = (zero, zero);
    let mut from = 0;
    while from < rows {
        let to = (from + ROWS_AT_ONCE).min(rows);
        for y in from..to {
            // SAFETY: a row below `rows`, 16 pixels from `x` on: inside, as the caller promises.
            unsafe {
                let a = vld1q_u8(one.pixels.as_ptr().add(y * one.stride + x));
                let b = vld1q_u8(other.pixels.as_ptr().add(y * other.stride + x));
                difference = vorrq_u8(difference, veorq_u8(a, b));
                pattern = vorrq_u8(pattern, veorq_u8(a, colour));
            }
        }
        if !is_zero(difference) {
            return Equal::default();
        }
        from = to;
    }
    Equal { blocks: 1, blank: u64::from(is_zero(pattern)) }
}
