//! The memory of one picture, and the pool that it comes from.

use std::sync::Arc;

use lunette_frame::{Damage, PictureError, PictureRef, PixelFormat, Rect, Size};

/// Size and layout of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) size: Size,
    pub(super) format: PixelFormat,
}

impl Shape {
    /// Checks that such a picture is possible.
    pub(super) fn new(size: Size, format: PixelFormat) -> Result<Self, PictureError> {
        let sides = 1..=PictureRef::MAX_SIDE;
        if sides.contains(&size.width) && sides.contains(&size.height) {
            Ok(Self { size, format })
        } else {
            Err(PictureError::Size(size))
        }
    }

    pub(super) fn stride(self) -> usize {
        self.size.width as usize * 4
    }

    pub(super) fn bytes(self) -> usize {
        self.stride() * self.size.height as usize
    }
}

/// One picture's memory, without padding.
#[derive(Debug)]
pub(super) struct Pixels {
    shape: Shape,
    bytes: Vec<u8>,
}

impl Pixels {
    fn new(shape: Shape) -> Self {
        Self { shape, bytes: vec![0; shape.bytes()] }
    }

    pub(super) fn size(&self) -> Size {
        self.shape.size
    }

    pub(super) fn picture(&self) -> Result<PictureRef<'_>, PictureError> {
        PictureRef::packed(self.shape.format, self.shape.size, self.shape.stride(), &self.bytes)
    }

    fn copy_from(&mut self, other: &Self, rect: Rect) {
        let stride = self.shape.stride();
        let (left, bytes) = (rect.x as usize * 4, rect.width as usize * 4);
        for row in rect.y..rect.bottom() {
            let start = row as usize * stride + left;
            self.bytes[start..start + bytes].copy_from_slice(&other.bytes[start..start + bytes]);
        }
    }
}

/// Pictures in turn: one is written while another is the newest and others are still looked at.
///
/// ```text
///   free ──claimed, brought up to date──▶ written ──▶ newest ──▶ looked at by sources ──▶ free
/// ```
///
/// Every picture knows what has changed since it was written, so only that is copied from the newest one.
#[derive(Debug, Default)]
pub(super) struct Pool {
    slots: Vec<Slot>,
    newest: Option<usize>,
}

#[derive(Debug)]
struct Slot {
    pixels: Arc<Pixels>,
    stale: Damage,
}

impl Pool {
    /// Pictures of a pool that has one source: more exist only while several sources look at different ones.
    pub(super) const PICTURES: usize = 3;

    /// Bytes that a pool of such pictures needs.
    pub(super) fn bytes(size: Size) -> u64 {
        size.area().saturating_mul(4).saturating_mul(Self::PICTURES as u64)
    }

    pub(super) fn shape(&self) -> Option<Shape> {
        self.slots.first().map(|slot| slot.pixels.shape)
    }

    /// Whether no picture has been drawn yet.
    pub(super) fn is_empty(&self) -> bool {
        self.newest.is_none()
    }

