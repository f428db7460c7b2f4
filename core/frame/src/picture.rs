//! Pictures: borrowed ([`PictureRef`]) as a source delivers them, and owned ([`Picture`]).

use std::fmt;

use crate::{Rect, Size};

/// How pixels lie in memory. Packed names give the byte order, first byte first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PixelFormat {
    /// Blue, green, red, alpha.
    Bgra,
    /// Blue, green, red, ignored.
    Bgrx,
    /// Red, green, blue, alpha.
    Rgba,
    /// Red, green, blue, ignored.
    Rgbx,
    /// 4:2:0: a luma plane, then one plane of interleaved Cb and Cr.
    Nv12,
    /// 4:2:0: planes of luma, Cb and Cr.
    I420,
}

impl PixelFormat {
    /// How many planes a picture has.
    #[must_use]
    pub const fn plane_count(self) -> usize {
        match self {
            Self::Bgra | Self::Bgrx | Self::Rgba | Self::Rgbx => 1,
            Self::Nv12 => 2,
            Self::I420 => 3,
        }
    }

    /// Whether a pixel is four bytes in one plane.
    #[must_use]
    pub const fn is_packed(self) -> bool {
        self.plane_count() == 1
    }

    /// Bytes that hold a row of `plane`, without padding.
    #[must_use]
    pub const fn row_bytes(self, plane: usize, width: u32) -> usize {
        let width = width as usize;
        match (self, plane) {
            (Self::Bgra | Self::Bgrx | Self::Rgba | Self::Rgbx, _) => width * 4,
            (Self::Nv12 | Self::I420, 0) => width,
            (Self::Nv12, _) => width.div_ceil(2) * 2,
            (Self::I420, _) => width.div_ceil(2),
        }
    }

    /// Rows in `plane`.
    #[must_use]
    pub const fn rows(self, plane: usize, height: u32) -> usize {
        match (self, plane) {
            (Self::Nv12 | Self::I420, 1..) => (height as usize).div_ceil(2),
            _ => height as usize,
        }
    }
}

impl fmt::Display for PixelFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bgra => "BGRA",
            Self::Bgrx => "BGRX",
            Self::Rgba => "RGBA",
            Self::Rgbx => "RGBX",
            Self::Nv12 => "NV12",
            Self::I420 => "I420",
        })
    }
}

/// A picture whose memory does not fit its description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// Zero pixels, or more than [`PictureRef::MAX_SIDE`] on a side.
    #[error("a picture of {0} is not possible")]
    Size(Size),
    /// Another number of planes than the format has.
    #[error("{format} has {} planes, {given} were given", format.plane_count())]
    Planes {
        /// The format.
        format: PixelFormat,
        /// Planes given.
        given: usize,
    },
    /// Rows overlap.
    #[error("plane {plane}: a stride of {stride} bytes is below the row's {row} bytes")]
    Stride {
        /// Which plane.
        plane: usize,
        /// Its stride.
        stride: usize,
        /// Bytes that a row needs.
        row: usize,
    },
    /// The memory ends inside the picture.
    #[error("plane {plane}: {given} bytes, {needed} are needed")]
    Short {
        /// Which plane.
        plane: usize,
        /// Bytes given.
        given: usize,
        /// Bytes needed.
        needed: usize,
    },
}

/// Rows of samples in borrowed memory.
#[derive(Debug, Clone, Copy)]
pub struct PlaneRef<'a> {
    /// The samples, at least `stride * (rows - 1) + row` bytes.
    pub data: &'a [u8],
    /// Bytes from one row to the next.
    pub stride: usize,
}

impl<'a> PlaneRef<'a> {
    /// `len` bytes of row `y`, from byte `offset`.
    ///
    /// # Panics
    /// When the row ends before that.
    #[must_use]
    pub fn row(self, y: usize, offset: usize, len: usize) -> &'a [u8] {
        let start = y * self.stride + offset;
        &self.data[start..start + len]
    }
}

/// A borrowed picture whose planes are known to be long enough.
#[derive(Debug, Clone, Copy)]
pub struct PictureRef<'a> {
    format: PixelFormat,
    size: Size,
    planes: [PlaneRef<'a>; 3],
}

