//! The loops over samples and coefficients, in one version that every machine has and faster ones where it can.
//!
//! All versions give the same results to the bit, so a stream does not depend on the machine that made it. The tests
//! compare them on random input.
//!
//! A *strip* is four blocks of 4x4 side by side, as in [`Block`](crate::block::Block). Its coefficients lie as rows of
//! equal horizontal frequency; within a row, lanes by block, then by vertical frequency: blocks lie on their side, which
//! spares the second transposition on both ways.

mod portable;
#[cfg(target_arch = "x86_64")]
mod simd_avx2;

use crate::cavlc::Levels;
use crate::intra4::{Around, Choice};
use crate::transform::Scales;

/// Coefficients or levels of a strip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(align(32))]
pub(crate) struct Strip(pub(crate) [[i16; 16]; 4]);

/// Levels of a block, column after column.
pub(crate) type Columns = [[i16; 4]; 4];

/// Source, prediction, scales and what is added before them.
type Code4x4 = fn(&[u8; 16], &[u8; 16], &Scales<u16>, &Scales<u16>, &mut Columns) -> bool;

/// The source, the row above, the column on the left, and the mean.
type LumaDifferences = fn(&[u8; 256], &[u8; 16], &[u8; 16], u8) -> [u32; 3];

/// The source, the rows above, the columns on the left of Cb and Cr, and DC of the upper rows and of the lower ones.
type ChromaDifferences = fn(&[u8; 128], &[u8; 16], &[[u8; 8]; 2], &[[u8; 16]; 2]) -> [u32; 3];

/// Levels, scales, the DC coefficient of each block, which is added, prediction, and where the samples go.
type Rebuild = fn(&Strip, &Scales<i16>, &[i16; 4], &[u8; 64], &mut [u8; 64]);

impl Strip {
    pub(crate) const ZERO: Self = Self([[0; 16]; 4]);
}

/// One version of each kernel.
#[derive(Debug)]
pub(crate) struct Kernels {
    /// Its name.
    pub(crate) name: &'static str,
    /// Sum of absolute differences of a macroblock's luma.
    pub(crate) difference: fn(&[u8; 256], &[u8; 256]) -> u32,
    /// Sum of absolute differences of a macroblock's chroma.
    pub(crate) chroma_difference: fn(&[u8; 128], &[u8; 128]) -> u32,
    /// Sums of absolute differences of luma to what Intra_16x16 predicts by DC, from above and from the left.
    pub(crate) luma_differences: LumaDifferences,
    /// The same of chroma.
    pub(crate) chroma_differences: ChromaDifferences,
    /// Sum of absolute differences of luma to 16 rows of a plane, which start at its beginning, a stride apart.
    pub(crate) difference_in_plane: fn(&[u8; 256], &[u8], usize) -> u32,
    /// Source less prediction, transformed (the inverse of 8.5.12.2).
    pub(crate) transform: fn(&[u8; 64], &[u8; 64], &mut Strip),
    /// The same, but the DC coefficient of each block is given apart, and 0 in its place.
    pub(crate) transform_ac: fn(&[u8; 64], &[u8; 64], &mut Strip) -> [i16; 4],
    /// Coefficients to levels; whether any is not 0.
    pub(crate) quantise: fn(&mut Strip, &Scales<u16>, &Scales<u16>) -> bool,
    /// Levels and prediction to samples (8.5.12 and 8.5.14).
    pub(crate) rebuild: Rebuild,
    /// The cheapest mode of a block of Intra_4x4: what it is predicted from, source, mode that is expected, lambda.
    pub(crate) choose_4x4: fn(&Around, &[u8; 16], u8, u32) -> Choice,
    /// Source less prediction of a block to levels, column after column; whether any is not 0.
    pub(crate) code_4x4: Code4x4,
    /// Levels of a block, scaled, and prediction to samples.
    pub(crate) rebuild_4x4: fn(&Columns, &Scales<i16>, &[u8; 16]) -> [u8; 16],
    /// Levels of the four blocks as they are written.
    pub(crate) scan: fn(&Strip, &mut [Levels; 4]),
}

/// The fastest version that this machine has.
pub(crate) fn best() -> &'static Kernels {
    #[cfg(target_arch = "x86_64")]
    if let Some(kernels) = simd_avx2::kernels() {
        return kernels;
    }
    &portable::KERNELS
}

/// The version that every machine has. On x86-64 the compiler makes SSE2 of it, on AArch64 NEON.
pub(crate) fn portable() -> &'static Kernels {
    &portable::KERNELS
}

#[cfg(test)]
mod tests;
