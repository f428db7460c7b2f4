//! What differs between two NV12 pictures, by tiles.

use lunette_damage::TileDiff;
use lunette_frame::{Damage, Picture, PictureRef, Rect};

/// The tiles in which `source` differs from `kept`, both NV12 of one size.
pub(crate) fn changed(source: &PictureRef<'_>, kept: &Picture) -> Damage {
    let (size, kept) = (source.size(), kept.as_ref());
    let mut damage = Damage::none(size);
    for y in (0..size.height).step_by(TileDiff::TILE as usize) {
        let band = Rect::new(0, y, size.width, TileDiff::TILE.min(size.height - y));
        // Most bands of a desktop are equal, and whole rows compare at the speed of memory.
        if differs(source, &kept, band) {
            for x in (0..size.width).step_by(TileDiff::TILE as usize) {
                let tile = Rect { x, width: TileDiff::TILE.min(size.width - x), ..band };
                if differs(source, &kept, tile) {
                    damage.add(tile);
                }
            }
        }
    }
    damage
}

fn differs(one: &PictureRef<'_>, other: &PictureRef<'_>, rect: Rect) -> bool {
    one.rows(rect).ne(other.rows(rect))
}

#[cfg(test)]
mod tests {
    use lunette_frame::{PixelFormat, Size};

    use super::*;

    #[test]
    fn a_changed_sample_of_either_plane_marks_its_tile() {
        let size = Size::new(201, 131);
        let kept = Picture::new(PixelFormat::Nv12, size).expect("possible");
        assert!(changed(&kept.as_ref(), &kept).is_empty());
        let mut source = kept.clone();
        let stride = source.stride(0);
        source.plane_mut(0)[70 * stride + 200] = 1;
        let chroma = source.stride(1);
        source.plane_mut(1)[65 * chroma + 2] = 1;
        let damage = changed(&source.as_ref(), &kept);
        let mut rects = damage.rects().to_vec();
        rects.sort_by_key(|rect| (rect.y, rect.x));
        assert_eq!(rects, [Rect::new(192, 64, 9, 64), Rect::new(0, 128, 64, 3)]);
    }
}