impl<'a> PictureRef<'a> {
    /// Most pixels on a side.
    pub const MAX_SIDE: u32 = 16_384;

    /// Checks that `planes` hold a picture of `format` and `size`.
    ///
    /// # Errors
    /// When they do not: wrong number, a stride below the row, or too few bytes.
    pub fn new(format: PixelFormat, size: Size, planes: &[PlaneRef<'a>]) -> Result<Self, PictureError> {
        let sides = 1..=Self::MAX_SIDE;
        if !sides.contains(&size.width) || !sides.contains(&size.height) {
            return Err(PictureError::Size(size));
        }
        if planes.len() != format.plane_count() {
            return Err(PictureError::Planes { format, given: planes.len() });
        }
        let mut kept = [PlaneRef { data: &[], stride: 0 }; 3];
        for (index, plane) in planes.iter().enumerate() {
            let row = format.row_bytes(index, size.width);
            if plane.stride < row {
                return Err(PictureError::Stride { plane: index, stride: plane.stride, row });
            }
            let needed = (format.rows(index, size.height) - 1)
                .checked_mul(plane.stride)
                .and_then(|bytes| bytes.checked_add(row))
                .unwrap_or(usize::MAX);
            if plane.data.len() < needed {
                return Err(PictureError::Short { plane: index, given: plane.data.len(), needed });
            }
            kept[index] = *plane;
        }
        Ok(Self { format, size, planes: kept })
    }

    /// A picture in one plane.
    ///
    /// # Errors
    /// As [`PictureRef::new`].
    pub fn packed(format: PixelFormat, size: Size, stride: usize, data: &'a [u8]) -> Result<Self, PictureError> {
        Self::new(format, size, &[PlaneRef { data, stride }])
    }

    /// How its pixels lie in memory.
    #[must_use]
    pub const fn format(&self) -> PixelFormat {
        self.format
    }

    /// Its size in pixels.
    #[must_use]
    pub const fn size(&self) -> Size {
        self.size
    }

    /// Its planes, as many as the format has.
    #[must_use]
    pub fn planes(&self) -> &[PlaneRef<'a>] {
        &self.planes[..self.format.plane_count()]
    }

    /// The rows of a part, plane after plane.
    ///
    /// # Panics
    /// While they are taken, when the part does not lie in the picture.
    pub fn rows(&self, part: Rect) -> impl Iterator<Item = &'a [u8]> + '_ {
        self.rows_moved(part, part.x, part.y)
    }

    /// What `part` of a picture has that came there from (`x`, `y`) of this one, as [`PictureRef::rows`] gives it.
    ///
    /// Of planes with fewer samples it comes from half of the distance, rounded down.
    ///
    /// # Panics
    /// When that is not inside of the picture.
    pub fn rows_moved(&self, part: Rect, x: u32, y: u32) -> impl Iterator<Item = &'a [u8]> + '_ {
        let format = self.format;
        self.planes().iter().enumerate().flat_map(move |(index, plane)| {
            let is_coarse = format.rows(index, 2) == 1;
            let (x, y) = if is_coarse { (x & !1, y & !1) } else { (x, y) };
            let (left, top) = (format.row_bytes(index, x), format.rows(index, y));
            let len = format.row_bytes(index, part.right()) - format.row_bytes(index, part.x);
            let rows = format.rows(index, part.bottom()) - format.rows(index, part.y);
            (top..top + rows).map(move |y| plane.row(y, left, len))
        })
    }
}

/// An owned picture: all planes in one allocation, rows aligned to 64 bytes.
#[derive(Debug, Clone)]
pub struct Picture {
    format: PixelFormat,
    size: Size,
    data: Vec<u8>,
    layout: [PlaneLayout; 3],
}

#[derive(Debug, Clone, Copy, Default)]
struct PlaneLayout {
    offset: usize,
    stride: usize,
    len: usize,
}

impl Picture {
    const ROW_ALIGN: usize = 64;

