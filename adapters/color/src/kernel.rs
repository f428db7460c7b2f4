//! The SIMD conversion itself, from the `yuv` crate.
//!
//! That crate walks a plane in chunks of whole strides, as many as the memory holds, whatever height it was told:
//! memory that ends before the last row's padding **loses that row silently**, and memory beyond the last row is
//! **converted too**. So every plane is cut to `stride * rows` bytes here, and callers hand over at least that.

use lunette_frame::{PixelFormat, Size};
use yuv::{
    BufferStoreMut, YuvBiPlanarImageMut, YuvConversionMode, YuvError, YuvPlanarImageMut, YuvRange, YuvStandardMatrix,
    bgra_to_yuv_nv12, bgra_to_yuv420, rgba_to_yuv_nv12, rgba_to_yuv420,
};

use crate::ColorError;

/// Packed pixels of a block, from its first one on.
pub(crate) struct Pixels<'a> {
    pub(crate) format: PixelFormat,
    pub(crate) size: Size,
    pub(crate) data: &'a [u8],
    pub(crate) stride: usize,
}

/// Samples of one plane, from a block's first one on.
pub(crate) struct Samples<'a> {
    pub(crate) data: &'a mut [u8],
    pub(crate) stride: usize,
}

impl<'a> Samples<'a> {
    fn rows(self, rows: u32) -> BufferStoreMut<'a, u8> {
        BufferStoreMut::Borrowed(&mut self.data[..self.stride * rows as usize])
    }
}

/// Where the samples go.
pub(crate) enum Planes<'a> {
    I420 { luma: Samples<'a>, cb: Samples<'a>, cr: Samples<'a> },
    Nv12 { luma: Samples<'a>, chroma: Samples<'a> },
}

/// Converts a block of even height.
///
/// # Panics
/// When a plane is shorter than its rows, the last one's padding included.
pub(crate) fn run(pixels: &Pixels<'_>, planes: Planes<'_>) -> Result<(), ColorError> {
    let red_first = matches!(pixels.format, PixelFormat::Rgba | PixelFormat::Rgbx);
    match planes {
        Planes::I420 { luma, cb, cr } => {
            let call = if red_first { rgba_to_yuv420 } else { bgra_to_yuv420 };
            apply(call, planar(pixels.size, luma, cb, cr)?, pixels)
        }
        Planes::Nv12 { luma, chroma } => {
            let call = if red_first { rgba_to_yuv_nv12 } else { bgra_to_yuv_nv12 };
            apply(call, bi_planar(pixels.size, luma, chroma)?, pixels)
        }
    }
}

type Call<Image> = fn(&mut Image, &[u8], u32, YuvRange, YuvStandardMatrix, YuvConversionMode) -> Result<(), YuvError>;

fn apply<Image>(call: Call<Image>, mut image: Image, pixels: &Pixels<'_>) -> Result<(), ColorError> {
    let (range, matrix, mode) = (YuvRange::Limited, YuvStandardMatrix::Bt709, YuvConversionMode::Balanced);
    let data = &pixels.data[..pixels.stride * pixels.size.height as usize];
    call(&mut image, data, count(pixels.stride)?, range, matrix, mode)
        .map_err(|source| ColorError::Kernel { size: pixels.size, source })
}

fn planar<'a>(
    size: Size,
    luma: Samples<'a>,
    cb: Samples<'a>,
    cr: Samples<'a>,
) -> Result<YuvPlanarImageMut<'a, u8>, ColorError> {
    Ok(YuvPlanarImageMut {
        y_stride: count(luma.stride)?,
        y_plane: luma.rows(size.height),
        u_stride: count(cb.stride)?,
        u_plane: cb.rows(size.height / 2),
        v_stride: count(cr.stride)?,
        v_plane: cr.rows(size.height / 2),
        width: size.width,
        height: size.height,
    })
}

fn bi_planar<'a>(
    size: Size,
    luma: Samples<'a>,
    chroma: Samples<'a>,
) -> Result<YuvBiPlanarImageMut<'a, u8>, ColorError> {
    Ok(YuvBiPlanarImageMut {
        y_stride: count(luma.stride)?,
        y_plane: luma.rows(size.height),
        uv_stride: count(chroma.stride)?,
        uv_plane: chroma.rows(size.height / 2),
        width: size.width,
        height: size.height,
    })
}

fn count(stride: usize) -> Result<u32, ColorError> {
    u32::try_from(stride).map_err(|_| ColorError::Stride(stride))
}
