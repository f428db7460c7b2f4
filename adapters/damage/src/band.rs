//! One row of tiles.

use lunette_frame::{Damage, Picture, PictureRef, PlaneRef, Rect};

use crate::TileDiff;

const PIXEL: usize = 4;
/// Tiles side by side in the widest picture.
const MAX_TILES: usize = PictureRef::MAX_SIDE.div_ceil(TileDiff::TILE) as usize;

/// The part of a picture that lies in `rect`.
pub(crate) struct Band<'a> {
    pixels: PlaneRef<'a>,
    rect: Rect,
}

impl<'a> Band<'a> {
    pub(crate) fn new(picture: &PictureRef<'a>, rect: Rect) -> Self {
        Self { pixels: picture.planes()[0], rect }
    }

    /// Copies the tiles that differ into `kept` and adds them to `changed`. The band reaches over one row of tiles.
    pub(crate) fn update(&self, kept: &mut Picture, changed: &mut Damage) {
        let mut flags = [false; MAX_TILES];
        let dirty = &mut flags[..self.tiles().count()];
        let Some(first) = self.find(kept.as_ref().planes()[0], dirty) else { return };
        let mut tiles = self.tiles();
        for run in dirty.chunk_by(|a, b| a == b) {
            let Some(rect) = tiles.by_ref().take(run.len()).reduce(Rect::cover) else { break };
            if run[0] {
                changed.add(rect);
                // The rows above are equal in every tile.
                self.copy(kept, Rect { y: first, height: rect.bottom() - first, ..rect });
            }
        }
    }

    /// Copies the part in `rect` into `kept`.
    pub(crate) fn copy(&self, kept: &mut Picture, rect: Rect) {
        let stride = kept.stride(0);
        let target = kept.plane_mut(0);
        for y in rect.y..rect.bottom() {
            let row = row(self.pixels, rect, y);
            target[y as usize * stride + rect.x as usize * PIXEL..][..row.len()].copy_from_slice(row);
        }
    }

    /// Marks the tiles that differ and returns the first row that does.
    ///
    /// Whole rows are compared first, at the speed of memory. Tiles are looked at in rows that differ, and each only
    /// until it is known to be dirty.
    fn find(&self, kept: PlaneRef<'_>, dirty: &mut [bool]) -> Option<u32> {
        let differs = |y: &u32| row(self.pixels, self.rect, *y) != row(kept, self.rect, *y);
        let first = (self.rect.y..self.rect.bottom()).find(differs)?;
        for y in (first..self.rect.bottom()).filter(differs) {
            for (dirty, tile) in dirty.iter_mut().zip(self.tiles()).filter(|(dirty, _)| !**dirty) {
                *dirty = row(self.pixels, tile, y) != row(kept, tile, y);
            }
            if dirty.iter().all(|dirty| *dirty) {
                break;
            }
        }
        Some(first)
    }

    /// What the band holds of each tile that it touches, from left to right.
    fn tiles(&self) -> impl Iterator<Item = Rect> {
        let Rect { x, y, height, .. } = self.rect;
        let starts = (x - x % TileDiff::TILE..self.rect.right()).step_by(TileDiff::TILE as usize);
        starts.filter_map(move |x| Rect::new(x, y, TileDiff::TILE, height).intersect(self.rect))
    }
}

/// What `rect` holds of row `y`.
fn row(plane: PlaneRef<'_>, rect: Rect, y: u32) -> &[u8] {
    plane.row(y as usize, rect.x as usize * PIXEL, rect.width as usize * PIXEL)
}
