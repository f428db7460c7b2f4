//! Quantising and the transforms of DC levels: clauses 8.5.8 to 8.5.11 and their inverse.
//!
//! The 4x4 transform itself is a kernel, as it takes the time. Here are the tables it needs, and the second transform of
//! DC levels in Intra_16x16 (8.5.10) and chroma (8.5.11.1), which is rare and small.

use crate::cavlc::MAX_LEVEL;
use crate::tables::{CHROMA_QP, LEVEL_SCALE, QUANTISER_SCALE};

/// The coarsest QP of this encoder: text is gone long before, and sums stay within 16 bits (8.5.12.2).
pub(crate) const COARSEST_QP: u8 = 44;

/// How quotients are rounded: by a third for intra, by a sixth for inter, where zeros are worth more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rounding {
    Intra,
    Inter,
}

/// Scales for four blocks side by side: rows of even and of odd horizontal frequency, lanes by block and vertical one.
pub(crate) type Scales<T> = [[T; 16]; 2];

/// Everything that a QP means.
#[derive(Debug, Clone)]
pub(crate) struct Quantiser {
    /// Levels times 2^16 for a coefficient of 1.
    pub(crate) forward: Scales<u16>,
    /// What is added to a coefficient's magnitude, by [`Rounding`].
    pub(crate) offset: [Scales<u16>; 2],
    /// Coefficients of a level of 1.
    pub(crate) inverse: Scales<i16>,
    forward_dc: u32,
    inverse_dc: i32,
    /// `qp / 6`.
    octave: u32,
}

impl Quantiser {
    fn new(qp: u8) -> Self {
        let (step, octave) = (usize::from(qp % 6), u32::from(qp / 6));
        let mut quantiser = Self {
            forward: [[0; 16]; 2],
            offset: [[[0; 16]; 2]; 2],
            inverse: [[0; 16]; 2],
            forward_dc: QUANTISER_SCALE[step][0].unsigned_abs(),
            inverse_dc: LEVEL_SCALE[step][0],
            octave,
        };
        for (across, lane) in (0..2).flat_map(|across| (0..16).map(move |lane| (across, lane))) {
            let kind = match (across, lane % 2) {
                (0, 0) => 0,
                (1, 1) => 1,
                _ => 2,
            };
            let narrow = |value: i32| u16::try_from(value).expect("below 2^16 at any QP");
            let forward = ((QUANTISER_SCALE[step][kind] * 2) >> octave).max(1);
            quantiser.forward[across][lane] = narrow(forward);
            for (rounding, part) in [(Rounding::Intra, 3), (Rounding::Inter, 6)] {
                quantiser.offset[rounding as usize][across][lane] = narrow((65_536 / part / forward).min(32_767));
            }
            quantiser.inverse[across][lane] = narrow(LEVEL_SCALE[step][kind] << octave).cast_signed();
        }
        quantiser
    }

    /// A DC level after the second transform, whose sums are twice as large.
    fn dc_level(&self, sum: i32, rounding: Rounding) -> i16 {
        let shift = 16 + self.octave;
        let part = if rounding == Rounding::Intra { 3 } else { 6 };
        // At most 16 coefficients of 16 · 255, halved.
        let magnitude = (sum.unsigned_abs() * self.forward_dc + (1 << shift) / part) >> shift;
        #[expect(clippy::cast_possible_truncation, reason = "capped")]
        let level = (magnitude.min(MAX_LEVEL.into()) as u16).cast_signed();
        if sum < 0 { -level } else { level }
    }

    /// Levels of the luma DC coefficients, in raster order.
    pub(crate) fn luma_dc_levels(&self, coefficients: &[i32; 16]) -> [i16; 16] {
        let mut sums = *coefficients;
        hadamard(&mut sums);
        let mut levels = [0; 16];
        for (level, sum) in levels.iter_mut().zip(sums) {
            *level = self.dc_level((sum + 1) >> 1, Rounding::Intra);
        }
        levels
    }

