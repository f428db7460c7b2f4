//! A frame counter and scanout id burnt into a picture, readable after lossy coding.
//!
//! Whoever decodes a stream can tell from the picture alone which frame of which scanout it is. The marker is a
//! grid of black and white cells of 8×8 pixels: 16 columns and 5 rows, 80 bits, most significant first.
//!
//! ```text
//!   row 0        row 1..2          row 3            row 4
//!   A5 5A sync   counter (32 bit)  scanout (16 bit)  CRC-16 of the six bytes before
//! ```
//!
//! Sources burn it into the top-left corner ([`Corner::TopLeft`]); those that move the whole picture burn it into
//! the bottom-right corner too, so that a picture mixed from two frames shows two counters.

use crate::{PictureRef, PixelFormat, PlaneRef, Rect, ScanoutId, Size};

const CELL: u32 = 8;
const COLUMNS: u32 = 16;
const ROWS: u32 = 5;
const SYNC: u16 = 0xA55A;
/// Luma halfway between limited-range black (16) and white (235).
const THRESHOLD: u32 = 126;

/// Where in the picture a marker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Corner {
    /// At the origin.
    TopLeft,
    /// Ending at the last whole cell of both axes.
    BottomRight,
}

impl Corner {
    /// The marker's rectangle in a picture of `size`; `None` when the picture is smaller than a marker.
    #[must_use]
    pub fn rect(self, size: Size) -> Option<Rect> {
        let (width, height) = (COLUMNS * CELL, ROWS * CELL);
        let x = size.width.checked_sub(width)? / CELL * CELL;
        let y = size.height.checked_sub(height)? / CELL * CELL;
        Some(match self {
            Self::TopLeft => Rect::new(0, 0, width, height),
            Self::BottomRight => Rect::new(x, y, width, height),
        })
    }
}

/// What a marker says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marker {
    /// Number of the frame, from 0, wrapping.
    pub counter: u32,
    /// The scanout that the frame belongs to.
    pub scanout: ScanoutId,
}

impl Marker {
    fn words(self) -> [u16; 5] {
        let [c0, c1, c2, c3] = self.counter.to_be_bytes();
        let scanout = self.scanout.get();
        let [s0, s1] = scanout.to_be_bytes();
        let crc = crc16(&[c0, c1, c2, c3, s0, s1]);
        [SYNC, u16::from_be_bytes([c0, c1]), u16::from_be_bytes([c2, c3]), scanout, crc]
    }

    fn from_words(words: [u16; 5]) -> Option<Self> {
        let [sync, high, low, scanout, _] = words;
        let marker = Self { counter: u32::from(high) << 16 | u32::from(low), scanout: ScanoutId::new(scanout) };
        (sync == SYNC && marker.words() == words).then_some(marker)
    }

    /// Burns the marker into four-byte pixels at `corner`; does nothing to a picture smaller than a marker.
    ///
    /// # Panics
    /// When `pixels` is shorter than `stride` and `size` say.
    pub fn burn(self, pixels: &mut [u8], stride: usize, size: Size, corner: Corner) {
        let Some(rect) = corner.rect(size) else { return };
        for (row, word) in (0..ROWS).zip(self.words()) {
            for y in rect.y + row * CELL..rect.y + (row + 1) * CELL {
                let start = y as usize * stride + rect.x as usize * 4;
                for (column, cell) in (0..COLUMNS).zip(pixels[start..].chunks_exact_mut(CELL as usize * 4)) {
                    let white = word >> (COLUMNS - 1 - column) & 1 == 1;
                    cell.fill(if white { 255 } else { 0 });
                }
            }
        }
    }

    /// Reads the marker at `corner`; `None` where no whole marker with a right checksum stands.
    #[must_use]
    pub fn read(picture: &PictureRef<'_>, corner: Corner) -> Option<Self> {
        let rect = corner.rect(picture.size())?;
        let plane = picture.planes()[0];
        let bytes = if picture.format().is_packed() { 4 } else { 1 };
        let threshold = if picture.format().is_packed() { 128 } else { THRESHOLD };
        let mut words = [0; 5];
        for (row, word) in (0..ROWS).zip(&mut words) {
            for column in 0..COLUMNS {
                let (x, y) = (rect.x + column * CELL, rect.y + row * CELL);
                *word = *word << 1 | u16::from(cell_mean(plane, x, y, bytes) > threshold);
            }
        }
        Self::from_words(words)
    }
}

