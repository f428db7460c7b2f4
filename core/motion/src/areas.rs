//! Blocks that moved together, joined to rectangles.

use crate::grid::{Block, Blocks, Grid, Shift, bits};
use crate::kernels::MAX_RUN;
use crate::plane::Move;
use crate::verdict::{Pair, Verdict};

/// Moves in one answer. What would be more is left out, lowest rows first to go.
pub const MAX_MOVES: usize = 4096;

/// Still blocks between one that moved and the next one below.
const DOWN: usize = 8;

/// Blocks next to what moved join it where they may just as well have: changed ones without a letter, and still ones in
/// between of two that moved alike, mostly of one colour too. A region without holes is one rectangle, and cheaper to say.
pub(crate) fn close_gaps(grid: &mut Grid, pair: &Pair<'_>, verdict: &Verdict) {
    for y in 0..grid.rows() {
        adopt(grid, pair, verdict, y, false);
    }
    for y in (0..grid.rows()).rev() {
        adopt(grid, pair, verdict, y, true);
        close_across(grid, pair, verdict, y);
    }
    for y in 0..grid.rows() {
        close_down(grid, pair, verdict, y);
    }
}

/// Lets changed blocks of a row join a neighbour that moved: the one to the left or above, or, `backwards`, the one to
/// the right or below.
fn adopt(grid: &mut Grid, pair: &Pair<'_>, verdict: &Verdict, y: usize, backwards: bool) {
    let (from, row) = grid.damaged_row(y);
    let to = from + row.len();
    for step in 0..to - from {
        let x = if backwards { to - 1 - step } else { from + step };
        if grid.get(x, y) != Block::CHANGED {
            continue;
        }
        let neighbours =
            if backwards { [(x + 1, y), (x, y + 1)] } else { [(x.wrapping_sub(1), y), (x, y.wrapping_sub(1))] };
        let inside = neighbours.into_iter().filter(|&(x, y)| x < grid.columns() && y < grid.rows());
        let moved = inside.filter_map(|(x, y)| grid.get(x, y).shift());
        let same = |index: &u8| {
            let shift = verdict.shift(*index);
            grid.equal(pair.kernels, &pair.old, &pair.new, (x, x + 1), y, shift).blocks == 1
        };
        if let Some(index) = moved.into_iter().find(same) {
            grid.set(x, y, Block::moved(index));
        }
    }
}

/// Still blocks of a row between two that moved alike.
fn close_across(grid: &mut Grid, pair: &Pair<'_>, verdict: &Verdict, y: usize) {
    let (from, row) = grid.damaged_row(y);
    let to = from + row.len();
    let mut last: Option<(u8, usize)> = None;
    for x in from..to {
        let block = grid.get(x, y);
        if let Some(index) = block.shift() {
            if let Some((before, end)) = last.replace((index, x + 1))
                && before == index
                && end < x
            {
                close(grid, pair, (end, x), y, (index, verdict.shift(index)));
            }
        } else if block != Block::STILL {
            last = None;
        }
    }
}

/// Still blocks of a row below one that moved, and not far above another that moved alike.
fn close_down(grid: &mut Grid, pair: &Pair<'_>, verdict: &Verdict, y: usize) {
    let (mut x, row) = grid.damaged_row(y);
    let to = x + row.len();
    while x < to {
        let index = between(grid, x, y);
        let end = (x + 1..to.min(x + MAX_RUN)).find(|&x| between(grid, x, y) != index).unwrap_or(to.min(x + MAX_RUN));
        if let Some(index) = index {
            close(grid, pair, (x, end), y, (index, verdict.shift(index)));
        }
        x = end;
    }
}

/// What moved both above and below a still block.
fn between(grid: &Grid, x: usize, y: usize) -> Option<u8> {
    let above = grid.get(x, y.checked_sub(1)?);
    if grid.get(x, y) != Block::STILL || above.shift().is_none() {
        return None;
    }
    let below = (y + 1..grid.rows().min(y + 1 + DOWN)).map(|y| grid.get(x, y)).find(|below| *below != Block::STILL)?;
    (below == above).then(|| above.shift()).flatten()
}

/// Lets still blocks of a row move, as far as that is true of them.
fn close(grid: &mut Grid, pair: &Pair<'_>, (from, to): (usize, usize), y: usize, (index, shift): (u8, Shift)) {
    for x in from..to {
        if grid.known_blank(x, y, shift) {
            grid.set(x, y, Block::moved(index));
        }
    }
    let mut x = from;
    while let Some((start, end)) = grid.next_run(y, x, to, Block::STILL) {
        let equal = grid.equal(pair.kernels, &pair.old, &pair.new, (start, end), y, shift).blocks;
        bits(equal).for_each(|column| grid.set(start + column, y, Block::moved(index)));
        x = end;
    }
}

/// A run of blocks, growing downwards for as long as the rows below have the same one.
#[derive(Debug, Clone, Copy)]
struct Open {
    blocks: Blocks,
    index: u8,
}

/// Joins blocks to rectangles.
#[derive(Debug)]
pub(crate) struct Areas {
    above: Vec<Open>,
    current: Vec<Open>,
    moves: Vec<Move>,
}

impl Areas {
    pub(crate) fn new(columns: usize) -> Self {
        let run = || Vec::with_capacity(columns);
        Self { above: run(), current: run(), moves: Vec::with_capacity(MAX_MOVES) }
    }

    pub(crate) fn clear(&mut self) {
        self.moves.clear();
    }

    pub(crate) fn moves(&self) -> &[Move] {
        &self.moves
    }

    /// All rectangles of a grid.
    pub(crate) fn join(&mut self, grid: &Grid, verdict: &Verdict) {
        self.above.clear();
        for y in 0..grid.rows() {
            self.current.clear();
            runs(grid, y, &mut self.current);
            let mut next = 0;
            for at in 0..self.above.len() {
                let open = self.above[at];
                while self.current.get(next).is_some_and(|run| run.blocks.left < open.blocks.left) {
                    next += 1;
                }
                match self.current.get_mut(next).filter(|run| continues(&open, run)) {
                    Some(run) => run.blocks.top = open.blocks.top,
                    None => self.close(grid, verdict, open),
                }
            }
            std::mem::swap(&mut self.above, &mut self.current);
        }
        for at in 0..self.above.len() {
            self.close(grid, verdict, self.above[at]);
        }
    }

    fn close(&mut self, grid: &Grid, verdict: &Verdict, open: Open) {
        if self.moves.len() < MAX_MOVES {
            let shift = verdict.shift(open.index);
            self.moves.push(Move { area: grid.area(&open.blocks), dx: shift.dx, dy: shift.dy });
        }
    }
}

fn continues(above: &Open, run: &Open) -> bool {
    let sides = |open: &Open| (open.blocks.left, open.blocks.right, open.index);
    sides(above) == sides(run)
}

fn runs(grid: &Grid, y: usize, runs: &mut Vec<Open>) {
    let (from, row) = grid.damaged_row(y);
    for (x, block) in (from..).zip(row) {
        let Some(index) = block.shift() else { continue };
        match runs.last_mut() {
            Some(run) if run.index == index && run.blocks.right == x => run.blocks.right += 1,
            _ => runs.push(Open { blocks: Blocks { left: x, top: y, right: x + 1, bottom: y + 1 }, index }),
        }
    }
}
