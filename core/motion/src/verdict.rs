//! Candidates put to the test: which blocks really came from where they say.

use crate::grid::{Block, Blocks, Grid, Shift, bits};
use crate::kernels::Kernels;
use crate::plane::Plane;
use crate::sightings::{Candidate, Sightings};

/// Blocks with something in them that must agree before a displacement is tried on others.
const WITNESSES: usize = 2;
/// Blocks that are asked, about, of all that were voted at.
const ASKED: usize = 40;
/// Blocks that must have moved together.
const LEAST: usize = 4;
/// Displacements in one answer.
const SHIFTS: usize = 32;
/// Blocks without a letter that a region may reach across to grow.
const REACH: usize = 6;

/// The two pictures, and how they are compared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair<'a> {
    pub(crate) kernels: Kernels,
    pub(crate) old: Plane<'a>,
    pub(crate) new: Plane<'a>,
}

/// The displacements that were found true.
#[derive(Debug)]
pub(crate) struct Verdict {
    shifts: Vec<Shift>,
    /// Around the blocks of each shift that have something in them.
    regions: Vec<Blocks>,
    moved: usize,
    /// Blocks that may still be compared.
    budget: usize,
}

impl Verdict {
    pub(crate) fn new() -> Self {
        Self { shifts: Vec::with_capacity(SHIFTS), regions: Vec::with_capacity(SHIFTS), moved: 0, budget: 0 }
    }

    /// Forgets all.
    pub(crate) fn start(&mut self, changed: usize) {
        self.shifts.clear();
        self.regions.clear();
        (self.moved, self.budget) = (0, 3 * changed);
    }

    /// Blocks that moved.
    pub(crate) fn moved(&self) -> usize {
        self.moved
    }

    /// The displacement that `Block::Moved` names.
    pub(crate) fn shift(&self, index: u8) -> Shift {
        self.shifts.get(usize::from(index)).copied().unwrap_or_default()
    }

    /// Marks in `grid` what a candidate explains.
    pub(crate) fn hear(&mut self, grid: &mut Grid, pair: &Pair<'_>, sightings: &Sightings, candidate: &Candidate) {
        let left = grid.changed - self.moved;
        let known = self.shifts.contains(&candidate.shift);
        let Ok(index) = u8::try_from(self.shifts.len()) else { return };
        if known || left < LEAST || self.budget == 0 || self.shifts.len() == SHIFTS {
            return;
        }
        let (witnesses, mut region) = self.question(grid, pair, sightings, candidate);
        if witnesses < WITNESSES {
            return;
        }
        let mut tested = Blocks { right: region.left, bottom: region.top, ..region };
        let mut moved = 0;
        while self.budget > 0 {
            let around = inflated(&region, grid);
            if around == tested {
                break;
            }
            for part in ring(&around, &tested) {
                moved += self.test(grid, pair, candidate.shift, index, &part, &mut region);
            }
            tested = around;
        }
        if moved < LEAST {
            take_back(grid, &tested, index);
            return;
        }
        self.shifts.push(candidate.shift);
        self.regions.push(region);
        self.moved += moved;
    }

    /// Tries what was found true on whatever is left, anywhere: a word far from all others has no other chance, nor have
    /// lines that were wiped.
    pub(crate) fn gather(&mut self, grid: &mut Grid, pair: &Pair<'_>) {
        self.budget = self.budget.min(grid.changed);
        let everywhere = Blocks { left: 0, top: 0, right: grid.columns(), bottom: grid.rows() };
        for at in 0..self.shifts.len() {
            let (Ok(index), shift) = (u8::try_from(at), self.shifts[at]) else { return };
            if self.budget > 0 && grid.changed > self.moved {
                let mut region = inflated(&self.regions[at], grid);
                self.moved += self.test(grid, pair, shift, index, &everywhere, &mut region);
            }
        }
    }

    /// How many blocks that were voted at agree, and around which blocks they are.
    fn question(
        &mut self,
        grid: &Grid,
        pair: &Pair<'_>,
        sightings: &Sightings,
        candidate: &Candidate,
    ) -> (usize, Blocks) {
        let (mut agree, mut region) = (0, Blocks::NONE);
        let step = sightings.witnesses(candidate).count().div_ceil(ASKED).max(1);
        for (x, y) in sightings.witnesses(candidate).step_by(step) {
            let open = x < grid.columns() && grid.get(x, y) == Block::CHANGED;
            if open && self.budget > 0 {
                self.budget -= 1;
                if grid.equal(pair.kernels, &pair.old, &pair.new, (x, x + 1), y, candidate.shift).blocks == 1 {
                    agree += 1;
                    region.add(x, y);
                }
            }
        }
        (agree, region)
    }

    /// Compares all changed blocks of an area. Those with something in them extend `region`; a blank one could have come
    /// from anywhere, so it counts inside of what is known to have moved only.
    fn test(
        &mut self,
        grid: &mut Grid,
        pair: &Pair<'_>,
        shift: Shift,
        index: u8,
        area: &Blocks,
        region: &mut Blocks,
    ) -> usize {
        let mut moved = 0;
        for y in area.top..area.bottom {
            let mut x = area.left;
            while let Some((from, to)) = grid.next_run(y, x, area.right, Block::CHANGED) {
                let equal = grid.equal(pair.kernels, &pair.old, &pair.new, (from, to), y, shift);
                bits(equal.blocks & !equal.blank).for_each(|column| region.add(from + column, y));
                for x in bits(equal.blocks).map(|column| from + column) {
                    if region.has(x, y) {
                        grid.set(x, y, Block::moved(index));
                        moved += 1;
                    }
                }
                self.budget = self.budget.saturating_sub(to - from);
                x = to;
            }
        }
        moved
    }
}

fn inflated(region: &Blocks, grid: &Grid) -> Blocks {
    Blocks {
        left: region.left.saturating_sub(REACH),
        top: region.top.saturating_sub(REACH),
        right: (region.right + REACH).min(grid.columns()),
        bottom: (region.bottom + REACH).min(grid.rows()),
    }
}

/// What of a rectangle lies outside of a smaller one in it: above, below, left, right.
fn ring(outer: &Blocks, inner: &Blocks) -> [Blocks; 4] {
    let (top, bottom) = (inner.top, inner.bottom);
    [
        Blocks { bottom: top, ..*outer },
        Blocks { top: bottom, ..*outer },
        Blocks { top, bottom, right: inner.left, ..*outer },
        Blocks { top, bottom, left: inner.right, ..*outer },
    ]
}

fn take_back(grid: &mut Grid, area: &Blocks, index: u8) {
    for y in area.top..area.bottom {
        for x in area.left..area.right {
            if grid.get(x, y) == Block::moved(index) {
                grid.set(x, y, Block::CHANGED);
            }
        }
    }
}
