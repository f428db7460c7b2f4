//! What is to be done in a picture: which macroblocks changed, which moved as they were, which are to become finer.
//!
//! Nothing that comes from outside is believed. Damage is compared with what was shown last, and a move is taken only where
//! the samples are the same: a wrong hint costs time and no pixel.

use lunette_frame::{Damage, Rect};

use crate::bitmap::Bitmap;
use crate::picture::{Layout, Picture};
use crate::quality::Quality;
use crate::same::{Luma, Run};
use crate::source::Source;
use crate::state::State;
use crate::vector::Vector;

/// A part of the picture whose content lay elsewhere in the picture before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// Where it is now, in pixels.
    pub area: Rect,
    /// How far it moved to the right.
    pub dx: i32,
    /// How far it moved down.
    pub dy: i32,
}

/// Which macroblocks are coded, and how.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) layout: Layout,
    /// To be compared.
    touched: Bitmap,
    pub(crate) fresh: Bitmap,
    pub(crate) moved: Bitmap,
    pub(crate) corrected: Bitmap,
    pub(crate) settling: Bitmap,
    pub(crate) vectors: Vec<Vector>,
    pub(crate) moved_quality: Vec<Quality>,
    /// The vector of the most macroblocks.
    pub(crate) hint: Vector,
}

impl Plan {
    pub(crate) fn new(layout: Layout) -> Self {
        let bits = || Bitmap::new(layout.columns, layout.rows);
        Self {
            layout,
            touched: bits(),
            fresh: bits(),
            moved: bits(),
            corrected: bits(),
            settling: bits(),
            vectors: vec![Vector::ZERO; layout.macroblocks()],
            moved_quality: vec![Quality::new(0); layout.macroblocks()],
            hint: Vector::ZERO,
        }
    }

    /// Forgets the picture before.
    pub(crate) fn clear(&mut self) {
        for bits in [&mut self.fresh, &mut self.moved, &mut self.corrected, &mut self.settling] {
            bits.clear();
        }
        self.hint = Vector::ZERO;
    }

    /// Everything is coded.
    pub(crate) fn whole(&mut self) {
        self.clear();
        self.fresh.set_all();
    }

    /// Finds what changed, within `damage` and what was left out before.
    pub(crate) fn look(&mut self, source: &Source<'_>, damage: &Damage, state: &mut State, shown: &Picture) {
        self.clear();
        self.touched.copy_from(&state.deferred);
        for rect in damage.rects() {
            let (start, end) = (rect.x as usize / 16, (rect.right() as usize).div_ceil(16).min(self.layout.columns));
            let rows = rect.y as usize / 16..(rect.bottom() as usize).div_ceil(16).min(self.layout.rows);
            rows.for_each(|y| self.touched.set_run(y, start, end));
        }
        for y in 0..self.layout.rows {
            self.compare_row(source, y, shown);
        }
        // What waited and came back to what it was needs nothing any more.
        state.deferred.keep(&self.fresh);
    }

    /// Compares what was touched of a row, in runs within words.
    fn compare_row(&mut self, source: &Source<'_>, y: usize, shown: &Picture) {
        for index in 0..self.touched.row(y).words.len() {
            let (mut left, mut fresh) = (self.touched.row(y).words[index], 0);
            while left != 0 {
                let first = left.trailing_zeros() as usize;
                let count = (left >> first).trailing_ones() as usize;
                let run = u64::MAX >> (64 - count);
                let start = index * 64 + first;
                fresh |= (run & !source.shown(&(start..start + count), y, shown)) << first;
                left &= !(run << first);
            }
            *self.fresh.word_mut(y, index) = fresh;
        }
    }

    /// Takes out of what changed what moved as it was; gives how many macroblocks did.
    ///
    /// What is the same in both ways moves, too: a run of equal vectors is cheaper than one with holes.
    pub(crate) fn take_moves(
        &mut self,
        source: &Source<'_>,
        moves: impl IntoIterator<Item = Move>,
        luma: Luma,
        state: &State,
        shown: &Picture,
    ) -> usize {
        let (mut most, mut total) = (0, 0);
        for area in moves {
            let Some(vector) = vector_of(&area) else { continue };
            let mut count = 0;
            let (width, height) = source.luma_sides();
            let visible = |end: u32, side: usize| if end as usize >= side { usize::MAX } else { end as usize / 16 };
            let (start, end) = ((area.area.x as usize).div_ceil(16), visible(area.area.right(), width));
            let rows = (area.area.y as usize).div_ceil(16)..visible(area.area.bottom(), height).min(self.layout.rows);
            for y in rows {
                count += self.take_row(source, start..end.min(self.layout.columns), y, (vector, luma), state, shown);
            }
            if count > most {
                (most, self.hint) = (count, vector);
            }
            total += count;
        }
        total
    }

    /// Takes a move of some macroblocks of a row, as far as it is true of those that have not moved yet.
    fn take_row(
        &mut self,
        source: &Source<'_>,
        mut run: Run,
        y: usize,
        (vector, luma): (Vector, Luma),
        state: &State,
        shown: &Picture,
    ) -> usize {
        let (layout, before) = (self.layout, self.moved.count_row(y));
        // What is possible is a run, too.
        let possible = |x: usize| layout.allows(x, y, vector) && source.was_visible(x, y, vector);
        let Some(start) = run.find(|x| possible(*x)) else { return 0 };
        let end = (start..run.end).rfind(|x| possible(*x)).map_or(start, |last| last + 1);
        let mut from = start;
        while from < end {
            let first = self.moved.row(y).run_end(from);
            let last = self.moved.row(y).next(first).map_or(end, |next| next.min(end));
            if first < last {
                source.moved(first..last, y, (vector, luma), shown, &mut |run, is_whole| {
                    self.take_run(run, y, vector, is_whole, &state.quality);
                });
            }
            from = last.max(first);
        }
        self.moved.count_row(y) - before
    }

    /// Takes a move of macroblocks that it is true of; `is_whole` says whether of chroma, too.
    fn take_run(&mut self, run: Run, y: usize, vector: Vector, is_whole: bool, quality: &[Quality]) {
        self.moved.set_run(y, run.start, run.end);
        self.fresh.unset_run(y, run.start, run.end);
        let from = |at: usize, step: i16| {
            let start = (at * 16).wrapping_add_signed(step.into());
            (start / 16, start.div_ceil(16))
        };
        let columns = self.layout.columns;
        let (top, bottom) = from(y, vector.y);
        for x in run {
            let (left, right) = from(x, vector.x);
            let at = |x: usize, y: usize| quality[y * columns + x];
            let mut quality = at(left, top).and(at(right, top)).and(at(left, bottom)).and(at(right, bottom));
            let mut corrects = !is_whole;
            if vector.is_odd() {
                (quality, corrects) = quality.drifted();
            }
            if corrects {
                self.corrected.set(x, y);
            }
            let index = y * columns + x;
            self.vectors[index] = vector;
            self.moved_quality[index] = quality;
        }
    }
}

fn vector_of(area: &Move) -> Option<Vector> {
    let vector = Vector { x: i16::try_from(-area.dx).ok()?, y: i16::try_from(-area.dy).ok()? };
    (vector != Vector::ZERO).then_some(vector)
}
