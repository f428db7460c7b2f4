//! Sizes and rectangles in pixels.

use std::fmt;
use std::str::FromStr;

/// Width and height in pixels. Zero is allowed here; pictures refuse it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Size {
    /// Pixels per row.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Size {
    /// A size of `width` by `height` pixels.
    #[must_use]
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// Pixels in all.
    #[must_use]
    pub fn area(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// The rectangle that covers all of it.
    #[must_use]
    pub const fn bounds(self) -> Rect {
        Rect { x: 0, y: 0, width: self.width, height: self.height }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = |part: &str| part.parse::<u32>().ok().filter(|n| *n > 0);
        let (width, height) = text.split_once(['x', 'X']).unwrap_or((text, ""));
        match (parse(width), parse(height)) {
            (Some(width), Some(height)) => Ok(Self { width, height }),
            _ => Err(format!("`{text}` is not a size such as 1920x1080")),
        }
    }
}

/// A rectangle in pixels, `x..x+width` by `y..y+height`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rect {
    /// Left edge.
    pub x: u32,
    /// Top edge.
    pub y: u32,
    /// Pixels per row.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Rect {
    /// A rectangle with its top-left corner at `x`, `y`.
    #[must_use]
    pub const fn new(x: u32, y: u32, width: u32, height: u32) -> Self {
        Self { x, y, width, height }
    }

    /// First column to the right of it.
    #[must_use]
    pub const fn right(self) -> u32 {
        self.x.saturating_add(self.width)
    }

    /// First row below it.
    #[must_use]
    pub const fn bottom(self) -> u32 {
        self.y.saturating_add(self.height)
    }

    /// Pixels in all.
    #[must_use]
    pub fn area(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// Whether it holds no pixel.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// The part that lies inside `other`; `None` when they share no pixel.
    #[must_use]
    pub fn intersect(self, other: Self) -> Option<Self> {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let (right, bottom) = (self.right().min(other.right()), self.bottom().min(other.bottom()));
        (right > x && bottom > y).then(|| Self::new(x, y, right - x, bottom - y))
    }

    /// The smallest rectangle that covers both.
    #[must_use]
    pub fn cover(self, other: Self) -> Self {
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let (right, bottom) = (self.right().max(other.right()), self.bottom().max(other.bottom()));
        Self::new(x, y, right - x, bottom - y)
    }

    /// Whether every pixel of `other` is inside.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        other.x >= self.x && other.y >= self.y && other.right() <= self.right() && other.bottom() <= self.bottom()
    }

    /// Grown outwards so that every edge is a multiple of `step`, then clipped to `bounds`.
    ///
    /// # Panics
    /// When `step` is 0.
    #[must_use]
    pub fn align_out(self, step: u32, bounds: Size) -> Self {
        let (x, y) = (self.x - self.x % step, self.y - self.y % step);
        let right = self.right().div_ceil(step).saturating_mul(step).min(bounds.width);
        let bottom = self.bottom().div_ceil(step).saturating_mul(step).min(bounds.height);
        Self::new(x, y, right.saturating_sub(x), bottom.saturating_sub(y))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_parse_and_print() {
        assert_eq!("1920x1080".parse(), Ok(Size::new(1920, 1080)));
        assert_eq!(Size::new(640, 480).to_string(), "640x480");
        for bad in ["", "x", "1920", "0x10", "10x0", "1920x1080x3", "-1x5", "99999999999x2"] {
            assert!(bad.parse::<Size>().is_err(), "{bad}");
        }
    }

    #[test]
    fn intersections_share_pixels_or_are_none() {
        let a = Rect::new(0, 0, 10, 10);
        assert_eq!(a.intersect(Rect::new(5, 5, 10, 10)), Some(Rect::new(5, 5, 5, 5)));
        assert_eq!(a.intersect(Rect::new(10, 0, 5, 5)), None);
    }

    #[test]
    fn alignment_grows_outwards_and_stays_inside() {
        let bounds = Size::new(101, 51);
        assert_eq!(Rect::new(3, 3, 2, 2).align_out(2, bounds), Rect::new(2, 2, 4, 4));
        assert_eq!(Rect::new(99, 49, 2, 2).align_out(2, bounds), Rect::new(98, 48, 3, 3));
    }

    #[test]
    fn far_rectangles_do_not_overflow() {
        let far = Rect::new(u32::MAX - 1, 0, 10, 10);
        assert_eq!(far.right(), u32::MAX);
        assert_eq!(far.intersect(Rect::new(0, 0, 10, 10)), None);
    }
}
