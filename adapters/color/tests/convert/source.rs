//! Pictures to convert, and how to look at what came out.

use std::fmt;

use lunette_frame::{Damage, Picture, PictureRef, PixelFormat, PlaneRef, Size};

pub(crate) const PACKED: [PixelFormat; 4] =
    [PixelFormat::Bgra, PixelFormat::Bgrx, PixelFormat::Rgba, PixelFormat::Rgbx];
pub(crate) const TARGETS: [PixelFormat; 2] = [PixelFormat::I420, PixelFormat::Nv12];

/// Memory as a source hands it out: rows padded with noise, the last row without padding.
pub(crate) struct Source {
    format: PixelFormat,
    pub(crate) size: Size,
    planes: Vec<(Vec<u8>, usize)>,
}

impl Source {
    /// Every byte from `sample(plane, x, y)`, `x` in bytes.
    pub(crate) fn new(
        format: PixelFormat,
        size: Size,
        padding: usize,
        mut sample: impl FnMut(usize, usize, usize) -> u8,
    ) -> Self {
        let mut plane = |plane| {
            let (row, rows) = (format.row_bytes(plane, size.width), format.rows(plane, size.height));
            let stride = row + padding;
            let mut data: Vec<u8> = (0..stride * rows).map(|at| sample(plane, at % stride, at / stride)).collect();
            data.truncate(stride * (rows - 1) + row);
            (data, stride)
        };
        Self { format, size, planes: (0..format.plane_count()).map(&mut plane).collect() }
    }

    pub(crate) fn random(format: PixelFormat, size: Size, padding: usize, seed: u64) -> Self {
        let mut next = noise(seed);
        Self::new(format, size, padding, |_, _, _| next())
    }

    pub(crate) fn as_ref(&self) -> PictureRef<'_> {
        let planes: Vec<_> = self.planes.iter().map(|(data, stride)| PlaneRef { data, stride: *stride }).collect();
        PictureRef::new(self.format, self.size, &planes).expect("a valid picture")
    }

    /// Red, green and blue of a packed pixel.
    pub(crate) fn rgb(&self, x: usize, y: usize) -> [f64; 3] {
        let (data, stride) = &self.planes[0];
        let pixel = &data[y * stride + x * 4..][..3];
        let [first, green, third] = [pixel[0], pixel[1], pixel[2]].map(f64::from);
        match self.format {
            PixelFormat::Bgra | PixelFormat::Bgrx => [third, green, first],
            _ => [first, green, third],
        }
    }

    pub(crate) fn converted(&self, to: PixelFormat) -> Picture {
        let mut target = Picture::new(to, self.size).expect("a valid size");
        lunette_color::convert(&self.as_ref(), &Damage::full(self.size), &mut target).expect("a possible conversion");
        target
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let strides: Vec<_> = self.planes.iter().map(|(_, stride)| stride).collect();
        write!(f, "{} of {}, strides {strides:?}", self.format, self.size)
    }
}

/// A stream of bytes that is the same for every run (xorshift).
pub(crate) fn noise(seed: u64) -> impl FnMut() -> u8 {
    let mut state = seed.wrapping_mul(2).wrapping_add(0x9E37_79B9_7F4A_7C15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[4]
    }
}

/// Luma, Cb and Cr over the pixel `x`, `y`.
pub(crate) fn ycc(picture: &Picture, x: usize, y: usize) -> [u8; 3] {
    let view = picture.as_ref();
    let at = |plane: usize, x, y| view.planes()[plane].row(y, x, 1)[0];
    match picture.format() {
        PixelFormat::Nv12 => [at(0, x, y), at(1, x / 2 * 2, y / 2), at(1, x / 2 * 2 + 1, y / 2)],
        _ => [at(0, x, y), at(1, x / 2, y / 2), at(2, x / 2, y / 2)],
    }
}

/// Every sample in use, plane by plane, without padding.
pub(crate) fn samples(picture: &PictureRef<'_>) -> Vec<Vec<u8>> {
    let (format, size) = (picture.format(), picture.size());
    let plane = |plane: usize| {
        let row = |y| picture.planes()[plane].row(y, 0, format.row_bytes(plane, size.width));
        (0..format.rows(plane, size.height)).flat_map(row).copied().collect()
    };
    (0..format.plane_count()).map(plane).collect()
}