    /// Frees every picture that nobody looks at.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Writes the next picture: `draw` gets all its bytes and writes at least what `damage` names, in which alone it
    /// may differ from the newest one. A picture of another shape is drawn whole: `damage` must be full then.
    pub(super) fn draw<E>(
        &mut self,
        shape: Shape,
        damage: &Damage,
        draw: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<Arc<Pixels>, E> {
        if self.shape() != Some(shape) {
            self.clear();
        }
        debug_assert!(self.newest.is_some() || damage.is_full(), "a first picture has no other to take pixels from");
        let at = self.claim(shape);
        self.refresh(at, damage);
        let slot = &mut self.slots[at];
        // Whoever writes and fails leaves something else than what was there.
        slot.stale.merge(damage);
        let pixels = Arc::get_mut(&mut slot.pixels).expect("a claimed picture is nobody else's");
        draw(&mut pixels.bytes)?;
        slot.stale.reset(shape.size);
        for (other, slot) in self.slots.iter_mut().enumerate() {
            if other != at {
                slot.stale.merge(damage);
            }
        }
        self.newest = Some(at);
        let pixels = Arc::clone(&self.slots[at].pixels);
        self.trim();
        Ok(pixels)
    }

    /// The picture that nobody looks at and of which least must be copied; a new one where all are looked at.
    fn claim(&mut self, shape: Shape) -> usize {
        let newest = self.newest;
        let free = self.slots.iter_mut().enumerate().filter_map(|(at, slot)| {
            (Some(at) != newest && Arc::get_mut(&mut slot.pixels).is_some()).then(|| (slot.stale.area(), at))
        });
        if let Some((_, at)) = free.min() {
            return at;
        }
        self.slots.push(Slot { pixels: Arc::new(Pixels::new(shape)), stale: Damage::full(shape.size) });
        self.slots.len() - 1
    }

    /// Copies from the newest picture what a claimed one lacks and nobody is going to write.
    fn refresh(&mut self, at: usize, coming: &Damage) {
        let Some(newest) = self.newest.filter(|_| !coming.is_full()) else { return };
        let newest = Arc::clone(&self.slots[newest].pixels);
        let slot = &mut self.slots[at];
        let pixels = Arc::get_mut(&mut slot.pixels).expect("a claimed picture is nobody else's");
        for rect in slot.stale.rects() {
            if !coming.rects().iter().any(|known| known.contains(*rect)) {
                pixels.copy_from(&newest, *rect);
            }
        }
        slot.stale.reset(pixels.shape.size);
    }

    /// Gives back what was needed for a moment only.
    fn trim(&mut self) {
        while self.slots.len() > Self::PICTURES {
            let newest = self.newest;
            let mut slots = self.slots.iter_mut().enumerate();
            let free = slots.position(|(at, slot)| Some(at) != newest && Arc::get_mut(&mut slot.pixels).is_some());
            let Some(at) = free else { return };
            self.slots.remove(at);
            self.newest = newest.map(|newest| if newest > at { newest - 1 } else { newest });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    const SHAPE: Shape = Shape { size: Size::new(4, 4), format: PixelFormat::Bgrx };

    fn draw(pool: &mut Pool, damage: &Damage, value: u8) -> Arc<Pixels> {
        let rects = damage.rects().to_vec();
        let drawn = pool.draw(SHAPE, damage, |bytes| {
            for rect in rects {
                for row in rect.y..rect.bottom() {
                    let start = row as usize * SHAPE.stride() + rect.x as usize * 4;
                    bytes[start..start + rect.width as usize * 4].fill(value);
                }
            }
            Ok::<_, Infallible>(())
        });
        drawn.unwrap_or_else(|never| match never {})
    }

    fn rect(x: u32, y: u32) -> Damage {
        let mut damage = Damage::none(SHAPE.size);
        damage.add(Rect::new(x, y, 1, 1));
        damage
    }

    #[test]
    fn a_picture_that_is_looked_at_is_not_written() {
        let mut pool = Pool::default();
        let held = draw(&mut pool, &Damage::full(SHAPE.size), 1);
        for value in 2..20 {
            draw(&mut pool, &Damage::full(SHAPE.size), value);
        }
        assert!(held.bytes.iter().all(|byte| *byte == 1));
        assert_eq!(pool.slots.len(), Pool::PICTURES);
    }

    #[test]
    fn what_was_not_drawn_comes_from_the_picture_before() {
        let mut pool = Pool::default();
        draw(&mut pool, &Damage::full(SHAPE.size), 1);
        for step in 0..9 {
            draw(&mut pool, &rect(step % 3, 0), 10 + u8::try_from(step).unwrap());
        }
        let last = draw(&mut pool, &rect(3, 3), 99);
        assert_eq!(last.bytes[..16], [16, 16, 16, 16, 17, 17, 17, 17, 18, 18, 18, 18, 1, 1, 1, 1]);
        assert_eq!(last.bytes[60..], [99; 4]);
    }

    #[test]
    fn many_lookers_cost_memory_only_while_they_look() {
        let mut pool = Pool::default();
        let held: Vec<_> = (0..6).map(|value| draw(&mut pool, &Damage::full(SHAPE.size), value)).collect();
        assert_eq!(pool.slots.len(), 6);
        drop(held);
        draw(&mut pool, &rect(0, 0), 7);
        assert_eq!(pool.slots.len(), Pool::PICTURES);
        assert_eq!(draw(&mut pool, &rect(1, 0), 8).bytes[..12], [7, 7, 7, 7, 8, 8, 8, 8, 5, 5, 5, 5]);
    }

    #[test]
    fn a_failed_drawing_is_not_seen_later() {
        let mut pool = Pool::default();
        let full = Damage::full(SHAPE.size);
        draw(&mut pool, &full, 1);
        let failed = pool.draw(SHAPE, &rect(2, 2), |bytes| {
            bytes[40..44].fill(9);
            Err(())
        });
        assert!(failed.is_err());
        for value in 2..6 {
            let next = draw(&mut pool, &rect(0, 0), value);
            assert_eq!(next.bytes[40..44], [1; 4]);
        }
    }

    #[test]
    fn another_shape_starts_anew() {
        let mut pool = Pool::default();
        draw(&mut pool, &Damage::full(SHAPE.size), 1);
        let shape = Shape { size: Size::new(2, 2), format: PixelFormat::Bgrx };
        let next = pool.draw(shape, &Damage::full(shape.size), |bytes| {
            bytes.fill(3);
            Ok::<_, Infallible>(())
        });
        let next = next.unwrap_or_else(|never| match never {});
        assert_eq!((next.bytes.len(), pool.slots.len()), (16, 1));
    }
}
