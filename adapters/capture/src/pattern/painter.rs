//! What frame number `n` of a kind looks like.

use lunette_frame::marker::{Corner, Marker};
use lunette_frame::{Damage, PictureError, PictureRef, PixelFormat, Rect, ScanoutId, Size};

use super::Kind;
use super::font::{self, CELL_HEIGHT, CELL_WIDTH};
use super::scenery::{self, PAPER, Random};

/// Paints one scanout's frames, in order, into memory that it keeps.
#[derive(Debug)]
pub(super) struct Painter {
    scanout: ScanoutId,
    size: Size,
    canvas: Canvas,
    damage: Damage,
    painted: bool,
}

#[derive(Debug)]
enum Canvas {
    /// One picture, changed in place.
    Typing {
        pixels: Vec<u8>,
        random: Random,
        cell: usize,
    },
    Still {
        pixels: Vec<u8>,
    },
    /// Two copies of a page below each other, shown from a row of the first: scrolling copies nothing. Where the
    /// marker was burnt, the other copy still has what it hid.
    Page {
        pixels: Vec<u8>,
        period: usize,
        first_row: usize,
        random: Option<Random>,
    },
    /// Two layers, mixed into the third buffer.
    Video {
        far: Vec<u8>,
        near: Vec<u8>,
        layer: Size,
        mixed: Vec<u8>,
    },
}

/// Rows and columns that the layers of a video are larger than the picture.
const GLIDE: u32 = 128;

impl Painter {
    pub(super) fn new(kind: Kind, scanout: ScanoutId, size: Size) -> Self {
        let (width, height) = (size.width as usize, size.height as usize);
        let mut random = Random::new(u64::from(scanout.get()) + 1);
        let canvas = match kind {
            Kind::Still => Canvas::Still { pixels: scenery::page_of_text(width, height, &mut random) },
            Kind::Typing => {
                Canvas::Typing { pixels: scenery::page_of_text(width, height, &mut random), random, cell: 0 }
            }
            Kind::Scroll => {
                let period = height.next_multiple_of(lcm_of_step_and_line());
                let pixels = scenery::page_of_text(width, period, &mut random).repeat(2);
                Canvas::Page { pixels, period, first_row: 0, random: None }
            }
            Kind::Noise => {
                let pixels = scenery::noise(width * 4 * height, &mut random).repeat(2);
                Canvas::Page { pixels, period: height, first_row: 0, random: Some(random) }
            }
            Kind::Video => {
                let layer = Size::new(size.width + GLIDE, size.height + GLIDE);
                let mut paint = || scenery::landscape(layer.width as usize, layer.height as usize, &mut random);
                Canvas::Video { far: paint(), near: paint(), layer, mixed: vec![0; width * 4 * height] }
            }
        };
        Self { scanout, size, canvas, damage: Damage::none(size), painted: false }
    }

