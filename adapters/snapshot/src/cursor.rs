//! The pointer, which is no part of the picture.

use std::sync::Arc;

use lunette_frame::{Rect, Size};

use crate::SnapshotError;
use crate::image::Image;

/// A pointer to draw into a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Where it points, from the picture's left edge.
    pub x: i32,
    /// Where it points, from the picture's upper edge.
    pub y: i32,
    /// Column of its image that is at `x`.
    pub hot_x: i32,
    /// Row of its image that is at `y`.
    pub hot_y: i32,
    /// Its image's size.
    pub size: Size,
    /// Its image, row by row: red, green, blue, alpha; colours are not multiplied with alpha.
    pub rgba: Arc<[u8]>,
}

impl Cursor {
    /// Draws what lies in `part` of the picture, of which `image` shows each pixel.
    pub(crate) fn draw(&self, image: &mut Image, part: Rect) -> Result<(), SnapshotError> {
        let Self { size, rgba, .. } = self;
        if size.area().checked_mul(4) != Some(rgba.len() as u64) {
            return Err(SnapshotError::Cursor { size: *size, given: rgba.len() });
        }
        let left = i64::from(self.x) - i64::from(self.hot_x) - i64::from(part.x);
        let top = i64::from(self.y) - i64::from(self.hot_y) - i64::from(part.y);
        for (row, line) in (top..).zip(rgba.chunks_exact(size.width.max(1) as usize * 4)) {
            for (column, pixel) in (left..).zip(line.as_chunks::<4>().0) {
                if let Some(target) = image.pixel_mut(column, row) {
                    blend(target, *pixel);
                }
            }
        }
        Ok(())
    }
}

fn blend(target: &mut [u8], [red, green, blue, alpha]: [u8; 4]) {
    let alpha = u32::from(alpha);
    for (target, source) in target.iter_mut().zip([red, green, blue]) {
        let mixed = (u32::from(source) * alpha + u32::from(*target) * (255 - alpha) + 127) / 255;
        *target = u8::try_from(mixed).unwrap_or(u8::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: Rect = Rect::new(10, 10, 4, 4);

    fn drawn(x: i32, y: i32, rgba: [u8; 4]) -> Vec<u8> {
        let mut image = Image::new(Size::new(4, 4), vec![100; 48]);
        let cursor = Cursor { x, y, hot_x: 1, hot_y: 1, size: Size::new(2, 2), rgba: rgba.repeat(4).into() };
        cursor.draw(&mut image, PART).expect("fits");
        image.pixels().as_chunks::<3>().0.iter().map(|pixel| pixel[0]).collect()
    }

    #[test]
    fn it_points_with_its_hot_spot() {
        let pixels = drawn(12, 12, [200, 0, 0, 255]);
        let expected = [100, 100, 100, 100, 100, 200, 200, 100, 100, 200, 200, 100, 100, 100, 100, 100];
        assert_eq!(pixels, expected);
    }

    #[test]
    fn what_is_outside_of_the_part_is_not_drawn() {
        assert!(drawn(5, 5, [200; 4]).iter().all(|pixel| *pixel == 100));
        assert_eq!(drawn(10, 10, [200, 0, 0, 255]).iter().filter(|pixel| **pixel == 200).count(), 1);
        assert!(drawn(i32::MAX, i32::MIN, [200; 4]).iter().all(|pixel| *pixel == 100));
    }

    #[test]
    fn half_of_it_shows_half_of_what_is_below() {
        assert_eq!(drawn(12, 12, [200, 0, 0, 128])[5], 150);
        assert_eq!(drawn(12, 12, [200, 0, 0, 0])[5], 100);
    }

    #[test]
    fn pixels_that_do_not_fit_are_refused() {
        let mut image = Image::new(Size::new(4, 4), vec![100; 48]);
        let cursor = Cursor { x: 0, y: 0, hot_x: 0, hot_y: 0, size: Size::new(3, 3), rgba: [0; 35].into() };
        assert!(matches!(cursor.draw(&mut image, PART), Err(SnapshotError::Cursor { given: 35, .. })));
    }
}
