//! From prediction to levels and back to samples: clauses 8.5.1 to 8.5.4 and 8.5.11 to 8.5.14.

use crate::block::Block;
use crate::cavlc::Levels;
use crate::kernels::{Kernels, Strip};
use crate::state::Counts;
use crate::tables::{ZIGZAG_COLUMNS, ZIGZAG_ROWS};
use crate::transform::{Quantiser, Rounding};

/// What is left of a macroblock after its prediction.
#[derive(Debug)]
pub(crate) struct Residual {
    /// Levels of the six strips.
    strips: [Strip; 6],
    /// Levels of a block of Intra_4x4, column after column.
    single: [[i16; 4]; 4],
    /// Whether any level of a strip is not 0.
    any: [bool; 6],
    /// Levels strip by strip: 16 blocks of luma in raster order, then two of Cb and two of Cr twice.
    pub(crate) levels: [Levels; 24],
    /// Luma DC of Intra_16x16, in raster order and as it is written.
    dc: [i16; 16],
    pub(crate) dc_levels: Levels,
    /// Chroma DC of Cb and Cr.
    chroma_dc: [[i16; 4]; 2],
    pub(crate) chroma_dc_levels: [Levels; 2],
    /// `CodedBlockPatternLuma`: a bit for each quarter.
    pub(crate) luma_pattern: u8,
    /// `CodedBlockPatternChroma`: nothing, DC, or all.
    pub(crate) chroma_pattern: u8,
}

/// Where a block of chroma is among the levels, by plane and place in it.
pub(crate) const fn chroma_block(plane: usize, x: usize, y: usize) -> usize {
    16 + 4 * y + 2 * plane + x
}

/// Sums within 16 bits (8.5.12.2): coarse levels of extreme samples may add up to more than the samples did.
const LARGEST_SUM: i32 = 32_000;
/// The same, where a DC coefficient comes from elsewhere.
const LARGEST_AC_SUM: i32 = 14_000;
/// From this QP on sums are watched.
const WATCHED_QP: u8 = 34;

impl Residual {
    pub(crate) const fn new() -> Self {
        Self {
            strips: [Strip::ZERO; 6],
            single: [[0; 4]; 4],
            any: [false; 6],
            levels: [Levels::NONE; 24],
            dc: [0; 16],
            dc_levels: Levels::NONE,
            chroma_dc: [[0; 4]; 2],
            chroma_dc_levels: [Levels::NONE; 2],
            luma_pattern: 0,
            chroma_pattern: 0,
        }
    }

    /// No level at all.
    pub(crate) fn clear(&mut self) {
        self.clear_luma();
        self.clear_chroma();
    }

    /// No level of luma.
    pub(crate) fn clear_luma(&mut self) {
        (self.luma_pattern, self.dc_levels) = (0, Levels::NONE);
        self.any[..4].fill(false);
        self.levels[..16].fill(Levels::NONE);
    }

    /// No level of chroma.
    pub(crate) fn clear_chroma(&mut self) {
        self.chroma_pattern = 0;
        self.any[4..].fill(false);
        self.levels[16..].fill(Levels::NONE);
    }

    /// Whether there is nothing to send.
    pub(crate) fn is_empty(&self) -> bool {
        self.luma_pattern | self.chroma_pattern == 0
    }

    /// `coded_block_pattern`.
    pub(crate) fn pattern(&self) -> usize {
        usize::from(self.luma_pattern | self.chroma_pattern << 4)
    }