    /// Paints frame `number`; returns the picture and what it changed since the last one painted.
    pub(super) fn paint(&mut self, number: u64) -> Result<(PictureRef<'_>, &Damage), PictureError> {
        let stride = self.size.width as usize * 4;
        let marker = Marker { counter: wrapping_counter(number), scanout: self.scanout };
        self.damage.reset(self.size);
        if !self.painted || !matches!(self.canvas, Canvas::Typing { .. }) {
            self.damage.add(self.size.bounds());
        }
        self.painted = true;
        let visible = match &mut self.canvas {
            Canvas::Still { pixels } => {
                marker.burn(pixels, stride, self.size, Corner::TopLeft);
                pixels.as_slice()
            }
            Canvas::Typing { pixels, random, cell } => {
                let typed = type_character(pixels, stride, self.size, cell, random);
                marker.burn(pixels, stride, self.size, Corner::TopLeft);
                for rect in typed.into_iter().chain(Corner::TopLeft.rect(self.size)) {
                    self.damage.add(rect);
                }
                pixels.as_slice()
            }
            Canvas::Page { pixels, period, first_row, random } => {
                unburn(pixels, stride, self.size, *period, *first_row);
                *first_row = match random {
                    Some(random) => random.below(*period),
                    None => page_offset(number, *period),
                };
                let shown = &mut pixels[*first_row * stride..];
                for corner in [Corner::TopLeft, Corner::BottomRight] {
                    marker.burn(shown, stride, self.size, corner);
                }
                &*shown
            }
            Canvas::Video { far, near, layer, mixed } => {
                mix(mixed, (far, near), *layer, self.size, number);
                for corner in [Corner::TopLeft, Corner::BottomRight] {
                    marker.burn(mixed, stride, self.size, corner);
                }
                mixed.as_slice()
            }
        };
        Ok((PictureRef::packed(PixelFormat::Bgrx, self.size, stride, visible)?, &self.damage))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the marker's counter wraps")]
fn wrapping_counter(number: u64) -> u32 {
    number as u32
}

/// A page of a multiple of this height repeats without a seam.
const fn lcm_of_step_and_line() -> usize {
    CELL_HEIGHT * Kind::SCROLL_STEP as usize
}

fn page_offset(number: u64, period: usize) -> usize {
    let row = number.wrapping_mul(u64::from(Kind::SCROLL_STEP)) % period as u64;
    usize::try_from(row).unwrap_or(0)
}

/// Types one character where the cursor is, below the marker; returns the cells that changed.
fn type_character(pixels: &mut [u8], stride: usize, size: Size, cell: &mut usize, random: &mut Random) -> Option<Rect> {
    let columns = size.width as usize / CELL_WIDTH;
    let first_line = Corner::TopLeft.rect(size)?.bottom().div_ceil(u32::try_from(CELL_HEIGHT).ok()?) as usize;
    let lines = (size.height as usize / CELL_HEIGHT).checked_sub(first_line)?;
    let place = |cell: usize| (cell % columns * CELL_WIDTH, (first_line + cell / columns) * CELL_HEIGHT);
    if lines == 0 {
        return None;
    }
    let here = *cell % (columns * lines);
    let ink = [0xFF; 4];
    font::draw(pixels, stride, place(here), random.character(), ink, PAPER);
    *cell = here + 1;
    let (x, y) = place(here);
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Some(Rect::new(number(x), number(y), number(CELL_WIDTH), number(CELL_HEIGHT)))
}

/// Restores what the markers hid in the rows shown from `first_row`, out of the page's other copy.
fn unburn(pixels: &mut [u8], stride: usize, size: Size, period: usize, first_row: usize) {
    for rect in [Corner::TopLeft, Corner::BottomRight].into_iter().filter_map(|corner| corner.rect(size)) {
        for row in rect.y as usize..rect.bottom() as usize {
            let burnt = first_row + row;
            let twin = if burnt >= period { burnt - period } else { burnt + period };
            let columns = rect.x as usize * 4..rect.right() as usize * 4;
            let from = twin * stride + columns.start..twin * stride + columns.end;
            pixels.copy_within(from, burnt * stride + columns.start);
        }
    }
}

/// The mean of the two layers, each at its own place on its own path.
fn mix(mixed: &mut [u8], (far, near): (&[u8], &[u8]), layer: Size, size: Size, number: u64) {
    let glide = |speed: u64| {
        let phase = usize::try_from(number.wrapping_mul(speed) % u64::from(2 * GLIDE)).unwrap_or(0);
        if phase < GLIDE as usize { phase } else { 2 * GLIDE as usize - phase }
    };
    let stride = layer.width as usize * 4;
    let far = &far[glide(1) * stride + glide(2) * 4..];
    let near = &near[glide(3) * stride + glide(5) * 4..];
    let row_bytes = size.width as usize * 4;
    for (y, row) in mixed.chunks_exact_mut(row_bytes).enumerate() {
        let (far, near) = (&far[y * stride..][..row_bytes], &near[y * stride..][..row_bytes]);
        for ((out, a), b) in row.iter_mut().zip(far).zip(near) {
            *out = (a & b) + ((a ^ b) >> 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use lunette_frame::marker::{self, Reading};

    use super::*;

    const SIZE: Size = Size::new(320, 180);

    fn copy(picture: PictureRef<'_>) -> Vec<u8> {
        (0..180).flat_map(|y| picture.planes()[0].row(y, 0, 320 * 4).to_vec()).collect()
    }

    #[test]
    fn every_frame_says_its_number_and_scanout() {
        for kind in Kind::ALL {
            let mut painter = Painter::new(kind, ScanoutId::new(9), SIZE);
            for number in [0, 1, 2, 50, 51, 400] {
                let (picture, _) = painter.paint(number).unwrap();
                let expected = Marker { counter: u32::try_from(number).unwrap(), scanout: ScanoutId::new(9) };
                assert_eq!(marker::read(&picture), Reading::Whole(expected), "{kind:?}");
            }
        }
    }

    #[test]
    fn damage_covers_every_changed_pixel() {
        for kind in Kind::ALL {
            let mut painter = Painter::new(kind, ScanoutId::new(1), SIZE);
            let mut before = copy(painter.paint(0).unwrap().0);
            for number in 1..40 {
                let (picture, damage) = painter.paint(number).unwrap();
                let damage = damage.clone();
                let after = copy(picture);
                for (at, (old, new)) in before.chunks(4).zip(after.chunks(4)).enumerate() {
                    let at = u32::try_from(at).unwrap();
                    let pixel = Rect::new(at % 320, at / 320, 1, 1);
                    assert!(old == new || damage.rects().iter().any(|rect| rect.contains(pixel)), "{kind:?}");
                }
                before = after;
            }
        }
    }

    #[test]
    fn a_scrolled_page_is_the_page_before_moved_up() {
        let mut painter = Painter::new(Kind::Scroll, ScanoutId::new(1), SIZE);
        for number in 0..300 {
            let before = copy(painter.paint(number).unwrap().0);
            let after = copy(painter.paint(number + 1).unwrap().0);
            let step = Kind::SCROLL_STEP as usize * 320 * 4;
            let middle = 60 * 320 * 4..120 * 320 * 4;
            assert_eq!(after[middle.clone()], before[middle.start + step..middle.end + step], "frame {number}");
        }
    }

    #[test]
    fn typing_changes_little_and_video_and_noise_change_nearly_all() {
        for (kind, low, high) in [(Kind::Typing, 0.0, 0.15), (Kind::Video, 0.5, 1.0), (Kind::Noise, 0.8, 1.0)] {
            let mut painter = Painter::new(kind, ScanoutId::new(1), SIZE);
            let before = copy(painter.paint(7).unwrap().0);
            let after = copy(painter.paint(8).unwrap().0);
            let changed = before.chunks(4).zip(after.chunks(4)).filter(|(a, b)| a != b).count();
            let share = f64::from(u32::try_from(changed).unwrap()) / (320.0 * 180.0);
            assert!((low..=high).contains(&share), "{kind:?}: {share}");
        }
    }

    #[test]
    fn pictures_smaller_than_a_marker_or_a_line_are_painted() {
        for kind in Kind::ALL {
            for size in [Size::new(1, 1), Size::new(130, 44), Size::new(31, 200)] {
                let mut painter = Painter::new(kind, ScanoutId::new(1), size);
                for number in 0..3 {
                    assert_eq!(painter.paint(number).unwrap().0.size(), size);
                }
            }
        }
    }
}
