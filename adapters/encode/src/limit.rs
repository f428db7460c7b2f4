//! How large a picture may be.

use std::fmt;

use lunette_frame::{PictureRef, Size};

/// The largest picture that an encoder takes.
///
/// It counts pixels as they are coded: each side is rounded up to whole macroblocks of 16.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeLimit {
    /// Most pixels on a side.
    pub side: u32,
    /// Most pixels in all.
    pub pixels: u64,
}

impl SizeLimit {
    /// The most that a stream can be: level 6.2 of ITU-T H.264, table A-1.
    pub const H264: Self = Self { side: PictureRef::MAX_SIDE, pixels: 139_264 * 256 };

    /// Whether a picture of `size` is within it.
    #[must_use]
    pub fn allows(self, size: Size) -> bool {
        let sides = 1..=self.side;
        let whole = |side: u32| u64::from(side).next_multiple_of(16);
        sides.contains(&size.width)
            && sides.contains(&size.height)
            && whole(size.width) * whole(size.height) <= self.pixels
    }
}

impl fmt::Display for SizeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1 to {} pixels on a side and {} in all", self.side, self.pixels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_count_in_whole_macroblocks() {
        let limit = SizeLimit { side: 100, pixels: 96 * 32 };
        for (width, height) in [(1, 1), (96, 32), (81, 17), (32, 96), (100, 16)] {
            assert!(limit.allows(Size::new(width, height)), "{width}x{height}");
        }
        for (width, height) in [(0, 1), (1, 0), (97, 32), (96, 33), (101, 1), (1, 101), (u32::MAX, u32::MAX)] {
            assert!(!limit.allows(Size::new(width, height)), "{width}x{height}");
        }
    }
}
