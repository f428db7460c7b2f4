//! Coding a slice: clause 7.3.4, from row to row, touching only what changed.
//!
//! ```text
//!   row: refresh what is stale ─▶ next macroblock that changed, moved, or must be held
//!                                    │ fresh, settling ─▶ choose ─▶ inter | Intra_16x16 | Intra_4x4 | I_PCM
//!                                    │ moved ───────────▶ P_Skip, or P_L0_16x16 with its vector
//!                                    └ held ────────────▶ P_Skip, or P_L0_16x16 with a vector of zero
//! ```
//!
//! *Held*: an undamaged macroblock is skipped, and a decoder moves a skipped macroblock as its neighbours on the left and
//! above move. It does so only if both are intra or moved; call them restless. So the macroblock behind a restless one
//! is looked at if the one above it is restless, too, and no other.

use std::ops::Range;

use crate::bitmap::{self, Bitmap, Row};
use crate::kernels::Kernels;
use crate::picture::{Band, Layout, Picture};
use crate::quality::Quality;
use crate::source::Source;
use crate::state::{Coding, StateBand};
use crate::syntax::{self, PictureKind};
use crate::transform::Quantisers;
use crate::vector::{self, Vector};
use crate::work::Work;

/// What all slices of a picture share.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) layout: Layout,
    pub(crate) kernels: &'static Kernels,
    pub(crate) quantisers: &'a Quantisers,
    pub(crate) kind: PictureKind,
    /// `frame_num`.
    pub(crate) number: u8,
    /// QP of what changed.
    pub(crate) qp: u8,
    /// What is coarser is unsettled.
    pub(crate) settled_qp: u8,
    /// QP of what settles in this picture.
    pub(crate) settling_qp: u8,
    /// Whether Intra_4x4 is tried.
    pub(crate) intra4: bool,
    /// Whether vectors are searched for; then there is a reference.
    pub(crate) search: bool,
    pub(crate) source: Source<'a>,
    /// What is predicted from; `None` is what is written over.
    pub(crate) reference: Option<&'a Picture>,
    /// Macroblocks in which the picture that is written is older than the reference.
    pub(crate) stale: &'a Bitmap,
    /// Macroblocks that changed.
    pub(crate) fresh: &'a Bitmap,
    /// Macroblocks that are coded again, finer.
    pub(crate) settling: &'a Bitmap,
    /// Macroblocks that moved as they were.
    pub(crate) moved: &'a Bitmap,
    /// Where moved macroblocks come from.
    pub(crate) vectors: &'a [Vector],
    /// Moved macroblocks whose chroma is coded, as it is not what it was.
    pub(crate) corrected: &'a Bitmap,
    /// Quality of moved macroblocks.
    pub(crate) moved_quality: &'a [Quality],
    /// A vector that fresh macroblocks may have, too.
    pub(crate) hint: Vector,
}

/// A slice that waits to be coded.
#[derive(Debug)]
pub struct Slice<'a> {
    pub(crate) picture: &'a Context<'a>,
    /// Rows of macroblocks of the picture.
    pub(crate) rows: Range<usize>,
    pub(crate) target: Band<'a>,
    /// The source as of when each macroblock was coded.
    pub(crate) shown: Band<'a>,
    pub(crate) state: StateBand<'a>,
    pub(crate) work: &'a mut Work,
    /// Bits after which macroblocks are left out.
    pub(crate) budget: usize,
}

/// What became of a macroblock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Coded {
    /// Whether something was written for it.
    pub(crate) written: bool,
    /// Whether it is intra or moved.
    pub(crate) restless: bool,
}

impl Coded {
    pub(crate) const SKIPPED: Self = Self { written: false, restless: false };
    pub(crate) const INTRA: Self = Self { written: true, restless: true };

    pub(crate) fn inter(written: bool, vector: Vector) -> Self {
        Self { written, restless: vector != Vector::ZERO }
    }
}

