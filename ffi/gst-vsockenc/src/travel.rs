//! What has to travel for the host's picture to become ours: what moved in it, then what is new.

use lunette_frame::{Damage, PictureRef, Rect, Size};
use lunette_motion::{Area, Finder, Move, Plane};
use lunette_wire::hxfr::{Changes, MAX_MOVES, Moved};

/// What moves is told in blocks of so many pixels.
const BLOCK: u32 = 16;

/// Finds moves between pictures of one size.
#[derive(Debug)]
pub(crate) struct Travel(Finder);

impl Travel {
    pub(crate) fn new(size: Size) -> Self {
        Self(Finder::new(size.width as usize, size.height as usize))
    }

    /// How `new` differs from `old`, both NV12, which are equal outside of `damage`.
    pub(crate) fn changes(&mut self, old: &PictureRef<'_>, new: &PictureRef<'_>, damage: &Damage) -> Changes {
        let moves = self.moves(old, new, damage);
        let tiles = if moves.is_empty() { damage.rects().to_vec() } else { Left::of(damage, &moves).rects(old, new) };
        Changes { moves, tiles }
    }

    fn moves(&mut self, old: &PictureRef<'_>, new: &PictureRef<'_>, damage: &Damage) -> Vec<Moved> {
        let (Some(before), Some(after)) = (luma(old), luma(new)) else { return Vec::new() };
        let areas: Vec<Area> = damage.rects().iter().map(area).collect();
        let mut moves = Vec::new();
        for found in self.0.find(&before, &after, &areas) {
            // Only luma was compared.
            bands(
                found,
                |moved| old.rows_moved(moved.rect, moved.from_x, moved.from_y).eq(new.rows(moved.rect)),
                &mut moves,
            );
        }
        // The larger ones spare the most.
        moves.sort_unstable_by_key(|moved: &Moved| std::cmp::Reverse(moved.rect.area()));
        moves.truncate(MAX_MOVES);
        moves
    }
}

fn luma<'a>(picture: &PictureRef<'a>) -> Option<Plane<'a>> {
    let (plane, size) = (picture.planes()[0], picture.size());
    Plane::new(plane.data, plane.stride, size.width as usize, size.height as usize).ok()
}

fn area(rect: &Rect) -> Area {
    let [x, y, width, height] = [rect.x, rect.y, rect.width, rect.height].map(|number| number as usize);
    Area { x, y, width, height }
}

/// The parts of a move that are equal in all samples, in bands as high as a block; neighbours are one.
fn bands(found: &Move, is_equal: impl Fn(&Moved) -> bool, moves: &mut Vec<Moved>) {
    let Some(whole) = moved(found) else { return };
    if is_equal(&whole) {
        moves.push(whole);
        return;
    }
    let mut open: Option<Moved> = None;
    for down in (0..whole.rect.height).step_by(BLOCK as usize) {
        let height = BLOCK.min(whole.rect.height - down);
        let rect = Rect { y: whole.rect.y + down, height, ..whole.rect };
        let band = Moved { rect, from_y: whole.from_y + down, ..whole };
        match &mut open {
            Some(above) if is_equal(&band) => above.rect.height += height,
            None if is_equal(&band) => open = Some(band),
            _ => moves.extend(open.take()),
        }
    }
    moves.extend(open);
}

fn moved(found: &Move) -> Option<Moved> {
    let small = |number: usize| u32::try_from(number).ok();
    let Area { x, y, width, height } = found.area;
    let rect = Rect::new(small(x)?, small(y)?, small(width)?, small(height)?);
    let from = |to: u32, distance: i32| to.checked_add_signed(distance.checked_neg()?);
    Some(Moved { rect, from_x: from(rect.x, found.dx)?, from_y: from(rect.y, found.dy)? })
}

/// The blocks that moves leave to be sent.
struct Left {
    size: Size,
    columns: u32,
    blocks: Vec<bool>,
}

impl Left {
    fn of(damage: &Damage, moves: &[Moved]) -> Self {
        let size = damage.bounds();
        let (columns, rows) = (size.width.div_ceil(BLOCK), size.height.div_ceil(BLOCK));
        let mut left = Self { size, columns, blocks: vec![false; columns as usize * rows as usize] };
        damage.rects().iter().for_each(|rect| left.set(*rect, true));
        // Moves consist of whole blocks.
        moves.iter().for_each(|moved| left.set(moved.rect, false));
        left
    }