    /// Numbers of levels as later macroblocks see them.
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = [0; 24];
        if self.luma_pattern != 0 {
            counts.iter_mut().zip(&self.levels[..16]).for_each(|(out, levels)| *out = levels.total);
        }
        if self.chroma_pattern == 2 {
            for (at, out) in counts[16..].iter_mut().enumerate() {
                *out = self.levels[chroma_block(at / 4, at % 2, at / 2 % 2)].total;
            }
        }
        counts
    }

    /// Transforms and quantises luma for an inter macroblock.
    pub(crate) fn code_luma(
        &mut self,
        kernels: &Kernels,
        quantiser: &Quantiser,
        qp: u8,
        [source, prediction]: [&Block; 2],
    ) {
        (self.luma_pattern, self.dc_levels) = (0, Levels::NONE);
        for strip in 0..4 {
            let (from, guess) = (source.strip(strip), prediction.strip(strip));
            self.any[strip] = from != guess && {
                (kernels.transform)(from, guess, &mut self.strips[strip]);
                self.quantise(kernels, quantiser, (qp, LARGEST_SUM), strip, Rounding::Inter)
            };
            self.scan(kernels, strip);
            for block in (0..4).filter(|block| !self.levels[4 * strip + block].is_empty()) {
                self.luma_pattern |= 1 << (strip / 2 * 2 + block / 2);
            }
        }
    }

    /// Transforms and quantises luma for Intra_16x16, whose DC coefficients are transformed once more.
    pub(crate) fn code_luma_16x16(
        &mut self,
        kernels: &Kernels,
        quantiser: &Quantiser,
        qp: u8,
        [source, prediction]: [&Block; 2],
    ) {
        let mut coefficients = [0; 16];
        for strip in 0..4 {
            let dc = (kernels.transform_ac)(source.strip(strip), prediction.strip(strip), &mut self.strips[strip]);
            for (coefficient, dc) in coefficients[4 * strip..].iter_mut().zip(dc) {
                *coefficient = dc.into();
            }
            self.any[strip] = self.quantise(kernels, quantiser, (qp, LARGEST_AC_SUM), strip, Rounding::Intra);
            self.scan(kernels, strip);
        }
        self.dc = quantiser.luma_dc_levels(&coefficients);
        let mut scanned = [0; 16];
        scanned.iter_mut().zip(ZIGZAG_ROWS).for_each(|(level, place)| *level = self.dc[place]);
        self.dc_levels = Levels::pack(&scanned);
        self.luma_pattern = if self.any[..4].contains(&true) { 15 } else { 0 };
    }

    /// Transforms and quantises chroma.
    pub(crate) fn code_chroma(
        &mut self,
        kernels: &Kernels,
        quantiser: &Quantiser,
        qp: u8,
        [source, prediction]: [&Block; 2],
        rounding: Rounding,
    ) {
        if source.chroma() == prediction.chroma() {
            return self.clear_chroma();
        }
        let mut coefficients = [[0; 4]; 2];
        for strip in 4..6 {
            let dc = (kernels.transform_ac)(source.strip(strip), prediction.strip(strip), &mut self.strips[strip]);
            for (block, dc) in dc.into_iter().enumerate() {
                coefficients[block / 2][(strip - 4) * 2 + block % 2] = dc.into();
            }
            self.any[strip] = self.quantise(kernels, quantiser, (qp, LARGEST_AC_SUM), strip, rounding);
            self.scan(kernels, strip);
        }
        for (plane, coefficients) in coefficients.into_iter().enumerate() {
            self.chroma_dc[plane] = quantiser.chroma_dc_levels(coefficients, rounding);
            self.chroma_dc_levels[plane] = Levels::pack(&self.chroma_dc[plane]);
        }
        self.chroma_pattern = match (self.any[4] || self.any[5], self.chroma_dc == [[0; 4]; 2]) {
            (true, _) => 2,
            (false, false) => 1,
            (false, true) => 0,
        };
    }

    /// Transforms and quantises a block of Intra_4x4; whether any level is not 0.
    pub(crate) fn code_4x4(
        &mut self,
        kernels: &Kernels,
        quantiser: &Quantiser,
        qp: u8,
        block: usize,
        [source, prediction]: [&[u8; 16]; 2],
    ) -> bool {
        let offset = &quantiser.offset[Rounding::Intra as usize];
        if !(kernels.code_4x4)(source, prediction, &quantiser.forward, offset, &mut self.single) {
            return false;
        }
        if qp >= WATCHED_QP {
            let mut strip = widen(&self.single);
            tame(&mut strip, 0, quantiser, LARGEST_SUM);
            self.single = strip.0.map(|[a, b, c, d, ..]| [a, b, c, d]);
        }
        self.levels[block] = Levels::pack(&ZIGZAG_COLUMNS.map(|place| self.single.as_flattened()[place]));
        !self.levels[block].is_empty()
    }

    /// Prediction and the levels just made to samples of a block of Intra_4x4.
    pub(crate) fn rebuild_4x4(&self, kernels: &Kernels, quantiser: &Quantiser, prediction: &[u8; 16]) -> [u8; 16] {
        (kernels.rebuild_4x4)(&self.single, &quantiser.inverse, prediction)
    }

    fn quantise(
        &mut self,
        kernels: &Kernels,
        quantiser: &Quantiser,
        (qp, largest): (u8, i32),
        strip: usize,
        rounding: Rounding,
    ) -> bool {
        let levels = &mut self.strips[strip];
        let any = (kernels.quantise)(levels, &quantiser.forward, &quantiser.offset[rounding as usize]);
        if any && qp >= WATCHED_QP {
            (0..4).for_each(|block| tame(levels, block, quantiser, largest));
        }
        any
    }

    fn scan(&mut self, kernels: &Kernels, strip: usize) {
        let levels = &mut self.levels.as_chunks_mut().0[strip];
        if self.any[strip] {
            (kernels.scan)(&self.strips[strip], levels);
        } else {
            levels.fill(Levels::NONE);
        }
    }

    /// Prediction and levels to luma of an inter macroblock.
    pub(crate) fn rebuild_luma(
        &self,
        kernels: &Kernels,
        quantiser: &Quantiser,
        prediction: &Block,
        result: &mut Block,
    ) {
        for strip in 0..4 {
            let (prediction, result) = (prediction.strip(strip), result.strip_mut(strip));
            if self.any[strip] {
                (kernels.rebuild)(&self.strips[strip], &quantiser.inverse, &[0; 4], prediction, result);
            } else {
                *result = *prediction;
            }
        }
    }

    /// Prediction and levels to luma of Intra_16x16.
    pub(crate) fn rebuild_luma_16x16(
        &self,
        kernels: &Kernels,
        quantiser: &Quantiser,
        prediction: &Block,
        result: &mut Block,
    ) {
        if self.dc_levels.is_empty() && self.luma_pattern == 0 {
            *result.luma_mut() = *prediction.luma();
            return;
        }
        let dc = quantiser.luma_dc(&self.dc);
        for (strip, dc) in dc.as_chunks().0.iter().enumerate() {
            let (prediction, result) = (prediction.strip(strip), result.strip_mut(strip));
            (kernels.rebuild)(&self.strips[strip], &quantiser.inverse, dc, prediction, result);
        }
    }

    /// Prediction and levels to chroma.
    pub(crate) fn rebuild_chroma(
        &self,
        kernels: &Kernels,
        quantiser: &Quantiser,
        prediction: &Block,
        result: &mut Block,
    ) {
        if self.chroma_pattern == 0 {
            *result.chroma_mut() = *prediction.chroma();
            return;
        }
        let [cb, cr] = [0, 1].map(|plane| quantiser.chroma_dc(self.chroma_dc[plane]));
        for (strip, dc) in [(4, [cb[0], cb[1], cr[0], cr[1]]), (5, [cb[2], cb[3], cr[2], cr[3]])] {
            let (prediction, result) = (prediction.strip(strip), result.strip_mut(strip));
            (kernels.rebuild)(&self.strips[strip], &quantiser.inverse, &dc, prediction, result);
        }
    }
}

/// A block as the first of a strip.
fn widen(single: &[[i16; 4]; 4]) -> Strip {
    let mut strip = Strip::ZERO;
    for (row, column) in strip.0.iter_mut().zip(single) {
        row[..4].copy_from_slice(column);
    }
    strip
}

/// Halves a block's levels until its coefficients cannot add up to more than `largest`.
fn tame(levels: &mut Strip, block: usize, quantiser: &Quantiser, largest: i32) {
    loop {
        let mut sum = 0;
        for (across, row) in levels.0.iter().enumerate() {
            let lanes = row.iter().zip(&quantiser.inverse[across % 2]).skip(4 * block).take(4);
            sum += lanes.map(|(level, scale)| (i32::from(*level) * i32::from(*scale)).abs()).sum::<i32>();
        }
        if sum <= largest {
            return;
        }
        for row in &mut levels.0 {
            row[4 * block..4 * block + 4].iter_mut().for_each(|level| *level /= 2);
        }
    }
}
