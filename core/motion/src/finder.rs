//! From two pictures to moves.

use crate::areas::{Areas, close_gaps};
use crate::grid::Grid;
use crate::kernels::Kernels;
use crate::lattice::{Samples, spacing};
use crate::plane::{Area, Move, Plane};
use crate::sightings::Sightings;
use crate::verdict::{Pair, Verdict};

/// The longest side of a picture in which anything is found.
pub const MAX_SIDE: usize = 16_384;

/// Blocks of 16×16 that must have changed before moves are looked for: fewer are coded in less time.
const FEW: usize = 16;

/// How much further apart columns are that are looked at in both pictures: all that they have in common is a vote.
const SPARSER: usize = 4;

/// Which displacements are looked for. The vertical ones first: they are most common, and found with a quarter of the work.
#[derive(Debug, Clone, Copy)]
enum Direction {
    Vertical,
    Any,
}

/// Finds what moved between pictures of one size.
#[derive(Debug)]
pub struct Finder {
    width: usize,
    height: usize,
    kernels: Kernels,
    grid: Grid,
    old: Samples,
    new: Samples,
    sightings: Sightings,
    verdict: Verdict,
    areas: Areas,
}

impl Finder {
    /// A finder for pictures of `width` × `height` pixels. If a side is longer than [`MAX_SIDE`], it finds nothing.
    #[must_use]
    pub fn new(width: usize, height: usize) -> Self {
        Self::with_kernels(width, height, Kernels::detect())
    }

    fn with_kernels(width: usize, height: usize, kernels: Kernels) -> Self {
        let (width, height) = if width.max(height) > MAX_SIDE { (0, 0) } else { (width, height) };
        let grid = Grid::new(width, height);
        let areas = Areas::new(grid.columns());
        let (old, new) = (Samples::default(), Samples::default());
        Self { width, height, kernels, grid, old, new, sightings: Sightings::new(), verdict: Verdict::new(), areas }
    }

    /// What of `damage`, the only areas in which the pictures may differ, came from elsewhere in `old`.
    ///
    /// Areas of the answer consist of whole blocks of 16×16 as far as the picture has them, and do not overlap. What
    /// is the same at the same place is no move, except in between of what moved. Damage outside of the picture counts
    /// for nothing. Nothing is found in pictures of another size than the finder's.
    pub fn find(&mut self, old: &Plane<'_>, new: &Plane<'_>, damage: &[Area]) -> &[Move] {
        self.search(old, new, damage, |grid, pair| grid.compare(pair.kernels, &pair.old, &pair.new))
    }

    /// The same for whoever has compared the pictures: `changed` says whether the block in a column and a row differs. Where
    /// it says no, the pictures must be the same.
    pub fn find_among(
        &mut self,
        old: &Plane<'_>,
        new: &Plane<'_>,
        damage: &[Area],
        changed: impl Fn(usize, usize) -> bool,
    ) -> &[Move] {
        self.search(old, new, damage, |grid, pair| grid.believe(pair.kernels, &pair.new, changed))
    }

    fn search(
        &mut self,
        old: &Plane<'_>,
        new: &Plane<'_>,
        damage: &[Area],
        compare: impl FnOnce(&mut Grid, &Pair<'_>),
    ) -> &[Move] {
        self.areas.clear();
        if [old, new].iter().all(|plane| (plane.width(), plane.height()) == (self.width, self.height)) {
            self.grid.mark(damage);
            if self.grid.damaged >= FEW {
                let pair = Pair { kernels: self.kernels, old: *old, new: *new };
                compare(&mut self.grid, &pair);
                if self.grid.changed >= FEW {
                    self.explain(&pair);
                }
            }
        }
        self.areas.moves()
    }

    fn explain(&mut self, pair: &Pair<'_>) {
        self.verdict.start(self.grid.changed);
        for direction in [Direction::Vertical, Direction::Any] {
            let left = self.grid.changed - self.verdict.moved();
            if left >= FEW.max(self.grid.changed / 8) {
                self.propose(pair, direction, left);
                self.hear_all(pair);
            }
        }
        if self.verdict.moved() * 2 < self.grid.changed {
            self.sightings.ask_the_unclear();
            self.hear_all(pair);
        }
        if self.verdict.moved() > 0 {
            self.verdict.gather(&mut self.grid, pair);
            close_gaps(&mut self.grid, pair, &self.verdict);
            self.areas.join(&self.grid, &self.verdict);
        }
    }

    /// Looks for displacements of the blocks that have not been explained yet.
    fn propose(&mut self, pair: &Pair<'_>, direction: Direction, blocks: usize) {
        let spacing = spacing(blocks);
        match direction {
            Direction::Vertical => {
                self.old.columns(self.kernels, &pair.old, &self.grid, SPARSER * spacing);
                self.new.columns(self.kernels, &pair.new, &self.grid, SPARSER * spacing);
            }
            Direction::Any => {
                self.old.columns(self.kernels, &pair.old, &self.grid, spacing);
                self.new.rows(self.kernels, &pair.new, &self.grid, spacing);
            }
        }
        self.sightings.collect(&self.old, &self.new);
    }

    fn hear_all(&mut self, pair: &Pair<'_>) {
        self.sightings.rank();
        let ranked = (0..).map_while(|rank| self.sightings.candidate(rank));
        for candidate in ranked {
            self.verdict.hear(&mut self.grid, pair, &self.sightings, &candidate);
        }
    }
}
