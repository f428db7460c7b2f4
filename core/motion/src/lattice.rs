//! Where the two pictures are hashed: columns of the old one, rows of the new one.
//!
//! The lines are not evenly spaced, or a text whose lines are as far apart as ours would be met between its letters
//! each time.

use crate::grid::{Block, Grid};
use crate::kernels::{BLOCK, Kernels};
use crate::plane::Plane;
use crate::segment::SEGMENT;

/// Crossings of the two lattices within the changed area, at least, unless that is too small.
const CROSSINGS: usize = 256;

/// The closest and the widest that lines are apart. A power of two lies between each two.
const SPACING: (usize, usize) = (8, 256);

/// Hashes in a line of one of the pictures, and where the first of them is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub(crate) start: usize,
    pub(crate) count: usize,
    x: usize,
    y: usize,
    down: bool,
}

impl Line {
    /// Where a hash of this line starts, by column and row.
    pub(crate) fn at(&self, index: usize) -> (usize, usize) {
        if self.down { (self.x, self.y + index) } else { (self.x + index, self.y) }
    }
}

/// The hashes of one picture.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    pub(crate) hashes: Vec<u32>,
    pub(crate) lines: Vec<Line>,
}

impl Samples {
    fn clear(&mut self) {
        self.hashes.clear();
        self.lines.clear();
    }

    fn hash(&mut self, kernels: Kernels, plane: &Plane<'_>, (x, y): (usize, usize), down: bool, count: usize) {
        let start = self.hashes.len();
        self.hashes.resize(start + count, 0);
        let step = if down { plane.stride() } else { 1 };
        kernels.hash_segments(plane.from(x, y), step, &mut self.hashes[start..]);
        self.lines.push(Line { start, count, x, y, down });
    }

    /// Every row of some columns, where the grid has changed.
    pub(crate) fn columns(&mut self, kernels: Kernels, plane: &Plane<'_>, grid: &Grid, spacing: usize) {
        self.clear();
        for x in lines(spacing, (plane.width() + 1).saturating_sub(SEGMENT)) {
            let mut from = None;
            for y in 0..=grid.rows() {
                let changed = y < grid.rows() && grid.get(x / BLOCK, y) == Block::CHANGED;
                if changed {
                    from.get_or_insert(y * BLOCK);
                } else if let Some(from) = from.take() {
                    let count = (y * BLOCK).min(plane.height()) - from;
                    self.hash(kernels, plane, (x, from), true, count);
                }
            }
        }
    }

    /// Every pixel of some rows, where the grid has changed.
    pub(crate) fn rows(&mut self, kernels: Kernels, plane: &Plane<'_>, grid: &Grid, spacing: usize) {
        self.clear();
        let limit = (plane.width() + 1).saturating_sub(SEGMENT);
        for y in lines(spacing, plane.height()) {
            let mut x = 0;
            while let Some((from, to)) = grid.next_run(y / BLOCK, x, grid.columns(), Block::CHANGED) {
                let (start, end) = (from * BLOCK, (to * BLOCK).min(limit));
                if start < end {
                    self.hash(kernels, plane, (start, y), false, end - start);
                }
                x = to;
            }
        }
    }
}

/// How far lines are apart so that enough of them cross in `changed` blocks.
pub(crate) fn spacing(changed: usize) -> usize {
    let (closest, widest) = SPACING;
    let crossings = |spacing: usize| changed * BLOCK * BLOCK / (spacing * spacing);
    let mut spacing = closest;
    while spacing < widest && crossings(spacing * 2) >= CROSSINGS {
        spacing *= 2;
    }
    spacing
}

/// One position in each `spacing`, below `limit`.
fn lines(spacing: usize, limit: usize) -> impl Iterator<Item = usize> {
    // The golden ratio spreads the remainders evenly over `spacing`.
    let at = move |line: usize| line * spacing + (line.wrapping_mul(0x9E37_79B9) >> 8) % spacing;
    (0..limit.div_ceil(spacing)).map(at).filter(move |&at| at < limit)
}

#[cfg(test)]
mod tests {
    use super::{lines, spacing};

    #[test]
    fn the_spacing_follows_the_changed_area() {
        assert_eq!(spacing(16), 8);
        assert_eq!(spacing(40 * 30), 32);
        assert_eq!(spacing(8160), 64);
        assert_eq!(spacing(512 * 512), 256);
    }

    #[test]
    fn lines_meet_every_row_of_a_text_sooner_or_later() {
        for pitch in [8, 16, 19, 32, 64] {
            let mut seen: Vec<usize> = lines(64, 8192).map(|at| at % pitch).collect();
            seen.sort_unstable();
            seen.dedup();
            assert!(seen.len() * 4 > pitch * 3, "{} of {pitch}", seen.len());
        }
    }
}
