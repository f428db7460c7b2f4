//! The two loops that touch pixels, for whatever processor this runs on. All give the same results.

use crate::segment::{SEGMENT, hash};
#[cfg(target_arch = "aarch64")]
use crate::simd_neon as neon;
#[cfg(target_arch = "x86_64")]
use crate::simd_x86 as x86;

/// Side of a block, in pixels.
pub(crate) const BLOCK: usize = 16;

/// Blocks that one comparison takes at most.
pub(crate) const MAX_RUN: usize = 64;

/// Which instructions are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kernels {
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Sse2,
    #[cfg(target_arch = "x86_64")]
    Avx2(x86::Avx2),
    #[cfg(target_arch = "aarch64")]
    Neon,
}

/// Pixels from a corner on, and the distance of their rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Corner<'a> {
    pub(crate) pixels: &'a [u8],
    pub(crate) stride: usize,
}

/// One bit for each block, the leftmost the lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Equal {
    /// Those without a difference.
    pub(crate) blocks: u64,
    /// Of these, those of one colour.
    pub(crate) blank: u64,
}

impl Equal {
    /// Takes in the result for the blocks from `block` on.
    pub(crate) fn add(&mut self, block: usize, found: Self) {
        self.blocks |= found.blocks << block;
        self.blank |= found.blank << block;
    }
}

impl Corner<'_> {
    /// Panics unless `rows` rows of `width` pixels are there. Kernels rely on it.
    pub(crate) fn assert_holds(&self, width: usize, rows: usize) {
        assert!(rows > 0 && (rows - 1) * self.stride + width <= self.pixels.len(), "a block outside of its picture");
    }
}

impl Kernels {
    /// The fastest that this processor has.
    pub(crate) fn detect() -> Self {
        Self::available().pop().unwrap_or(Self::Scalar)
    }

    /// All that this processor has, slowest first.
    pub(crate) fn available() -> Vec<Self> {
        let mut found = vec![Self::Scalar];
        #[cfg(target_arch = "x86_64")]
        found.push(Self::Sse2);
        #[cfg(target_arch = "x86_64")]
        found.extend(x86::Avx2::detect().map(Self::Avx2));
        #[cfg(target_arch = "aarch64")]
        found.push(Self::Neon);
        found
    }

    /// Hashes of segments that start `step` bytes apart, the first at the first pixel.
    pub(crate) fn hash_segments(self, pixels: &[u8], step: usize, hashes: &mut [u32]) {
        if hashes.is_empty() {
            return;
        }
        assert!((hashes.len() - 1) * step + SEGMENT <= pixels.len(), "a segment outside of its picture");
        match self {
            Self::Scalar => hash_segments(pixels, step, hashes),
            #[cfg(target_arch = "x86_64")]
            Self::Sse2 => x86::hash_segments_sse2(pixels, step, hashes),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.hash_segments(pixels, step, hashes),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => neon::hash_segments(pixels, step, hashes),
        }
    }

    /// Compares `blocks` blocks side by side, `rows` high.
    pub(crate) fn compare(self, one: Corner<'_>, other: Corner<'_>, blocks: usize, rows: usize) -> Equal {
        assert!((1..=MAX_RUN).contains(&blocks), "{blocks} blocks");
        one.assert_holds(blocks * BLOCK, rows);
        other.assert_holds(blocks * BLOCK, rows);
        match self {
            Self::Scalar => compare(one, other, blocks, rows),
            #[cfg(target_arch = "x86_64")]
            Self::Sse2 => x86::compare_sse2(one, other, blocks, rows),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.compare(one, other, blocks, rows),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => neon::compare(one, other, blocks, rows),
        }
    }
}

fn hash_segments(pixels: &[u8], step: usize, hashes: &mut [u32]) {
    for (index, slot) in hashes.iter_mut().enumerate() {
        *slot = hash(&pixels[index * step..][..SEGMENT]);
    }
}

fn compare(one: Corner<'_>, other: Corner<'_>, blocks: usize, rows: usize) -> Equal {
    let row = |corner: Corner<'_>, block: usize, y: usize| -> [u8; BLOCK] {
        let start = y * corner.stride + block * BLOCK;
        corner.pixels[start..].first_chunk().copied().unwrap_or_default()
    };
    let mut equal = Equal::default();
    for block in 0..blocks {
        let blank = [row(one, block, 0)[0]; BLOCK];
        let same = (0..rows).all(|y| row(one, block, y) == row(other, block, y));
        let flat = same && (0..rows).all(|y| row(one, block, y) == blank);
        equal.add(block, Equal { blocks: u64::from(same), blank: u64::from(flat) });
    }
    equal
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{BLOCK, Corner, Equal, Kernels};

    proptest! {
        #[test]
        fn every_kernel_hashes_as_the_plain_one(
            pixels in prop::collection::vec(any::<u8>(), 32..800), step in 1_usize..70, extreme in any::<bool>(),
        ) {
            let pixels: Vec<u8> = if extreme { pixels.iter().map(|pixel| (pixel & 1) * 255).collect() } else { pixels };
            let count = (pixels.len() - 32) / step + 1;
            let hashes = |kernels: Kernels| {
                let mut hashes = vec![0; count];
                kernels.hash_segments(&pixels, step, &mut hashes);
                hashes
            };
            for kernels in Kernels::available() {
                prop_assert_eq!(hashes(kernels), hashes(Kernels::Scalar), "{:?}", kernels);
            }
        }

        #[test]
        fn every_kernel_compares_as_the_plain_one(
            blocks in 1_usize..=64, rows in 1_usize..=16, strides in [0_usize..9, 0..9],
            flips in prop::collection::vec(any::<(u16, u8)>(), 0..40), plain in any::<bool>(),
        ) {
            let strides = strides.map(|more| blocks * BLOCK + more);
            let fill = |stride: usize| -> Vec<u8> {
                let pixel = move |x: usize, y: usize| if plain { 9 } else { u8::try_from((x * 7 + y * 13) % 251).unwrap() };
                let row = |y: usize| (0..stride).map(move |x| pixel(x, y));
                (0..rows).flat_map(row).collect()
            };
            let (one, mut other) = (fill(strides[0]), fill(strides[1]));
            for (at, bits) in flips {
                let at = usize::from(at) % other.len();
                other[at] ^= bits;
            }
            let run = |kernels: Kernels| {
                let [one, other] = [(&one, strides[0]), (&other, strides[1])]
                    .map(|(pixels, stride)| Corner { pixels, stride });
                kernels.compare(one, other, blocks, rows)
            };
            for kernels in Kernels::available() {
                prop_assert_eq!(run(kernels), run(Kernels::Scalar), "{:?}", kernels);
            }
        }
    }

    #[test]
    fn each_block_has_a_bit_of_its_own() {
        let one = vec![0; 64 * BLOCK];
        for kernels in Kernels::available() {
            for block in 0..64 {
                let mut other = one.clone();
                other[block * BLOCK + block % BLOCK] = 1;
                let [one, other] = [&one, &other].map(|pixels| Corner { pixels, stride: 64 * BLOCK });
                let others = !(1 << block);
                let expected = Equal { blocks: others, blank: others };
                assert_eq!(kernels.compare(one, other, 64, 1), expected, "{kernels:?}");
            }
        }
    }
}