    fn set(&mut self, rect: Rect, value: bool) {
        for row in rect.y / BLOCK..rect.bottom().div_ceil(BLOCK) {
            let start = (row * self.columns) as usize;
            let (from, to) = (rect.x / BLOCK, rect.right().div_ceil(BLOCK));
            self.blocks[start + from as usize..start + to as usize].fill(value);
        }
    }

    /// Those that do differ, joined.
    fn rects(&self, old: &PictureRef<'_>, new: &PictureRef<'_>) -> Vec<Rect> {
        let mut rects = Damage::none(self.size);
        for (index, _) in self.blocks.iter().enumerate().filter(|(_, left)| **left) {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            let (x, y) = (index % self.columns * BLOCK, index / self.columns * BLOCK);
            let block = Rect::new(x, y, BLOCK.min(self.size.width - x), BLOCK.min(self.size.height - y));
            if old.rows(block).ne(new.rows(block)) {
                rects.add(block);
            }
        }
        rects.rects().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use lunette_frame::{Picture, PixelFormat};

    use super::*;

    const SIZE: Size = Size::new(320, 192);

    /// Noise of grey, and colour that is `tint` all over.
    fn noise(tint: u8) -> Picture {
        let mut picture = Picture::new(PixelFormat::Nv12, SIZE).expect("possible");
        let mut state = 1_u32;
        for sample in picture.plane_mut(0) {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *sample = (state >> 24) as u8;
        }
        picture.plane_mut(1).fill(tint);
        picture
    }

    /// Everything `rows` further up, and what was above at the bottom.
    fn scrolled(picture: &Picture, rows: usize) -> Picture {
        let mut scrolled = picture.clone();
        let stride = picture.stride(0);
        scrolled.plane_mut(0).rotate_left(rows * stride);
        scrolled
    }

    /// What a host makes of it.
    fn applied(changes: &Changes, old: &Picture, new: &Picture) -> Picture {
        let mut picture = old.clone();
        let mut put = |rows: Vec<Vec<u8>>, rect: Rect| {
            let mut rows = rows.into_iter();
            for index in 0..2 {
                let (format, stride) = (picture.format(), picture.stride(index));
                let left = format.row_bytes(index, rect.x);
                for y in format.rows(index, rect.y)..format.rows(index, rect.bottom()) {
                    let row = rows.next().expect("as many as there are places");
                    picture.plane_mut(index)[y * stride + left..][..row.len()].copy_from_slice(&row);
                }
            }
        };
        let (old, new) = (old.as_ref(), new.as_ref());
        for Moved { rect, from_x, from_y } in &changes.moves {
            put(old.rows_moved(*rect, *from_x, *from_y).map(<[u8]>::to_vec).collect(), *rect);
        }
        for rect in &changes.tiles {
            put(new.rows(*rect).map(<[u8]>::to_vec).collect(), *rect);
        }
        picture
    }

    fn assert_same(one: &Picture, other: &Picture) {
        let all = SIZE.bounds();
        assert!(one.as_ref().rows(all).eq(other.as_ref().rows(all)));
    }

    #[test]
    fn of_a_page_that_scrolls_only_what_appears_is_sent() {
        let old = noise(128);
        for rows in [19, 32] {
            let new = scrolled(&old, rows);
            let changes = Travel::new(SIZE).changes(&old.as_ref(), &new.as_ref(), &Damage::full(SIZE));
            let sent: u64 = changes.tiles.iter().map(|tile| tile.area()).sum();
            assert!(sent <= u64::from(SIZE.width) * 48, "{rows}: {changes:?}");
            assert_same(&applied(&changes, &old, &new), &new);
        }
    }

    #[test]
    fn what_moved_with_another_colour_is_sent() {
        let old = noise(128);
        let mut new = scrolled(&old, 32);
        let stride = new.stride(1);
        new.plane_mut(1)[10 * stride..][..40].fill(90);
        let changes = Travel::new(SIZE).changes(&old.as_ref(), &new.as_ref(), &Damage::full(SIZE));
        assert!(!changes.moves.is_empty());
        assert_same(&applied(&changes, &old, &new), &new);
    }

    #[test]
    fn without_a_move_the_damage_is_sent_as_it_is() {
        let (old, new) = (noise(128), noise(50));
        let mut damage = Damage::none(SIZE);
        damage.add(Rect::new(64, 64, 128, 64));
        let changes = Travel::new(SIZE).changes(&old.as_ref(), &new.as_ref(), &damage);
        assert_eq!(changes, Changes { moves: Vec::new(), tiles: damage.rects().to_vec() });
    }
}