/// Mean of the inner 4×4 pixels of a cell: its rim is where coding blurs it. Packed pixels give their second byte,
/// which is green in every format.
fn cell_mean(plane: PlaneRef<'_>, x: u32, y: u32, bytes: usize) -> u32 {
    let inner = |start: u32| (start + CELL / 4) as usize;
    let sample = bytes / 4;
    let sum: u32 = (inner(y)..inner(y) + 4)
        .flat_map(|row| plane.row(row, inner(x) * bytes, 4 * bytes).iter().skip(sample).step_by(bytes))
        .map(|byte| u32::from(*byte))
        .sum();
    sum / 16
}

/// CRC-16/CCITT-FALSE.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 })
    })
}

/// What the markers of one picture say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// No marker in the top-left corner.
    Missing,
    /// The two corners disagree: the picture is mixed from two frames.
    Torn {
        /// Marker in the top-left corner.
        top: Marker,
        /// Marker in the bottom-right corner.
        bottom: Marker,
    },
    /// One marker, or two that agree.
    Whole(Marker),
}

/// Reads both corners of a picture; one without a second marker counts as whole.
#[must_use]
pub fn read(picture: &PictureRef<'_>) -> Reading {
    debug_assert!(matches!(picture.format(), PixelFormat::I420 | PixelFormat::Nv12) || picture.format().is_packed());
    match (Marker::read(picture, Corner::TopLeft), Marker::read(picture, Corner::BottomRight)) {
        (None, _) => Reading::Missing,
        (Some(top), Some(bottom)) if top != bottom => Reading::Torn { top, bottom },
        (Some(top), _) => Reading::Whole(top),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SIZE: Size = Size::new(300, 90);
    const STRIDE: usize = 300 * 4 + 12;

    fn picture(pixels: &[u8]) -> PictureRef<'_> {
        PictureRef::packed(PixelFormat::Bgra, SIZE, STRIDE, pixels).expect("valid")
    }

    fn marker(counter: u32) -> Marker {
        Marker { counter, scanout: ScanoutId::new(7) }
    }

    proptest! {
        #[test]
        fn what_is_burnt_is_read(counter: u32, scanout: u16, grey: u8) {
            let mut pixels = vec![grey; STRIDE * 90];
            let marker = Marker { counter, scanout: ScanoutId::new(scanout) };
            for corner in [Corner::TopLeft, Corner::BottomRight] {
                marker.burn(&mut pixels, STRIDE, SIZE, corner);
            }
            prop_assert_eq!(read(&picture(&pixels)), Reading::Whole(marker));
        }
    }

    #[test]
    fn a_picture_of_two_frames_is_torn() {
        let mut pixels = vec![0; STRIDE * 90];
        marker(1).burn(&mut pixels, STRIDE, SIZE, Corner::TopLeft);
        marker(2).burn(&mut pixels, STRIDE, SIZE, Corner::BottomRight);
        assert_eq!(read(&picture(&pixels)), Reading::Torn { top: marker(1), bottom: marker(2) });
    }

    #[test]
    fn a_wrong_cell_is_no_marker() {
        let mut pixels = vec![0; STRIDE * 90];
        marker(1).burn(&mut pixels, STRIDE, SIZE, Corner::TopLeft);
        for row in pixels.chunks_exact_mut(STRIDE).skip(16).take(8) {
            for byte in &mut row[..32] {
                *byte = !*byte;
            }
        }
        assert_eq!(read(&picture(&pixels)), Reading::Missing);
    }

    #[test]
    fn small_pictures_have_none() {
        assert_eq!(Corner::TopLeft.rect(Size::new(127, 40)), None);
        marker(1).burn(&mut [], 0, Size::new(4, 4), Corner::TopLeft);
    }
}
