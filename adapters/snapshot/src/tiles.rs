//! Which tiles of a picture changed.

use lunette_frame::{Damage, Rect, Size};

/// A bit for every tile of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tiles {
    size: Size,
    columns: usize,
    bits: Vec<u64>,
}

impl Tiles {
    /// Pixels on a side: a macroblock, which is what an encoder changes or leaves alone.
    pub(crate) const SIDE: u32 = 16;

    /// None of a picture of this size.
    pub(crate) fn none(size: Size) -> Self {
        let (columns, rows) = Self::grid(size);
        Self { size, columns, bits: vec![0; (columns * rows).div_ceil(64)] }
    }

    /// All of a picture of this size.
    pub(crate) fn all(size: Size) -> Self {
        let mut tiles = Self::none(size);
        let (columns, rows) = Self::grid(size);
        (0..rows).for_each(|row| (0..columns).for_each(|column| tiles.set(column, row)));
        tiles
    }

    /// Columns and rows of tiles.
    pub(crate) fn grid(size: Size) -> (usize, usize) {
        (size.width.div_ceil(Self::SIDE) as usize, size.height.div_ceil(Self::SIDE) as usize)
    }

    pub(crate) fn size(&self) -> Size {
        self.size
    }

    pub(crate) fn set(&mut self, column: usize, row: usize) {
        let index = row * self.columns + column;
        self.bits[index / 64] |= 1 << (index % 64);
    }

    pub(crate) fn has(&self, column: usize, row: usize) -> bool {
        let index = row * self.columns + column;
        self.bits[index / 64] >> (index % 64) & 1 == 1
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bits.iter().all(|bits| *bits == 0)
    }

    /// Adds those of `other`, a picture of the same size.
    pub(crate) fn merge(&mut self, other: &Self) {
        debug_assert_eq!(self.size, other.size, "a new size starts a new history");
        self.bits.iter_mut().zip(&other.bits).for_each(|(bits, more)| *bits |= more);
    }

    /// Whether one of them has a pixel in `region`.
    pub(crate) fn touch(&self, region: Rect) -> bool {
        let Some(region) = region.intersect(self.size.bounds()) else { return false };
        let span = |from: u32, to: u32| (from / Self::SIDE) as usize..to.div_ceil(Self::SIDE) as usize;
        let mut columns = span(region.x, region.right());
        let rows = span(region.y, region.bottom());
        columns.any(|column| rows.clone().any(|row| self.has(column, row)))
    }

    /// The same as rectangles, joined where that costs no pixel as long as [`Damage::MAX_RECTS`] suffice.
    pub(crate) fn damage(&self) -> Damage {
        let mut damage = Damage::none(self.size);
        let (columns, rows) = Self::grid(self.size);
        for row in 0..rows {
            let mut column = 0;
            while column < columns {
                let start = column;
                while column < columns && self.has(column, row) {
                    column += 1;
                }
                if start < column {
                    damage.add(Self::rect(start, column, row));
                }
                column += 1;
            }
        }
        damage
    }

    fn rect(start: usize, end: usize, row: usize) -> Rect {
        let pixels = |tiles: usize| u32::try_from(tiles).unwrap_or(u32::MAX).saturating_mul(Self::SIDE);
        Rect::new(pixels(start), pixels(row), pixels(end - start), Self::SIDE)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SIZE: Size = Size::new(100, 50);

    #[test]
    fn all_tiles_are_one_rectangle_that_ends_with_the_picture() {
        assert_eq!(Tiles::all(SIZE).damage().rects(), [SIZE.bounds()]);
        assert!(Tiles::none(SIZE).damage().is_empty());
    }

    #[test]
    fn a_region_touches_the_tiles_that_it_shares_pixels_with() {
        let mut tiles = Tiles::none(SIZE);
        tiles.set(1, 1);
        assert!(tiles.touch(Rect::new(31, 31, 1, 1)) && tiles.touch(Rect::new(0, 0, 17, 17)));
        assert!(!tiles.touch(Rect::new(32, 16, 9, 9)) && !tiles.touch(Rect::new(0, 0, 16, 50)));
        assert!(!tiles.touch(Rect::new(500, 500, 9, 9)) && !tiles.touch(Rect::new(16, 16, 0, 5)));
    }

    proptest! {
        #[test]
        fn rectangles_cover_every_tile(spots in prop::collection::vec((0..7usize, 0..4usize), 0..20)) {
            let mut tiles = Tiles::none(SIZE);
            spots.iter().for_each(|(column, row)| tiles.set(*column, *row));
            let damage = tiles.damage();
            for (column, row) in spots {
                let tile = Tiles::rect(column, column + 1, row).intersect(SIZE.bounds()).expect("in the picture");
                prop_assert!(damage.rects().iter().any(|rect| rect.contains(tile)));
            }
            prop_assert!(damage.rects().iter().all(|rect| tiles.touch(*rect)));
        }
    }
}
