//! Which macroblocks are what was shown, at their place or elsewhere.
//!
//! Where something changed, most macroblocks differ in one of their first rows, so each is looked at by itself. Where
//! something moved, most are the same, so whole runs are compared, and halved where they differ.
//!
//! Only what is visible counts: what lies outside is repeated from it, and elsewhere nobody knows how it was decoded.

use std::ops::Range;

use lunette_frame::PlaneRef;

use crate::picture::Picture;
use crate::source::Source;
use crate::vector::Vector;

/// Macroblocks side by side.
pub(crate) type Run = Range<usize>;

/// Whether luma of what moved is known to be what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Luma {
    /// The motion finder has compared it.
    WasCompared,
    IsToBeCompared,
}

/// Part of a plane that some macroblocks cover, and where that was.
#[derive(Debug, Clone, Copy)]
struct Part<'a> {
    now: PlaneRef<'a>,
    left: usize,
    top: usize,
    width: usize,
    rows: usize,
    was: &'a [u8],
    stride: usize,
}

impl Part<'_> {
    fn is_same(&self) -> bool {
        (0..self.rows).all(|row| {
            let was = &self.was[row * self.stride..][..self.width];
            self.now.row(self.top + row, self.left, self.width) == was
        })
    }

    /// The same of the first `N` samples of each row, which is faster for few.
    fn is_same_narrow<const N: usize>(&self) -> bool {
        (0..self.rows).all(|row| {
            let now: Option<&[u8; N]> = self.now.row(self.top + row, self.left, N).first_chunk();
            now == self.was[row * self.stride..].first_chunk()
        })
    }
}

impl Source<'_> {
    /// What a run of row `y` covers of a plane, and what was shown `vector` away.
    fn part<'a>(&'a self, plane: usize, run: &Run, y: usize, vector: Vector, shown: &'a Picture) -> Part<'a> {
        let stride = shown.layout.stride();
        let (unit, sides, [dx, dy], was) = match plane {
            0 => (16, self.luma_sides(), [vector.x, vector.y], &shown.luma[..]),
            1 => (8, self.chroma_sides(), [vector.x / 2, vector.y / 2], &shown.chroma[..]),
            _ => (8, self.chroma_sides(), [vector.x / 2, vector.y / 2], &shown.chroma[stride / 2..]),
        };
        let (left, top) = (run.start * unit, y * unit);
        let from = top.wrapping_add_signed(dy.into()) * stride + left.wrapping_add_signed(dx.into());
        let (width, rows) = ((run.end * unit).min(sides.0) - left, unit.min(sides.1 - top));
        Part { now: self.plane(plane), left, top, width, rows, was: &was[from..], stride }
    }

    /// The macroblocks of a run, 64 at most, that are what was shown at their place: a bit for each, the first lowest.
    pub(crate) fn shown(&self, run: &Run, y: usize, shown: &Picture) -> u64 {
        let mut same = 0;
        for x in run.clone() {
            let luma = self.part(0, &(x..x + 1), y, Vector::ZERO, shown);
            let is_same = if luma.width == 16 { luma.is_same_narrow::<16>() } else { luma.is_same() };
            same |= u64::from(is_same) << (x - run.start);
        }
        let mut left = same;
        while left != 0 {
            let first = left.trailing_zeros() as usize;
            let count = (left >> first).trailing_ones() as usize;
            let bits = |count: usize| u64::MAX >> (64 - count);
            left &= !(bits(count) << first);
            let start = run.start + first;
            halve(
                start..start + count,
                &|run| self.is_chroma_shown(run, y, Vector::ZERO, shown),
                &mut |run, is_same| {
                    if !is_same {
                        same &= !(bits(run.len()) << (run.start - start + first));
                    }
                },
            );
        }
        same
    }

    /// Whether what is `vector` away from a macroblock was visible as far as the macroblock is.
    pub(crate) fn was_visible(&self, x: usize, y: usize, vector: Vector) -> bool {
        let inside = |at: usize, step: i16, side: usize| {
            (at * 16).checked_add_signed(step.into()).is_some_and(|from| from + 16.min(side - at * 16) <= side)
        };
        let (width, height) = self.luma_sides();
        inside(x, vector.x, width) && inside(y, vector.y, height)
    }

    /// Gives `found` the parts of a run whose luma was shown `vector` away, where it was visible; and whether their chroma
    /// was, too. An odd vector would mix it, so it was not.
    pub(crate) fn moved(
        &self,
        run: Run,
        y: usize,
        (vector, luma): (Vector, Luma),
        shown: &Picture,
        found: &mut impl FnMut(Run, bool),
    ) {
        let is_luma_shown = |run: &Run| self.part(0, run, y, vector, shown).is_same();
        let mut known = |run: Run| match vector.is_odd() {
            true => found(run, false),
            false => halve(run, &|run| self.is_chroma_shown(run, y, vector, shown), found),
        };
        match luma {
            Luma::WasCompared => {
                debug_assert!(is_luma_shown(&run), "{vector:?} is not true of {run:?} in row {y}");
                known(run);
            }
            Luma::IsToBeCompared => halve(run, &is_luma_shown, &mut |run, is_same| {
                if is_same {
                    known(run);
                }
            }),
        }
    }

    fn is_chroma_shown(&self, run: &Run, y: usize, vector: Vector, shown: &Picture) -> bool {
        [1, 2].into_iter().all(|plane| self.part(plane, run, y, vector, shown).is_same())
    }
}

/// Cuts a run into parts that pass a test as a whole, and single macroblocks that do not.
fn halve(run: Run, test: &impl Fn(&Run) -> bool, found: &mut impl FnMut(Run, bool)) {
    let passes = test(&run);
    if passes || run.len() == 1 {
        return found(run, passes);
    }
    let middle = run.start + run.len() / 2;
    halve(run.start..middle, test, found);
    halve(middle..run.end, test, found);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halving_finds_every_part_that_passes() {
        for differs in 0..1_u32 << 9 {
            let mut passed = 0_u32;
            let mut next = 0;
            halve(0..9, &|run| run.clone().all(|x| differs >> x & 1 == 0), &mut |run, passes| {
                assert_eq!((run.start, passes || run.len() == 1), (next, true));
                next = run.end;
                run.filter(|_| passes).for_each(|x| passed |= 1 << x);
            });
            assert_eq!((next, passed), (9, !differs & 0x1FF));
        }
    }
}