    /// Luma DC coefficients from their levels in raster order (8.5.10).
    pub(crate) fn luma_dc(&self, levels: &[i16; 16]) -> [i16; 16] {
        let mut sums = [0; 16];
        sums.iter_mut().zip(levels).for_each(|(sum, level)| *sum = i32::from(*level));
        hadamard(&mut sums);
        let scale = self.inverse_dc * 16;
        let mut coefficients = [0; 16];
        for (coefficient, sum) in coefficients.iter_mut().zip(sums) {
            *coefficient = saturate(match self.octave {
                6.. => (sum * scale) << (self.octave - 6),
                octave => (sum * scale + (1 << (5 - octave))) >> (6 - octave),
            });
        }
        coefficients
    }

    /// Levels of four chroma DC coefficients, in raster order, which is their scan order.
    pub(crate) fn chroma_dc_levels(&self, coefficients: [i32; 4], rounding: Rounding) -> [i16; 4] {
        hadamard_2x2(coefficients).map(|sum| self.dc_level(sum, rounding))
    }

    /// Chroma DC coefficients from their levels (8.5.11.1 and 8.5.11.2).
    pub(crate) fn chroma_dc(&self, levels: [i16; 4]) -> [i16; 4] {
        hadamard_2x2(levels.map(i32::from)).map(|sum| saturate(((sum * self.inverse_dc) << self.octave) >> 1))
    }
}

/// Never more than a stream may have, whatever noise was quantised coarsely.
fn saturate(value: i32) -> i16 {
    i16::try_from(value).unwrap_or(if value < 0 { i16::MIN } else { i16::MAX })
}

fn hadamard_2x2([a, b, c, d]: [i32; 4]) -> [i32; 4] {
    [a + b + c + d, a - b + c - d, a + b - c - d, a - b - c + d]
}

fn hadamard(values: &mut [i32; 16]) {
    let turn = |[a, b, c, d]: [i32; 4]| [a + b + c + d, a + b - c - d, a - b - c + d, a - b + c - d];
    for row in values.as_chunks_mut().0 {
        *row = turn(*row);
    }
    for x in 0..4 {
        let column = turn([values[x], values[4 + x], values[8 + x], values[12 + x]]);
        (0..4).for_each(|y| values[4 * y + x] = column[y]);
    }
}

/// Quantisers of every QP.
#[derive(Debug)]
pub(crate) struct Quantisers(Vec<Quantiser>);

impl Quantisers {
    pub(crate) fn new() -> Self {
        Self((0..=COARSEST_QP).map(Quantiser::new).collect())
    }

    pub(crate) fn luma(&self, qp: u8) -> &Quantiser {
        &self.0[usize::from(qp)]
    }

    pub(crate) fn chroma(&self, qp: u8) -> &Quantiser {
        &self.0[usize::from(CHROMA_QP[usize::from(qp)])]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dc_survives_both_ways() {
        for qp in 0..=COARSEST_QP {
            let quantiser = Quantiser::new(qp);
            let step = f64::from(qp / 6).exp2() * [0.625, 0.6875, 0.8125, 0.875, 1.0, 1.125][usize::from(qp % 6)];
            for value in [-4000, -37, 0, 1, 900, 4080] {
                let mut coefficients = [value; 16];
                coefficients[3] /= 2;
                let levels = quantiser.luma_dc_levels(&coefficients);
                for (back, wanted) in quantiser.luma_dc(&levels).into_iter().zip(coefficients) {
                    // Coefficients come back times 4, since the inverse transform divides by 64 and not by 16.
                    let error = f64::from(i32::from(back) - 4 * wanted).abs() / 4.0;
                    assert!(
                        error <= step * 16.0 || levels.iter().any(|level| level.abs() == 2000),
                        "QP {qp}: {wanted} came back as {back}"
                    );
                }
            }
        }
    }

    #[test]
    fn chroma_dc_survives_both_ways() {
        let quantiser = Quantiser::new(20);
        let coefficients = [400, -300, 20, 0];
        let levels = quantiser.chroma_dc_levels(coefficients, Rounding::Inter);
        for (back, wanted) in quantiser.chroma_dc(levels).into_iter().zip(coefficients) {
            assert!((i32::from(back) - 4 * wanted).abs() < 4 * 64, "{wanted} came back as {back}");
        }
    }
}
