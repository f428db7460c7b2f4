//! Pictures, areas of them, and what is said about an area.

use std::fmt;

/// A picture of 8-bit samples, one byte per pixel.
#[derive(Debug, Clone, Copy)]
pub struct Plane<'a> {
    pixels: &'a [u8],
    stride: usize,
    width: usize,
    height: usize,
}

impl<'a> Plane<'a> {
    /// A view of `height` rows of `width` pixels, `stride` bytes apart.
    ///
    /// # Errors
    /// Rows that overlap, or that `pixels` is too short for.
    pub fn new(pixels: &'a [u8], stride: usize, width: usize, height: usize) -> Result<Self, PlaneError> {
        let wrong = PlaneError { have: pixels.len(), stride, width, height };
        let needed = match height.checked_sub(1) {
            None => Some(0),
            Some(above) => above.checked_mul(stride).and_then(|start| start.checked_add(width)),
        };
        if stride < width || needed.is_none_or(|needed| needed > pixels.len()) {
            return Err(wrong);
        }
        Ok(Self { pixels, stride, width, height })
    }

    /// All samples, row by row.
    #[must_use]
    pub fn pixels(&self) -> &'a [u8] {
        self.pixels
    }

    /// Bytes from one row to the next.
    #[must_use]
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Pixels in a row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// `width` pixels of the row `y`, from `x` on.
    pub(crate) fn row(&self, x: usize, y: usize, width: usize) -> &'a [u8] {
        &self.pixels[y * self.stride + x..][..width]
    }

    /// All samples from a pixel on.
    pub(crate) fn from(&self, x: usize, y: usize) -> &'a [u8] {
        &self.pixels[y * self.stride + x..]
    }
}

/// Why bytes are not a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaneError {
    have: usize,
    stride: usize,
    width: usize,
    height: usize,
}

impl fmt::Display for PlaneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { have, stride, width, height } = self;
        write!(f, "{have} bytes do not hold {height} rows of {width} pixels, {stride} bytes apart")
    }
}

impl std::error::Error for PlaneError {}

/// A rectangle of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Area {
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
}

impl Area {
    /// A rectangle by its corner and its sides.
    #[must_use]
    pub const fn new(x: usize, y: usize, width: usize, height: usize) -> Self {
        Self { x, y, width, height }
    }

    /// Whether any pixel belongs to both.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let across = self.x < other.x.saturating_add(other.width) && other.x < self.x.saturating_add(self.width);
        let down = self.y < other.y.saturating_add(other.height) && other.y < self.y.saturating_add(self.height);
        across && down && self.width.min(self.height).min(other.width).min(other.height) > 0
    }
}

/// Each pixel (x, y) of `area` in the new picture equals (x - dx, y - dy) of the old one, which lies inside of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// Where it is now.
    pub area: Area,
    /// Pixels to the right.
    pub dx: i32,
    /// Pixels down.
    pub dy: i32,
}

#[cfg(test)]
mod tests {
    use super::{Area, Plane};

    #[test]
    fn a_plane_needs_all_of_its_rows_but_no_padding_after_the_last() {
        assert!(Plane::new(&[0; 25], 10, 5, 3).is_ok());
        assert!(Plane::new(&[0; 24], 10, 5, 3).is_err());
        assert!(Plane::new(&[0; 100], 4, 5, 3).is_err());
        assert!(Plane::new(&[], usize::MAX, 5, 3).is_err());
        assert!(Plane::new(&[], 0, 0, 0).is_ok());
    }

    #[test]
    fn areas_that_touch_do_not_overlap() {
        let area = Area::new(0, 0, 16, 16);
        assert!(!area.overlaps(&Area::new(16, 0, 16, 16)));
        assert!(area.overlaps(&Area::new(15, 15, 1, 1)));
        assert!(!area.overlaps(&Area::new(4, 4, 0, 5)));
    }
}
