//! Writing slices and macroblocks: syntax of 7.3.3 to 7.3.5.

use crate::bits::BitSink;
use crate::cavlc::{column, write_block, write_chroma_dc};
use crate::intra::{ChromaMode, LumaMode};
use crate::parameters::FRAME_NUM_BITS;
use crate::residual::{Residual, chroma_block};
use crate::state::Surroundings;
use crate::tables::{BLOCK_RASTER, PATTERN_CODE_INTER, PATTERN_CODE_INTRA};
use crate::vector::Vector;

/// What kind of picture a slice is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PictureKind {
    /// Decodable by itself; the number differs from that of the IDR picture before.
    Idr {
        /// `idr_pic_id`.
        id: u8,
    },
    /// From the picture before.
    Delta,
}

impl PictureKind {
    pub(crate) const fn is_idr(self) -> bool {
        matches!(self, Self::Idr { .. })
    }

    /// What is added to a type of intra macroblock (table 7-13: intra types come after the five inter types).
    const fn intra_offset(self) -> u32 {
        if self.is_idr() { 0 } else { 5 }
    }
}

/// `slice_header`.
pub(crate) fn slice_header(sink: &mut BitSink, first: u32, kind: PictureKind, number: u8, qp: u8) {
    sink.ue_large(first);
    // All slices of the picture are I, or P.
    sink.ue(if kind.is_idr() { 7 } else { 5 });
    sink.ue(0);
    sink.put(number.into(), FRAME_NUM_BITS);
    match kind {
        PictureKind::Idr { id } => {
            sink.ue(id.into());
            // dec_ref_pic_marking: output what came before; a short-term reference.
            sink.put(0b00, 2);
        }
        // One reference, in the usual order; dec_ref_pic_marking: the sliding window.
        PictureKind::Delta => sink.put(0b000, 3),
    }
    sink.se(i32::from(qp) - 26);
    // disable_deblocking_filter_idc: on.
    sink.ue(1);
}

/// Macroblocks that are skipped, ahead of one that is not or of the slice's end.
pub(crate) fn skip_run(sink: &mut BitSink, run: u32) {
    if run < 4096 { sink.ue(run) } else { sink.ue_large(run) }
}

/// P_L0_16x16 up to its pattern, from the vector that is expected. `run` macroblocks were skipped before.
pub(crate) fn inter(sink: &mut BitSink, run: u32, vector: Vector, expected: Vector, residual: &Residual) {
    skip_run(sink, run);
    sink.ue(0);
    for (value, expected) in [(vector.x, expected.x), (vector.y, expected.y)] {
        // Vectors are whole pixels, the stream counts quarters.
        sink.se(4 * (i32::from(value) - i32::from(expected)));
    }
    sink.ue(PATTERN_CODE_INTER[residual.pattern()].into());
}

fn intra_start(sink: &mut BitSink, kind: PictureKind, run: u32, number: u32) {
    if !kind.is_idr() {
        skip_run(sink, run);
    }
    sink.ue(kind.intra_offset() + number);
}

/// Intra_16x16 up to `mb_qp_delta`.
pub(crate) fn intra_16x16(
    sink: &mut BitSink,
    (kind, run): (PictureKind, u32),
    (luma, chroma): (LumaMode, ChromaMode),
    residual: &Residual,
) {
    let all = if residual.luma_pattern == 15 { 12 } else { 0 };
    let number = 1 + luma as u32 + 4 * u32::from(residual.chroma_pattern) + all;
    intra_start(sink, kind, run, number);
    sink.ue(chroma as u32);
}

/// Intra_4x4 up to its pattern. `modes` and those that are expected are in raster order.
pub(crate) fn intra_4x4(
    sink: &mut BitSink,
    (kind, run): (PictureKind, u32),
    (modes, expected): (&[u8; 16], &[u8; 16]),
    chroma: ChromaMode,
    residual: &Residual,
) {
    intra_start(sink, kind, run, 0);
    for block in BLOCK_RASTER {
        let (mode, expected) = (modes[block], expected[block]);
        if mode == expected {
            sink.put(1, 1);
        } else {
            sink.put(u32::from(mode - u8::from(mode > expected)), 4);
        }
    }
    sink.ue(chroma as u32);
    sink.ue(PATTERN_CODE_INTRA[residual.pattern()].into());
}

/// I_PCM up to its samples.
pub(crate) fn pcm(sink: &mut BitSink, kind: PictureKind, run: u32) {
    intra_start(sink, kind, run, 25);
    sink.align();
}

/// `mb_qp_delta`: within -26 and 25, and around the end of the scale where that is shorter (7-37).
pub(crate) fn qp_delta(sink: &mut BitSink, qp: u8, last: u8) {
    let delta = i32::from(qp) - i32::from(last);
    sink.se((delta + 26).rem_euclid(52) - 26);
}

/// The DC levels of Intra_16x16.
pub(crate) fn luma_dc(sink: &mut BitSink, residual: &Residual, around: &Surroundings) {
    write_block(sink, &residual.dc_levels, 16, column(around.luma(0, 0)));
}

/// Luma levels: all of each quarter that has some, or those behind DC.
pub(crate) fn luma(sink: &mut BitSink, residual: &Residual, around: &Surroundings, first: usize) {
    for (index, block) in BLOCK_RASTER.into_iter().enumerate() {
        if residual.luma_pattern >> (index / 4) & 1 == 1 {
            let column = column(around.luma(block % 4, block / 4));
            write_block(sink, &residual.levels[block], 16 - first, column);
        }
    }
}

/// Chroma levels: DC, then AC.
pub(crate) fn chroma(sink: &mut BitSink, residual: &Residual, around: &Surroundings) {
    if residual.chroma_pattern == 0 {
        return;
    }
    residual.chroma_dc_levels.iter().for_each(|levels| write_chroma_dc(sink, levels));
    if residual.chroma_pattern == 2 {
        for (plane, y, x) in [0, 1].into_iter().flat_map(|p| [(p, 0, 0), (p, 0, 1), (p, 1, 0), (p, 1, 1)]) {
            let block = chroma_block(plane, x, y);
            let column = column(around.chroma(plane, x, y));
            write_block(sink, &residual.levels[block], 15, column);
        }
    }
}
