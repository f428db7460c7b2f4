//! Which parts of a picture changed.

use crate::{Rect, Size};

/// A bounded set of rectangles that covers everything that changed.
///
/// Rectangles may overlap. When more than [`Damage::MAX_RECTS`] would be needed, the two whose cover wastes the
/// fewest pixels become one: the set only ever grows in area, so no change is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    bounds: Size,
    rects: Vec<Rect>,
}

impl Damage {
    /// Most rectangles a set holds.
    pub const MAX_RECTS: usize = 32;

    /// Nothing changed in a picture of this size.
    #[must_use]
    pub fn none(bounds: Size) -> Self {
        Self { bounds, rects: Vec::new() }
    }

    /// Everything changed in a picture of this size.
    #[must_use]
    pub fn full(bounds: Size) -> Self {
        let mut damage = Self::none(bounds);
        damage.add(bounds.bounds());
        damage
    }

    /// The picture's size; rectangles never reach beyond it.
    #[must_use]
    pub fn bounds(&self) -> Size {
        self.bounds
    }

    /// The rectangles.
    #[must_use]
    pub fn rects(&self) -> &[Rect] {
        &self.rects
    }

    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rects.is_empty()
    }

    /// Whether one rectangle covers the picture.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.rects.first() == Some(&self.bounds.bounds())
    }

    /// Pixels in all rectangles, overlaps counted twice, at most the picture's.
    #[must_use]
    pub fn area(&self) -> u64 {
        self.rects.iter().map(|rect| rect.area()).sum::<u64>().min(self.bounds.area())
    }

    /// Part of the picture that changed, 0 to 1.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share needs no more than 52 bits")]
    pub fn share(&self) -> f64 {
        match self.bounds.area() {
            0 => 0.0,
            all => self.area() as f64 / all as f64,
        }
    }

    /// Empties the set for a picture of this size, keeping its memory.
    pub fn reset(&mut self, bounds: Size) {
        self.bounds = bounds;
        self.rects.clear();
    }

    /// Adds the part of `rect` that lies inside the picture.
    pub fn add(&mut self, rect: Rect) {
        let Some(mut rect) = rect.intersect(self.bounds.bounds()) else { return };
        if self.rects.iter().any(|known| known.contains(rect)) {
            return;
        }
        while let Some(at) = self.rects.iter().position(|known| joins_without_waste(*known, rect)) {
            rect = rect.cover(self.rects.swap_remove(at));
        }
        self.rects.push(rect);
        if self.rects.len() > Self::MAX_RECTS {
            self.merge_cheapest();
        }
    }

    /// Adds every rectangle of `other`.
    pub fn merge(&mut self, other: &Self) {
        for rect in &other.rects {
            self.add(*rect);
        }
    }

    /// Adds what changed after this, in whole pictures of its own size: damage of another size replaces what was known.
    pub fn accumulate(&mut self, later: &Self) {
        if self.bounds == later.bounds {
            self.merge(later);
        } else {
            self.clone_from(later);
        }
    }

    fn merge_cheapest(&mut self) {
        let (mut best, mut pair) = (u64::MAX, (0, 1));
        for i in 0..self.rects.len() {
            for j in i + 1..self.rects.len() {
                let waste = waste(self.rects[i], self.rects[j]);
                if waste < best {
                    (best, pair) = (waste, (i, j));
                }
            }
        }
        let second = self.rects.swap_remove(pair.1);
        let first = self.rects.swap_remove(pair.0);
        self.add(first.cover(second));
    }
}

/// Pixels that covering both adds.
fn waste(a: Rect, b: Rect) -> u64 {
    a.cover(b).area().saturating_sub(a.area() + b.area())
}

/// Whether one rectangle can stand for both exactly: one holds the other, or they share a whole edge.
fn joins_without_waste(a: Rect, b: Rect) -> bool {
    let same_columns = a.x == b.x && a.width == b.width && a.bottom() >= b.y && b.bottom() >= a.y;
    let same_rows = a.y == b.y && a.height == b.height && a.right() >= b.x && b.right() >= a.x;
    b.contains(a) || same_columns || same_rows
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUNDS: Size = Size::new(200, 100);

    #[test]
    fn neighbours_become_one() {
        let mut damage = Damage::none(BOUNDS);
        for x in [0, 128, 64] {
            damage.add(Rect::new(x, 0, 64, 64));
        }
        assert_eq!(damage.rects(), [Rect::new(0, 0, 192, 64)]);
    }

    #[test]
    fn rectangles_outside_are_clipped_or_dropped() {
        let mut damage = Damage::none(BOUNDS);
        damage.add(Rect::new(190, 90, 50, 50));
        damage.add(Rect::new(200, 0, 1, 1));
        damage.add(Rect::new(u32::MAX, u32::MAX, u32::MAX, u32::MAX));
        assert_eq!(damage.rects(), [Rect::new(190, 90, 10, 10)]);
    }

    #[test]
    fn full_damage_swallows_everything() {
        let mut damage = Damage::none(BOUNDS);
        damage.add(Rect::new(3, 3, 5, 5));
        damage.merge(&Damage::full(BOUNDS));
        damage.add(Rect::new(9, 9, 5, 5));
        assert!(damage.is_full());
        assert!((damage.share() - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn damage_of_another_size_replaces_what_was_known() {
        let mut damage = Damage::full(BOUNDS);
        let later = Damage::full(Size::new(8, 8));
        damage.accumulate(&later);
        assert_eq!(damage, later);
        let mut small = Damage::none(BOUNDS);
        small.add(Rect::new(0, 0, 8, 8));
        let mut known = small.clone();
        known.accumulate(&Damage::none(BOUNDS));
        assert_eq!(known, small);
    }

    proptest! {
        #[test]
        fn no_change_is_lost_and_the_set_stays_small(
            rects in prop::collection::vec((0..220u32, 0..120u32, 0..60u32, 0..60u32), 0..200)
        ) {
            let mut damage = Damage::none(BOUNDS);
            for &(x, y, w, h) in &rects {
                damage.add(Rect::new(x, y, w, h));
            }
            prop_assert!(damage.rects().len() <= Damage::MAX_RECTS);
            for &(x, y, w, h) in &rects {
                let Some(rect) = Rect::new(x, y, w, h).intersect(BOUNDS.bounds()) else { continue };
                for (px, py) in [(rect.x, rect.y), (rect.right() - 1, rect.bottom() - 1)] {
                    let pixel = Rect::new(px, py, 1, 1);
                    prop_assert!(damage.rects().iter().any(|known| known.contains(pixel)));
                }
            }
        }
    }
}