impl Slice<'_> {
    /// Codes it. Slices of a picture may be coded in any order, and at once.
    pub fn code(&mut self) {
        let (layout, kind) = (self.picture.layout, self.picture.kind);
        let first = self.rows.start * layout.columns;
        let work = &mut *self.work;
        work.sink.reset();
        work.sink.reserve();
        work.tally = crate::Tally::default();
        work.qp = self.picture.qp;
        work.restless[0].fill(0);
        let start = u32::try_from(first).expect("fewer than 2^32 macroblocks");
        syntax::slice_header(&mut work.sink, start, kind, self.picture.number, self.picture.qp);
        let mut next = 0;
        for y in 0..self.rows.len() {
            self.prepare_row(y);
            self.code_row(y, &mut next);
            self.keep_row(y);
            self.work.restless.swap(0, 1);
        }
        let rest = self.rows.len() * layout.columns - next;
        self.work.sink.reserve();
        if rest > 0 && !kind.is_idr() {
            syntax::skip_run(&mut self.work.sink, u32::try_from(rest).expect("fewer than 2^32 macroblocks"));
        }
        self.work.sink.finish();
    }

    /// Brings a row of the picture that is written up to date: where it is stale, and where it moved.
    fn prepare_row(&mut self, y: usize) {
        let Some(reference) = self.picture.reference else { return };
        let row = self.rows.start + y;
        let [stale, moved, fresh, settling] =
            [&self.picture.stale, &self.picture.moved, &self.picture.fresh, &self.picture.settling]
                .map(|bits| bits.row(row));
        // Whatever else is written needs nothing from before.
        let words = stale.words.len();
        let left =
            |index: usize| stale.words[index] & !(moved.words[index] | fresh.words[index] | settling.words[index]);
        let mut from = 0;
        while let Some(start) = bitmap::next(from, words, left) {
            from = bitmap::next(start, words, |index| !left(index)).unwrap_or(stale.width);
            self.target.copy_run((start, from), y, reference, row, Vector::ZERO);
        }
        let mut from = 0;
        while let Some(start) = moved.next(from) {
            let vectors = &self.picture.vectors[row * self.picture.layout.columns..];
            let end = moved.run_end(start);
            let same = vectors[start..end].iter().take_while(|vector| **vector == vectors[start]).count();
            from = start + same;
            self.target.copy_run((start, from), y, reference, row, vectors[start]);
            self.picture.source.copy_run((start, from), row, &mut self.shown, y);
        }
    }

    /// Notes what was coded of what changed as what is shown; what was left out is what it was.
    fn keep_row(&mut self, y: usize) {
        let row = self.rows.start + y;
        let (fresh, deferred) = (self.picture.fresh.row(row), self.state.deferred(y));
        let words = fresh.words.len();
        let coded = |index: usize| fresh.words[index] & !deferred[index];
        let mut from = 0;
        while let Some(start) = bitmap::next(from, words, coded) {
            from = bitmap::next(start, words, |index| !coded(index)).unwrap_or(fresh.width);
            self.picture.source.copy_run((start, from), row, &mut self.shown, y);
        }
    }

    fn code_row(&mut self, y: usize, next: &mut usize) {
        let columns = self.picture.layout.columns;
        let row = self.rows.start + y;
        let (fresh, moved, settling) =
            (self.picture.fresh.row(row), self.picture.moved.row(row), self.picture.settling.row(row));
        self.work.restless[1].fill(0);
        let all = |index: usize| fresh.words[index] | moved.words[index] | settling.words[index];
        let mut from = 0;
        let mut candidate = bitmap::next(from, fresh.words.len(), all);
        let mut held = None;
        while let Some(x) = held.take().or(candidate) {
            let index = y * columns + x;
            self.work.run = u32::try_from(index - *next).expect("fewer than 2^32 macroblocks");
            let coded = match (fresh.get(x) || settling.get(x), moved.get(x)) {
                (true, _) => {
                    self.code_changed(x, y, if fresh.get(x) { self.picture.qp } else { self.picture.settling_qp })
                }
                (false, true) => self.code_moved(x, y),
                (false, false) => self.hold(x, y),
            };
            if coded.written {
                *next = index + 1;
            }
            from = x + 1;
            if candidate == Some(x) {
                candidate = bitmap::next(from, fresh.words.len(), all);
            }
            if coded.restless {
                self.work.restless[1][x / 64] |= 1 << (x % 64);
                let above = Row { words: &self.work.restless[0], width: columns };
                held = (from < columns && candidate != Some(from) && above.get(from)).then_some(from);
            }
        }
    }

    /// An undamaged macroblock behind a restless one, below another.
    pub(crate) fn hold(&mut self, x: usize, y: usize) -> Coded {
        let [left, above, corner] = self.state.neighbours(x, y);
        if vector::skip(left, above, corner) == Vector::ZERO {
            return Coded::SKIPPED;
        }
        self.work.tally.held += 1;
        self.work.residual.clear();
        self.write_inter(x, y, Vector::ZERO);
        Coded { written: true, restless: false }
    }

    /// A macroblock whose samples are those that lay elsewhere; they were copied with their row.
    fn code_moved(&mut self, x: usize, y: usize) -> Coded {
        let index = (self.rows.start + y) * self.picture.layout.columns + x;
        let vector = self.picture.vectors[index];
        let quality = self.picture.moved_quality[index];
        let corrects = self.picture.corrected.get(x, self.rows.start + y);
        let quality = if corrects { quality.corrected(self.picture.qp) } else { quality };
        self.state.show(x, y, quality, self.picture.settled_qp);
        if corrects && let Some(coded) = self.code_moved_chroma(x, y, vector) {
            return coded;
        }
        let written = !self.state.is_swept(x, y, vector) && {
            let [left, above, corner] = self.state.neighbours(x, y);
            vector::skip(left, above, corner) != vector
        };
        if written {
            self.work.tally.moved += 1;
            self.work.residual.clear();
            self.write_inter(x, y, vector);
        } else {
            self.work.tally.moved_free += 1;
            self.state.set(x, y, vector, Coding::Inter, None);
        }
        Coded::inter(written, vector)
    }

    /// P_L0_16x16 with the residual at hand.
    pub(crate) fn write_inter(&mut self, x: usize, y: usize, vector: Vector) {
        let [left, above, corner] = self.state.neighbours(x, y);
        let expected = vector::predict(left, above, corner);
        let work = &mut *self.work;
        work.sink.reserve();
        syntax::inter(&mut work.sink, work.run, vector, expected, &work.residual);
        self.state.set(x, y, vector, Coding::Inter, None);
    }
}
