//! Pixel formats of FRAME_REQUEST, and where its planes lie.

use std::fmt;

use lunette_frame::{PictureError, PictureRef, PixelFormat, PlaneRef, Rect, Size};

use super::Moved;

/// How pixels lie in memory, as the wire names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fourcc {
    /// `AR24`: blue, green, red, and alpha or nothing.
    Bgra,
    /// `AB24`: red, green, blue, and alpha or nothing.
    Rgba,
    /// `NV12`: luma, then interleaved Cb and Cr.
    Nv12,
    /// A code without a known meaning; 0 is what senders use for "unknown".
    Other(u32),
}

impl Fourcc {
    const BGRA: u32 = u32::from_le_bytes(*b"AR24");
    const RGBA: u32 = u32::from_le_bytes(*b"AB24");
    const NV12: u32 = u32::from_le_bytes(*b"NV12");

    /// What the wire's code stands for.
    #[must_use]
    pub const fn from_code(code: u32) -> Self {
        match code {
            Self::BGRA => Self::Bgra,
            Self::RGBA => Self::Rgba,
            Self::NV12 => Self::Nv12,
            other => Self::Other(other),
        }
    }

    /// The wire's code.
    #[must_use]
    pub const fn code(self) -> u32 {
        match self {
            Self::Bgra => Self::BGRA,
            Self::Rgba => Self::RGBA,
            Self::Nv12 => Self::NV12,
            Self::Other(code) => code,
        }
    }

    /// The format that a converter takes. The fourth byte counts as padding: senders use one code with and without
    /// alpha, and a desktop's picture is opaque.
    #[must_use]
    pub const fn pixel_format(self) -> Option<PixelFormat> {
        match self {
            Self::Bgra => Some(PixelFormat::Bgrx),
            Self::Rgba => Some(PixelFormat::Rgbx),
            Self::Nv12 => Some(PixelFormat::Nv12),
            Self::Other(_) => None,
        }
    }
}

impl fmt::Display for Fourcc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(code) => write!(f, "{code:#010x}"),
            known => write!(f, "{}", known.code().to_le_bytes().escape_ascii()),
        }
    }
}

/// Why a FRAME_REQUEST holds no picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PixelsError {
    /// It names a resource instead.
    #[error("the request carries no pixels")]
    None,
    /// A format that is not known.
    #[error("pixel format {0} is not known")]
    Format(Fourcc),
    /// A tile that reaches beyond the picture, or starts or ends between samples of colour.
    #[error("no tile of a picture of {size}: {tile:?}")]
    Tile {
        /// The picture's size.
        size: Size,
        /// The tile.
        tile: Rect,
    },
    /// A move that reaches beyond the picture, or ends between samples of colour.
    #[error("no move in a picture of {size}: {moved:?}")]
    Move {
        /// The picture's size.
        size: Size,
        /// The move.
        moved: Moved,
    },
    /// Its fields describe another picture than its pixels make.
    #[error("the pixels are not what the request describes")]
    Layout(#[from] PictureError),
}

/// The picture of `format` in `pixels`, whose plane 0 has rows of `stride` bytes.
pub(super) fn picture(format: Fourcc, size: Size, stride: u32, pixels: &[u8]) -> Result<PictureRef<'_>, PixelsError> {
    let layout = format.pixel_format().ok_or(PixelsError::Format(format))?;
    let stride = stride as usize;
    let luma = PlaneRef { data: pixels, stride };
    let planes = [luma, PlaneRef { data: chroma(size, stride, pixels), stride }];
    Ok(PictureRef::new(layout, size, &planes[..layout.plane_count()])?)
}

/// Chroma starts after an even number of luma rows: producers round odd heights up.
fn chroma(size: Size, stride: usize, pixels: &[u8]) -> &[u8] {
    let rows = (size.height as usize).next_multiple_of(2);
    rows.checked_mul(stride).and_then(|start| pixels.get(start..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_kept() {
        for (code, fourcc) in [
            (0x3432_5241, Fourcc::Bgra),
            (0x3432_4241, Fourcc::Rgba),
            (0x3231_564e, Fourcc::Nv12),
            (0, Fourcc::Other(0)),
        ] {
            assert_eq!((Fourcc::from_code(code), fourcc.code()), (fourcc, code));
        }
        assert_eq!(Fourcc::Nv12.to_string(), "NV12");
    }

    #[test]
    fn chroma_follows_an_even_number_of_rows() {
        let mut pixels = [0; 4 * 4 + 4 * 2];
        pixels[16..].fill(9);
        let nv12 = picture(Fourcc::Nv12, Size::new(4, 3), 4, &pixels).expect("fits");
        assert!(nv12.planes()[1].data.iter().all(|byte| *byte == 9));
    }

    #[test]
    fn pixels_that_do_not_fill_the_picture_are_refused() {
        let short = picture(Fourcc::Nv12, Size::new(4, 4), 4, &[0; 23]).unwrap_err();
        assert_eq!(short, PixelsError::Layout(PictureError::Short { plane: 1, given: 7, needed: 8 }));
        let huge = picture(Fourcc::Nv12, Size::new(4, u32::MAX), u32::MAX, &[]);
        assert!(matches!(huge, Err(PixelsError::Layout(PictureError::Size(_)))));
        assert_eq!(
            picture(Fourcc::Other(1), Size::new(1, 1), 4, &[]).unwrap_err(),
            PixelsError::Format(Fourcc::Other(1))
        );
    }
}
