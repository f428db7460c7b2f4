//! Leaving out what there is no room for: what waits already comes first, then what is near where somebody looks.
//!
//! Macroblocks are left out in tiles, so that letters come whole. Leaving out is free: the macroblock is skipped, and as
//! it still differs from what was shown, it is coded in the next picture or the one after.

use crate::plan::Plan;
use crate::state::State;

/// Macroblocks on a side of a tile.
const TILE: usize = 4;

/// A place in the picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// From the left.
    pub x: u32,
    /// From the top.
    pub y: u32,
}

/// A tile that has changed macroblocks; they sort in the order in which they are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Tile {
    /// Whether none of it waits already.
    new: bool,
    /// From the middle to where somebody looks, squared.
    distance: usize,
    row: usize,
    column: usize,
}

impl Plan {
    /// Leaves out changed macroblocks until about `most` are left; at least a tile is.
    pub(crate) fn leave_out(&mut self, most: usize, focus: Option<Point>, state: &mut State) {
        if self.fresh.count() <= most {
            return;
        }
        let mut tiles = self.tiles(focus, state);
        tiles.sort_unstable();
        let mut taken = 0;
        for tile in tiles {
            let (columns, rows) = self.places(tile);
            let places = || rows.clone().flat_map(|y| columns.clone().map(move |x| (x, y)));
            let count = places().filter(|(x, y)| self.fresh.get(*x, *y)).count();
            if taken == 0 || taken + count <= most {
                taken += count;
                continue;
            }
            for (x, y) in places().filter(|(x, y)| self.fresh.get(*x, *y)).collect::<Vec<_>>() {
                self.fresh.unset(x, y);
                state.deferred.set(x, y);
            }
        }
    }

    fn places(&self, tile: Tile) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
        let part = |at: usize, end: usize| at * TILE..(at * TILE + TILE).min(end);
        (part(tile.column, self.layout.columns), part(tile.row, self.layout.rows))
    }

    fn tiles(&self, focus: Option<Point>, state: &State) -> Vec<Tile> {
        let (columns, rows) = (self.layout.columns.div_ceil(TILE), self.layout.rows.div_ceil(TILE));
        let mut tiles = Vec::new();
        for (column, row) in (0..rows).flat_map(|row| (0..columns).map(move |column| (column, row))) {
            let middle = |at: usize| (at * TILE + TILE / 2) * 16;
            let distance = focus.map_or(0, |Point { x, y }| {
                middle(column).abs_diff(x as usize).pow(2) + middle(row).abs_diff(y as usize).pow(2)
            });
            let mut tile = Tile { new: true, distance, row, column };
            let (across, down) = self.places(tile);
            let mut changed = false;
            for (x, y) in down.flat_map(|y| across.clone().map(move |x| (x, y))) {
                changed |= self.fresh.get(x, y);
                tile.new &= !state.deferred.get(x, y);
            }
            if changed {
                tiles.push(tile);
            }
        }
        tiles
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Layout;

    const LAYOUT: Layout = Layout { columns: 16, rows: 8 };

    fn left_out(waiting: &[(usize, usize)], most: usize, focus: Option<Point>) -> (Plan, State) {
        let (mut plan, mut state) = (Plan::new(LAYOUT), State::new(LAYOUT));
        plan.whole();
        waiting.iter().for_each(|(x, y)| state.deferred.set(*x, *y));
        plan.leave_out(most, focus, &mut state);
        (plan, state)
    }

    #[test]
    fn what_fits_is_coded() {
        let (plan, state) = left_out(&[], 128, None);
        assert_eq!((plan.fresh.count(), state.deferred.count()), (128, 0));
    }

    #[test]
    fn near_tiles_come_first() {
        let (plan, state) = left_out(&[], 32, Some(Point { x: 250, y: 100 }));
        assert_eq!((plan.fresh.count(), state.deferred.count()), (32, 96));
        assert!(plan.fresh.get(15, 7) && plan.fresh.get(15, 0) && state.deferred.get(0, 0));
    }

    #[test]
    fn what_waits_comes_before_what_is_near() {
        let (plan, state) = left_out(&[(0, 0)], 16, Some(Point { x: 250, y: 100 }));
        assert!(plan.fresh.get(0, 0) && plan.fresh.get(3, 3) && !plan.fresh.get(15, 7));
        assert_eq!(state.deferred.count(), 112 + 1, "it waits until it is coded");
    }

    #[test]
    fn a_tile_is_coded_however_little_room_there_is() {
        let (plan, _) = left_out(&[], 0, None);
        assert_eq!(plan.fresh.count(), 16);
    }
}
