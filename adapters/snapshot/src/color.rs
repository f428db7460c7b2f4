//! I420 to RGB, BT.709 limited: the way back from what `lunette-color` does.

use lunette_frame::{Picture, PixelFormat, Rect, Size};
use yuv::{YuvPlanarImage, YuvRange, YuvStandardMatrix, yuv420_to_rgb};

use crate::SnapshotError;
use crate::image::Image;

const PIXEL: usize = Image::PIXEL;

/// The pixels of `rect`, which lies in the picture.
///
/// Whole rows are converted and then cut: the kernel wants whole strides, and a row costs a microsecond.
pub(crate) fn to_rgb(picture: &Picture, rect: Rect) -> Result<Image, SnapshotError> {
    let width = picture.size().width;
    let top = rect.y & !1;
    let band = Size::new(width, rect.bottom() - top);
    let mut pixels = vec![0; width as usize * band.height as usize * PIXEL];
    let stride = |plane| u32::try_from(picture.stride(plane)).unwrap_or(u32::MAX);
    let [y_plane, u_plane, v_plane] = [0, 1, 2].map(|plane| rows(picture, plane, top, band.height));
    let planes = YuvPlanarImage {
        y_plane,
        y_stride: stride(0),
        u_plane,
        u_stride: stride(1),
        v_plane,
        v_stride: stride(2),
        width,
        height: band.height,
    };
    let (pixel, range, matrix) = (u32::try_from(PIXEL).unwrap_or(3), YuvRange::Limited, YuvStandardMatrix::Bt709);
    yuv420_to_rgb(&planes, &mut pixels, width * pixel, range, matrix)
        .map_err(|source| SnapshotError::Convert(band, source))?;
    Ok(Image::new(band, pixels).crop(Rect { y: rect.y - top, ..rect }))
}

/// The rows of `plane` that belong to `height` rows of luma from the even row `top` on.
fn rows(picture: &Picture, plane: usize, top: u32, height: u32) -> &[u8] {
    let count = |rows: u32| PixelFormat::I420.rows(plane, rows) * picture.stride(plane);
    let samples = picture.as_ref().planes()[plane].data;
    &samples[count(top)..][..count(height)]
}
