//! What frame number `n` looks like.

use std::str::FromStr;

use lunette_frame::marker::{Corner, Marker};
use lunette_frame::{Rect, ScanoutId, Size};

/// Columns after which the scenery repeats.
const PERIOD: usize = 256;
/// Columns that the scenery moves per frame.
const STEP: u64 = 5;
/// Sides of the box.
const BOX: u32 = 64;
/// Pixels that the box moves per frame.
const BOX_STEP: u64 = 16;

/// How much of the picture changes from one frame to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// Every pixel.
    Full,
    /// The markers and a box of 64×64.
    Small,
}

impl Coverage {
    /// Its name, as in `--damage`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Small => "small",
        }
    }
}

impl FromStr for Coverage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Full, Self::Small]
            .into_iter()
            .find(|coverage| coverage.as_str() == text)
            .ok_or_else(|| format!("`{text}` is neither full nor small"))
    }
}

/// Where a frame is painted: four-byte pixels, blue first.
#[derive(Debug)]
pub struct Canvas<'a> {
    /// At least `stride` bytes for every row.
    pub pixels: &'a mut [u8],
    /// Bytes from one row to the next.
    pub stride: usize,
}

/// Paints one scanout's frames into a ring of buffers.
#[derive(Debug)]
pub struct Painter {
    scanout: ScanoutId,
    size: Size,
    coverage: Coverage,
    buffers: u64,
    /// One row of the scenery, longer by one period than a row of the picture.
    row: Vec<u8>,
}

impl Painter {
    /// A painter whose frame `n` goes into buffer `n` modulo `buffers`; [`None`] for a picture with no room for a
    /// frame counter.
    #[must_use]
    pub fn new(scanout: ScanoutId, size: Size, coverage: Coverage, buffers: u32) -> Option<Self> {
        Corner::TopLeft.rect(size)?;
        let row = (0..size.width as usize + PERIOD).flat_map(scenery).collect();
        Some(Self { scanout, size, coverage, buffers: u64::from(buffers.max(1)), row })
    }

    /// Paints frame `number` into the buffer that has frame `number - buffers`, or in the first round anything.
    /// `damage` becomes what changed against both that frame and frame `number - 1`, since drivers differ in which
    /// of them they compare with.
    ///
    /// # Panics
    /// When the canvas is smaller than the picture.
    pub fn paint(&self, number: u64, canvas: &mut Canvas<'_>, damage: &mut Vec<Rect>) {
        damage.clear();
        let stale = number.checked_sub(self.buffers);
        match (self.coverage, stale) {
            (Coverage::Small, Some(stale)) => {
                self.restore(canvas, self.box_at(stale));
                damage.extend([stale, number - 1, number].map(|number| self.box_at(number)));
                damage
                    .extend([Corner::TopLeft, Corner::BottomRight].iter().filter_map(|corner| corner.rect(self.size)));
            }
            (Coverage::Small, None) | (Coverage::Full, _) => {
                self.paint_scenery(canvas, if self.coverage == Coverage::Full { number } else { 0 });
                damage.push(self.size.bounds());
            }
        }
        if self.coverage == Coverage::Small {
            fill(canvas, self.box_at(number));
        }
        let marker = Marker { counter: wrapping_counter(number), scanout: self.scanout };
        for corner in [Corner::TopLeft, Corner::BottomRight] {
            marker.burn(canvas.pixels, canvas.stride, self.size, corner);
        }
    }

    /// Where the box is in a frame: it runs along a line, and then along the next.
    fn box_at(&self, number: u64) -> Rect {
        let (width, height) = (BOX.min(self.size.width), BOX.min(self.size.height));
        let (across, down) = (u64::from(self.size.width - width) + 1, u64::from(self.size.height - height) + 1);
        let way = number.wrapping_mul(BOX_STEP);
        let place = |value: u64| u32::try_from(value).unwrap_or(0);
        Rect::new(place(way % across), place(way / across * u64::from(BOX) % down), width, height)
    }

    fn paint_scenery(&self, canvas: &mut Canvas<'_>, number: u64) {
        let bytes = self.size.width as usize * 4;
        for (y, row) in canvas.pixels.chunks_mut(canvas.stride).take(self.size.height as usize).enumerate() {
            row[..bytes].copy_from_slice(&self.row[offset(y, number)..][..bytes]);
        }
    }

    /// Puts the scenery back where the box was. The markers are burnt anew anyway.
    fn restore(&self, canvas: &mut Canvas<'_>, rect: Rect) {
        for y in rect.y as usize..rect.bottom() as usize {
            let (from, to) = (rect.x as usize * 4, rect.right() as usize * 4);
            let row = &mut canvas.pixels[y * canvas.stride..];
            row[from..to].copy_from_slice(&self.row[offset(y, 0) + from..][..to - from]);
        }
    }
}

/// Where in the long row a picture's row begins.
fn offset(y: usize, number: u64) -> usize {
    let moved = usize::try_from(number.wrapping_mul(STEP) % PERIOD as u64).unwrap_or(0);
    (y + moved) % PERIOD * 4
}

fn fill(canvas: &mut Canvas<'_>, rect: Rect) {
    for row in canvas.pixels.chunks_mut(canvas.stride).skip(rect.y as usize).take(rect.height as usize) {
        row[rect.x as usize * 4..rect.right() as usize * 4].fill(0xE0);
    }
}

