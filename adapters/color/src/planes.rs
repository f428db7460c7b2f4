//! Between pictures that are 4:2:0 already, or of one format: bytes move, none is computed.

use std::ops::Range;

use lunette_frame::{Picture, PictureRef, PixelFormat, PlaneRef, Rect};

use crate::ColorError;

/// Where a rectangle lies in a plane.
struct Span {
    bytes: Range<usize>,
    rows: Range<usize>,
}

impl Span {
    /// `rect` has even coordinates, except where it ends at an odd picture's edge.
    fn new(format: PixelFormat, plane: usize, rect: Rect) -> Self {
        Self {
            bytes: format.row_bytes(plane, rect.x)..format.row_bytes(plane, rect.right()),
            rows: format.rows(plane, rect.y)..format.rows(plane, rect.bottom()),
        }
    }

    /// The rectangle's part of row `y` of `plane`.
    fn of<'a>(&self, plane: PlaneRef<'a>, y: usize) -> &'a [u8] {
        plane.row(y, self.bytes.start, self.bytes.len())
    }

    fn of_mut<'a>(&self, plane: &'a mut [u8], stride: usize, y: usize) -> &'a mut [u8] {
        &mut plane[y * stride..][self.bytes.clone()]
    }
}

/// Copies `rect` between pictures of one format.
pub(crate) fn copy(source: &PictureRef<'_>, rect: Rect, target: &mut Picture) -> Result<(), ColorError> {
    for plane in 0..source.format().plane_count() {
        copy_plane(source, plane, rect, target);
    }
    Ok(())
}

/// I420 to NV12.
pub(crate) fn weave(source: &PictureRef<'_>, rect: Rect, target: &mut Picture) -> Result<(), ColorError> {
    copy_plane(source, 0, rect, target);
    let [_, from_cb, from_cr] = source.planes() else { unreachable!("I420 has three planes") };
    let (from, to) = (Span::new(PixelFormat::I420, 1, rect), Span::new(PixelFormat::Nv12, 1, rect));
    let [_, (pairs, stride), _] = target.planes_mut();
    for y in to.rows.clone() {
        let pairs = to.of_mut(pairs, stride, y).chunks_exact_mut(2);
        for ((pair, cb), cr) in pairs.zip(from.of(*from_cb, y)).zip(from.of(*from_cr, y)) {
            pair.copy_from_slice(&[*cb, *cr]);
        }
    }
    Ok(())
}

/// NV12 to I420.
pub(crate) fn split(source: &PictureRef<'_>, rect: Rect, target: &mut Picture) -> Result<(), ColorError> {
    copy_plane(source, 0, rect, target);
    let (from, to) = (Span::new(PixelFormat::Nv12, 1, rect), Span::new(PixelFormat::I420, 1, rect));
    let [_, (to_cb, cb_stride), (to_cr, cr_stride)] = target.planes_mut();
    for y in to.rows.clone() {
        let (pairs, _) = from.of(source.planes()[1], y).as_chunks::<2>();
        let (to_cb, to_cr) = (to.of_mut(to_cb, cb_stride, y), to.of_mut(to_cr, cr_stride, y));
        for ((cb, cr), pair) in to_cb.iter_mut().zip(to_cr).zip(pairs) {
            // As a 16-bit number the pair comes apart in SIMD, six times as fast as by index.
            let pair = u16::from_le_bytes(*pair);
            (*cb, *cr) = ((pair & 0xFF) as u8, (pair >> 8) as u8);
        }
    }
    Ok(())
}

/// Luma of both 4:2:0 formats is alike, so this serves them too.
fn copy_plane(source: &PictureRef<'_>, plane: usize, rect: Rect, target: &mut Picture) {
    let span = Span::new(source.format(), plane, rect);
    let stride = target.stride(plane);
    let samples = target.plane_mut(plane);
    for y in span.rows.clone() {
        span.of_mut(samples, stride, y).copy_from_slice(span.of(source.planes()[plane], y));
    }
}