    /// A picture of zero bytes.
    ///
    /// # Errors
    /// When the size is zero or above [`PictureRef::MAX_SIDE`].
    pub fn new(format: PixelFormat, size: Size) -> Result<Self, PictureError> {
        let sides = 1..=PictureRef::MAX_SIDE;
        if !sides.contains(&size.width) || !sides.contains(&size.height) {
            return Err(PictureError::Size(size));
        }
        let mut layout = [PlaneLayout::default(); 3];
        let mut offset = 0;
        for (index, plane) in layout.iter_mut().enumerate().take(format.plane_count()) {
            let stride = format.row_bytes(index, size.width).next_multiple_of(Self::ROW_ALIGN);
            let len = stride * format.rows(index, size.height);
            *plane = PlaneLayout { offset, stride, len };
            offset += len;
        }
        Ok(Self { format, size, data: vec![0; offset], layout })
    }

    /// How its pixels lie in memory.
    #[must_use]
    pub const fn format(&self) -> PixelFormat {
        self.format
    }

    /// Its size in pixels.
    #[must_use]
    pub const fn size(&self) -> Size {
        self.size
    }

    /// Bytes from one row of `plane` to the next.
    #[must_use]
    pub const fn stride(&self, plane: usize) -> usize {
        self.layout[plane].stride
    }

    /// The samples of `plane`, padding included.
    #[must_use]
    pub fn plane_mut(&mut self, plane: usize) -> &mut [u8] {
        let PlaneLayout { offset, len, .. } = self.layout[plane];
        &mut self.data[offset..offset + len]
    }

    /// Every plane with its stride, for writers that fill several at once.
    pub fn planes_mut(&mut self) -> [(&mut [u8], usize); 3] {
        let [a, b, c] = self.layout;
        let (first, rest) = self.data.split_at_mut(a.len);
        let (second, third) = rest.split_at_mut(b.len);
        [(first, a.stride), (second, b.stride), (third, c.stride)]
    }

    /// The picture, borrowed.
    #[must_use]
    pub fn as_ref(&self) -> PictureRef<'_> {
        let plane = |PlaneLayout { offset, stride, len }| PlaneRef { data: &self.data[offset..offset + len], stride };
        PictureRef { format: self.format, size: self.size, planes: self.layout.map(plane) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size::new(3, 3);

    #[test]
    fn odd_sizes_round_chroma_up() {
        let picture = Picture::new(PixelFormat::I420, SIZE).expect("valid");
        assert_eq!(picture.as_ref().planes().len(), 3);
        assert_eq!(PixelFormat::I420.row_bytes(1, 3), 2);
        assert_eq!(PixelFormat::I420.rows(1, 3), 2);
        assert_eq!(PixelFormat::Nv12.row_bytes(1, 3), 4);
    }

    #[test]
    fn the_last_row_needs_no_padding() {
        let stride = 20;
        assert!(PictureRef::packed(PixelFormat::Bgra, SIZE, stride, &[0; 20 * 2 + 12]).is_ok());
        let short = PictureRef::packed(PixelFormat::Bgra, SIZE, stride, &[0; 20 * 2 + 11]).unwrap_err();
        assert_eq!(short, PictureError::Short { plane: 0, given: 51, needed: 52 });
    }

    #[test]
    fn a_description_that_lies_is_refused() {
        let packed = |size, stride| PictureRef::packed(PixelFormat::Bgra, size, stride, &[0; 64]).unwrap_err();
        assert_eq!(packed(SIZE, 11), PictureError::Stride { plane: 0, stride: 11, row: 12 });
        assert_eq!(packed(Size::new(0, 3), 12), PictureError::Size(Size::new(0, 3)));
        assert!(matches!(packed(SIZE, usize::MAX), PictureError::Short { needed: usize::MAX, .. }));
        let planes = [PlaneRef { data: &[], stride: 0 }; 2];
        assert!(matches!(PictureRef::new(PixelFormat::I420, SIZE, &planes), Err(PictureError::Planes { .. })));
    }

    #[test]
    fn planes_do_not_overlap() {
        let mut picture = Picture::new(PixelFormat::I420, SIZE).expect("valid");
        for (value, (plane, _)) in (1u8..).zip(picture.planes_mut()) {
            plane.fill(value);
        }
        for (value, plane) in (1u8..).zip(picture.as_ref().planes()) {
            assert!(plane.data.iter().all(|byte| *byte == value));
        }
    }
}
