//! What is to be done in a picture: which macroblocks changed, which moved as they were, which are to become finer.
//!
//! Nothing here is believed. Damage is compared with what was shown last, and a move is taken only where the samples are
//! the same: a wrong hint costs time and no pixel.

use lunette_frame::{Damage, Rect};

use crate::bitmap::Bitmap;
use crate::picture::{Layout, Picture};
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

/// From this quality on, what was moved by odd pixels lost some sharpness of chroma; each such move adds one.
pub(crate) const DRIFTED: u8 = 200;
/// Moves by odd pixels after which chroma is corrected: it lost 3 dB or so.
const MOST_DRIFT: u8 = 4;

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
    pub(crate) moved_quality: Vec<u8>,
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
            moved_quality: vec![0; layout.macroblocks()],
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
        for (x, y) in self.touched.iter().filter(|(x, y)| !source.is_shown(*x, *y, shown)) {
            self.fresh.set(x, y);
        }
        // What waited and came back to what it was needs nothing any more.
        state.deferred.keep(&self.fresh);
    }

    /// Takes out of what changed what moved as it was; gives how many macroblocks did.
    ///
    /// What is the same in both ways moves, too: a run of equal vectors is cheaper than one with holes.
    pub(crate) fn take_moves(&mut self, source: &Source<'_>, moves: &[Move], state: &State, shown: &Picture) -> usize {
        let mut most = 0;
        let mut total = 0;
        for area in moves {
            let Some(vector) = vector_of(area) else { continue };
            let mut count = 0;
            let visible = |end: u32, side: u32| if end >= side { usize::MAX } else { end as usize / 16 };
            let (start, end) = ((area.area.x as usize).div_ceil(16), visible(area.area.right(), source.width()));
            let rows =
                (area.area.y as usize).div_ceil(16)..visible(area.area.bottom(), source.height()).min(self.layout.rows);
            for y in rows {
                for x in start..end.min(self.layout.columns) {
                    if !self.moved.get(x, y) && self.take_move(source, (x, y), vector, state, shown) {
                        count += 1;
                    }
                }
            }
            if count > most {
                (most, self.hint) = (count, vector);
            }
            total += count;
        }
        total
    }

    fn take_move(
        &mut self,
        source: &Source<'_>,
        (x, y): (usize, usize),
        vector: Vector,
        state: &State,
        shown: &Picture,
    ) -> bool {
        if !self.layout.allows(x, y, vector) {
            return false;
        }
        let Some(same) = source.compare_moved(x, y, vector, shown) else { return false };
        let mut quality = self.quality_around(x, y, vector, &state.quality);
        let mut corrects = same == Same::Luma;
        if vector.is_odd() {
            quality = if quality >= DRIFTED { quality.saturating_add(1) } else { DRIFTED };
            corrects = quality >= DRIFTED + MOST_DRIFT;
        }
        if corrects {
            self.corrected.set(x, y);
        }
        let index = y * self.layout.columns + x;
        self.vectors[index] = vector;
        self.moved_quality[index] = quality;
        self.moved.set(x, y);
        self.fresh.unset(x, y);
        true
    }

    /// The coarsest quality of the macroblocks that a moved one is made of.
    fn quality_around(&self, x: usize, y: usize, vector: Vector, quality: &[u8]) -> u8 {
        let place = |at: usize, step: i16| {
            let start = (at * 16).wrapping_add_signed(step.into());
            (start / 16, start.div_ceil(16))
        };
        let ((left, right), (top, bottom)) = (place(x, vector.x), place(y, vector.y));
        let at = |x: usize, y: usize| quality[y * self.layout.columns + x];
        at(left, top).max(at(right, top)).max(at(left, bottom)).max(at(right, bottom))
    }
}

fn vector_of(area: &Move) -> Option<Vector> {
    let vector = Vector { x: i16::try_from(-area.dx).ok()?, y: i16::try_from(-area.dy).ok()? };
    (vector != Vector::ZERO).then_some(vector)
}

/// How much of a moved macroblock is what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Same {
    All,
    Luma,
}