/// A pixel of the scenery. No two of one period are the same, so that every pixel changes when it moves.
fn scenery(x: usize) -> [u8; 4] {
    let phase = u8::try_from(x % PERIOD).unwrap_or(0);
    let wave = if phase < 128 { phase } else { 255 - phase };
    [phase, wave, 64 + wave / 2, 0]
}

#[expect(clippy::cast_possible_truncation, reason = "the marker's counter wraps")]
fn wrapping_counter(number: u64) -> u32 {
    number as u32
}

#[cfg(test)]
mod tests {
    use lunette_frame::marker::{self, Reading};
    use lunette_frame::{PictureRef, PixelFormat};
    use proptest::prelude::*;

    use super::*;

    const SIZE: Size = Size::new(320, 180);
    const STRIDE: usize = 320 * 4 + 64;

    /// Buffers as a screen has them, and what the kernel was told.
    struct Ring {
        painter: Painter,
        buffers: Vec<Vec<u8>>,
        damage: Vec<Rect>,
    }

    impl Ring {
        fn new(coverage: Coverage, buffers: u32) -> Self {
            let painter = Painter::new(ScanoutId::new(3), SIZE, coverage, buffers).unwrap();
            Self { painter, buffers: vec![vec![9; STRIDE * 180]; buffers as usize], damage: Vec::new() }
        }

        fn paint(&mut self, number: u64) -> Vec<u8> {
            let index = usize::try_from(number).unwrap() % self.buffers.len();
            let mut canvas = Canvas { pixels: &mut self.buffers[index], stride: STRIDE };
            self.painter.paint(number, &mut canvas, &mut self.damage);
            self.buffers[index].clone()
        }

        fn is_damaged(&self, x: usize, y: usize) -> bool {
            let pixel = Rect::new(u32::try_from(x).unwrap(), u32::try_from(y).unwrap(), 1, 1);
            self.damage.iter().any(|rect| rect.contains(pixel))
        }
    }

    fn pixel(picture: &[u8], x: usize, y: usize) -> &[u8] {
        &picture[y * STRIDE + x * 4..][..4]
    }

    fn every_pixel() -> impl Iterator<Item = (usize, usize)> {
        (0..180).flat_map(|y| (0..320).map(move |x| (x, y)))
    }

    #[test]
    fn every_frame_says_its_number_and_scanout_twice() {
        for coverage in [Coverage::Full, Coverage::Small] {
            let mut ring = Ring::new(coverage, 2);
            for number in 0..200 {
                let pixels = ring.paint(number);
                let picture = PictureRef::packed(PixelFormat::Bgrx, SIZE, STRIDE, &pixels).unwrap();
                let expected = Marker { counter: u32::try_from(number).unwrap(), scanout: ScanoutId::new(3) };
                assert_eq!(marker::read(&picture), Reading::Whole(expected), "{coverage:?}");
                assert_eq!(Marker::read(&picture, Corner::BottomRight), Some(expected), "{coverage:?}");
            }
        }
    }

    #[test]
    fn full_changes_every_pixel_outside_the_markers() {
        let mut ring = Ring::new(Coverage::Full, 2);
        let (before, after) = (ring.paint(49), ring.paint(50));
        let markers = [Corner::TopLeft, Corner::BottomRight].map(|corner| corner.rect(SIZE).unwrap());
        for (x, y) in every_pixel() {
            let here = Rect::new(u32::try_from(x).unwrap(), u32::try_from(y).unwrap(), 1, 1);
            let marked = markers.iter().any(|marker| marker.contains(here));
            assert!(marked || pixel(&before, x, y) != pixel(&after, x, y), "{x},{y}");
        }
    }

    #[test]
    fn small_damage_is_small() {
        let mut ring = Ring::new(Coverage::Small, 2);
        (0..3).for_each(|number| drop(ring.paint(number)));
        let area: u64 = ring.damage.iter().map(|rect| rect.area()).sum();
        assert_eq!(area, 3 * 64 * 64 + 2 * 128 * 40);
    }

    #[test]
    fn nothing_is_written_beyond_a_row() {
        for coverage in [Coverage::Full, Coverage::Small] {
            let mut ring = Ring::new(coverage, 1);
            let pixels = (0..40).map(|number| ring.paint(number)).last().unwrap();
            assert!(pixels.chunks(STRIDE).all(|row| row[320 * 4..] == [9; 64]), "{coverage:?}");
        }
    }

    #[test]
    fn pictures_too_small_for_a_counter_are_refused() {
        assert!(Painter::new(ScanoutId::new(0), Size::new(127, 40), Coverage::Full, 2).is_none());
        assert!(Painter::new(ScanoutId::new(0), Size::new(128, 40), Coverage::Small, 2).is_some());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn damage_covers_what_changed_since_the_last_frame_and_in_the_buffer(buffers in 1..4_u32, last in 4..300_u64) {
            let mut ring = Ring::new(Coverage::Small, buffers);
            let frames: Vec<Vec<u8>> = (0..=last).map(|number| ring.paint(number)).collect();
            let (now, earlier) = frames.split_last().unwrap();
            for old in [&earlier[earlier.len() - 1], &earlier[earlier.len() - buffers as usize]] {
                let changed = every_pixel().filter(|(x, y)| pixel(old, *x, *y) != pixel(now, *x, *y));
                for (x, y) in changed {
                    prop_assert!(ring.is_damaged(x, y), "{x},{y}");
                }
            }
        }
    }
}
