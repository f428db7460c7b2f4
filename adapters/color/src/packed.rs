//! Four-byte pixels to 4:2:0, one rectangle at a time.

use lunette_frame::{Picture, PictureRef, PixelFormat, PlaneRef, Rect, Size};

use crate::ColorError;
use crate::kernel::{self, Pixels, Planes, Samples};

/// Columns that [`Strip`] holds.
const STRIP: u32 = 256;
const LEN: usize = STRIP as usize;

/// Converts `rect`, whose coordinates are even except at an odd picture's edge.
///
/// The kernel needs a whole stride of memory after every row start, which the rows of the picture's last chroma row
/// may lack; those take the way over [`Strip`].
pub(crate) fn convert(source: &PictureRef<'_>, rect: Rect, target: &mut Picture) -> Result<(), ColorError> {
    let last = (source.size().height - 1) / 2 * 2;
    if rect.y < last {
        let height = rect.bottom().min(last) - rect.y;
        direct(source, Rect { height, ..rect }, target)?;
    }
    if rect.bottom() > last {
        for x in (rect.x..rect.right()).step_by(LEN) {
            let (width, height) = (STRIP.min(rect.right() - x), rect.bottom() - last);
            Strip::new(source, Rect::new(x, last, width, height)).convert(target)?;
        }
    }
    Ok(())
}

fn direct(source: &PictureRef<'_>, rect: Rect, target: &mut Picture) -> Result<(), ColorError> {
    let format = source.format();
    let PlaneRef { data, stride } = source.planes()[0];
    let start = rect.y as usize * stride + format.row_bytes(0, rect.x);
    let pixels = Pixels { format, size: Size::new(rect.width, rect.height), data: &data[start..], stride };
    let planes = match target.format() {
        PixelFormat::Nv12 => nv12(target, rect),
        _ => i420(target, rect),
    };
    kernel::run(&pixels, planes)
}

fn i420(target: &mut Picture, rect: Rect) -> Planes<'_> {
    let [luma, cb, cr] = target.planes_mut();
    let (x, y) = (rect.x as usize, rect.y as usize);
    Planes::I420 { luma: samples(luma, x, y), cb: samples(cb, x / 2, y / 2), cr: samples(cr, x / 2, y / 2) }
}

fn nv12(target: &mut Picture, rect: Rect) -> Planes<'_> {
    let [luma, chroma, _] = target.planes_mut();
    let (x, y) = (rect.x as usize, rect.y as usize);
    Planes::Nv12 { luma: samples(luma, x, y), chroma: samples(chroma, x, y / 2) }
}

fn samples((data, stride): (&mut [u8], usize), x: usize, y: usize) -> Samples<'_> {
    Samples { data: &mut data[y * stride + x..], stride }
}

/// One or two rows of pixels in memory of our own.
struct Strip {
    format: PixelFormat,
    rect: Rect,
    pixels: [u8; LEN * 4 * 2],
    luma: [u8; LEN * 2],
    chroma: [[u8; LEN]; 2],
}

impl Strip {
    fn new(source: &PictureRef<'_>, rect: Rect) -> Self {
        let format = source.format();
        let mut pixels = [0; LEN * 4 * 2];
        let (offset, len) = (format.row_bytes(0, rect.x), format.row_bytes(0, rect.width));
        for (row, copy) in pixels.chunks_exact_mut(LEN * 4).enumerate() {
            // A single row stands for both, which makes its chroma the mean of what exists.
            let y = (rect.y as usize + row).min(rect.bottom() as usize - 1);
            copy[..len].copy_from_slice(source.planes()[0].row(y, offset, len));
        }
        Self { format, rect, pixels, luma: [0; LEN * 2], chroma: [[0; LEN]; 2] }
    }

    fn convert(mut self, target: &mut Picture) -> Result<(), ColorError> {
        let format = target.format();
        let size = Size::new(self.rect.width, 2);
        let pixels = Pixels { format: self.format, size, data: &self.pixels, stride: LEN * 4 };
        let luma = Samples { data: &mut self.luma, stride: LEN };
        let [first, second] = self.chroma.each_mut().map(|data| Samples { data, stride: LEN });
        kernel::run(
            &pixels,
            match format {
                PixelFormat::Nv12 => Planes::Nv12 { luma, chroma: first },
                _ => Planes::I420 { luma, cb: first, cr: second },
            },
        )?;
        self.store(target);
        Ok(())
    }

    fn store(&self, target: &mut Picture) {
        let y = self.rect.y as usize;
        for (row, luma) in self.luma.chunks_exact(LEN).take(self.rect.height as usize).enumerate() {
            self.store_row(target, 0, y + row, luma);
        }
        for (plane, chroma) in (1..target.format().plane_count()).zip(&self.chroma) {
            self.store_row(target, plane, y / 2, chroma);
        }
    }

    fn store_row(&self, target: &mut Picture, plane: usize, y: usize, row: &[u8]) {
        let format = target.format();
        let len = format.row_bytes(plane, self.rect.width);
        let start = y * target.stride(plane) + format.row_bytes(plane, self.rect.x);
        target.plane_mut(plane)[start..start + len].copy_from_slice(&row[..len]);
    }
}
