//! Which tiles differ between two decoded pictures.

use lunette_frame::{PictureRef, PixelFormat, PlaneRef, Size};

use crate::tiles::Tiles;

/// Which differences count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// Every one: an encoder leaves alone what did not change, to the last bit.
    Exact,
    /// Those beyond what coding the same picture once more does.
    Forgiving,
}

/// The noise of coding, in steps of luma or chroma within one tile. Seen with text at the coarsest quality in use: mean
/// 0.5, mean amount 4, single sample 40. What a person would notice is beyond one of these.
mod noise {
    pub(super) const MEAN: i32 = 2;
    pub(super) const MEAN_AMOUNT: i32 = 6;
    pub(super) const SAMPLE: i32 = 56;
}

/// The tiles that differ between two I420 pictures of one size.
pub(crate) fn compare(old: &PictureRef<'_>, new: &PictureRef<'_>, strictness: Strictness) -> Tiles {
    let size = new.size();
    let mut tiles = Tiles::none(size);
    for plane in 0..new.planes().len() {
        let plane = Plane::new(old.planes()[plane], new.planes()[plane], plane, size);
        match strictness {
            Strictness::Exact => plane.exact(&mut tiles),
            Strictness::Forgiving => plane.forgiving(&mut tiles),
        }
    }
    tiles
}

/// One plane of both pictures.
struct Plane<'a> {
    old: PlaneRef<'a>,
    new: PlaneRef<'a>,
    width: usize,
    rows: usize,
    /// Samples on a side of a tile.
    side: usize,
}

impl<'a> Plane<'a> {
    fn new(old: PlaneRef<'a>, new: PlaneRef<'a>, index: usize, size: Size) -> Self {
        let format = PixelFormat::I420;
        let side = Tiles::SIDE as usize >> usize::from(index > 0);
        Self { old, new, width: format.row_bytes(index, size.width), rows: format.rows(index, size.height), side }
    }

    fn row(&self, y: usize) -> (&'a [u8], &'a [u8]) {
        (self.old.row(y, 0, self.width), self.new.row(y, 0, self.width))
    }

    /// Whole rows first, at the speed of memory; tiles only in rows that differ.
    fn exact(&self, tiles: &mut Tiles) {
        for y in 0..self.rows {
            let (old, new) = self.row(y);
            if old == new {
                continue;
            }
            let pairs = old.chunks(self.side).zip(new.chunks(self.side));
            for (column, _) in pairs.enumerate().filter(|(_, (old, new))| old != new) {
                tiles.set(column, y / self.side);
            }
        }
    }

    fn forgiving(&self, tiles: &mut Tiles) {
        let mut tallies = vec![Tally::default(); self.width.div_ceil(self.side)];
        for top in (0..self.rows).step_by(self.side) {
            tallies.fill(Tally::default());
            for y in top..(top + self.side).min(self.rows) {
                let (old, new) = self.row(y);
                let pairs = old.chunks(self.side).zip(new.chunks(self.side));
                tallies.iter_mut().zip(pairs).for_each(|(tally, (old, new))| tally.add(old, new));
            }
            for (column, _) in tallies.iter().enumerate().filter(|(_, tally)| tally.is_change()) {
                tiles.set(column, top / self.side);
            }
        }
    }
}

/// How the samples of one tile differ.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    count: i32,
    sum: i32,
    amount: i32,
    most: i32,
}

impl Tally {
    fn add(&mut self, old: &[u8], new: &[u8]) {
        for (old, new) in old.iter().zip(new) {
            let step = i32::from(*new) - i32::from(*old);
            self.count += 1;
            self.sum += step;
            self.amount += step.abs();
            self.most = self.most.max(step.abs());
        }
    }

    fn is_change(&self) -> bool {
        self.most > noise::SAMPLE
            || self.sum.abs() > noise::MEAN * self.count
            || self.amount > noise::MEAN_AMOUNT * self.count
    }
}

#[cfg(test)]
mod tests {
    use lunette_frame::{Damage, Picture, Rect};

    use super::*;

    const SIZE: Size = Size::new(99, 51);

    fn grey() -> Picture {
        let mut picture = Picture::new(PixelFormat::I420, SIZE).expect("a size");
        picture.planes_mut().into_iter().for_each(|(plane, _)| plane.fill(128));
        picture
    }

    fn changed(plane: usize, x: usize, y: usize, value: u8, strictness: Strictness) -> Damage {
        let (old, mut new) = (grey(), grey());
        let stride = new.stride(plane);
        new.plane_mut(plane)[y * stride + x] = value;
        compare(&old.as_ref(), &new.as_ref(), strictness).damage()
    }

    #[test]
    fn one_step_of_one_sample_is_a_change() {
        assert_eq!(changed(0, 98, 50, 129, Strictness::Exact).rects(), [Rect::new(96, 48, 3, 3)]);
        assert_eq!(changed(1, 8, 7, 127, Strictness::Exact).rects(), [Rect::new(16, 0, 16, 16)]);
        assert_eq!(changed(2, 49, 25, 127, Strictness::Exact).rects(), [Rect::new(96, 48, 3, 3)]);
    }

    #[test]
    fn padding_is_no_change() {
        assert!(changed(0, 99, 0, 0, Strictness::Exact).is_empty());
    }

    #[test]
    fn noise_is_forgiven_and_a_pixel_that_is_seen_is_not() {
        assert!(changed(0, 20, 20, 150, Strictness::Forgiving).is_empty());
        assert_eq!(changed(0, 20, 20, 20, Strictness::Forgiving).rects(), [Rect::new(16, 16, 16, 16)]);
    }

    #[test]
    fn a_tile_that_is_a_little_lighter_all_over_is_a_change() {
        let (old, mut new) = (grey(), grey());
        let stride = new.stride(0);
        for row in new.plane_mut(0).chunks_mut(stride).take(16) {
            row[32..48].fill(131);
        }
        let damage = compare(&old.as_ref(), &new.as_ref(), Strictness::Forgiving).damage();
        assert_eq!(damage.rects(), [Rect::new(32, 0, 16, 16)]);
    }
}
