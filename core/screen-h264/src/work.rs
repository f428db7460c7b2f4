//! Room that is used again for every macroblock, and what a slice tells of itself.

use std::ops::AddAssign;

use crate::bits::BitSink;
use crate::block::Block;
use crate::intra::Edges;
use crate::residual::Residual;

/// What was coded, counted by kind of macroblock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Skipped, although a decoder would have moved it: sent with a vector of zero.
    pub held: u32,
    /// Moved and skipped: the vector is what a decoder expects.
    pub moved_free: u32,
    /// Moved by a vector that was sent, without levels.
    pub moved: u32,
    /// Inter with levels.
    pub inter: u32,
    /// Changed, but the prediction without levels is good enough.
    pub unchanged: u32,
    /// Intra_16x16.
    pub intra16: u32,
    /// Intra_4x4.
    pub intra4: u32,
    /// I_PCM.
    pub pcm: u32,
    /// Left out for want of room.
    pub deferred: u32,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        let Self { held, moved_free, moved, inter, unchanged, intra16, intra4, pcm, deferred } = other;
        self.held += held;
        self.moved_free += moved_free;
        self.moved += moved;
        self.inter += inter;
        self.unchanged += unchanged;
        self.intra16 += intra16;
        self.intra4 += intra4;
        self.pcm += pcm;
        self.deferred += deferred;
    }
}

/// One slice's room.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) sink: BitSink,
    pub(crate) source: Block,
    pub(crate) prediction: Block,
    pub(crate) other: Block,
    pub(crate) result: Block,
    pub(crate) edges: Edges,
    pub(crate) residual: Residual,
    /// Macroblocks skipped since the last one.
    pub(crate) run: u32,
    /// QP of the last macroblock that had one.
    pub(crate) qp: u8,
    /// Macroblocks that are intra or moved, in the row above and in this one.
    pub(crate) restless: [Vec<u64>; 2],
    pub(crate) tally: Tally,
}

impl Work {
    pub(crate) fn new(columns: usize) -> Self {
        let words = columns.div_ceil(64);
        Self {
            sink: BitSink::default(),
            source: Block::new(),
            prediction: Block::new(),
            other: Block::new(),
            result: Block::new(),
            edges: Edges::new(),
            residual: Residual::new(),
            run: 0,
            qp: 0,
            restless: [vec![0; words], vec![0; words]],
            tally: Tally::default(),
        }
    }
}
