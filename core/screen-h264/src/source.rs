//! The picture to encode, macroblock by macroblock; its last column and row are repeated where it ends inside of one.

use lunette_frame::{PictureRef, PlaneRef};

use crate::block::Block;
use crate::picture::{Band, Picture};
use crate::plan::Same;
use crate::vector::Vector;

/// A borrowed picture in I420.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    planes: [PlaneRef<'a>; 3],
    width: usize,
    height: usize,
}

impl<'a> Source<'a> {
    /// `picture` has three planes.
    pub(crate) fn new(picture: &PictureRef<'a>) -> Self {
        let planes = picture.planes();
        let size = picture.size();
        Self { planes: [planes[0], planes[1], planes[2]], width: size.width as usize, height: size.height as usize }
    }

    /// Columns of macroblocks that lie wholly inside.
    fn whole_columns(&self) -> usize {
        self.width / 16
    }

    fn is_whole(&self, x: usize, y: usize) -> bool {
        x < self.whole_columns() && y < self.height / 16
    }

    /// The macroblock at column `x` and row `y`.
    #[inline]
    pub(crate) fn load(&self, x: usize, y: usize, block: &mut Block) {
        if !self.is_whole(x, y) {
            return self.load_edge(x, y, block);
        }
        let [luma, cb, cr] = self.planes;
        for (row, out) in block.luma_mut().as_chunks_mut::<16>().0.iter_mut().enumerate() {
            out.copy_from_slice(luma.row(y * 16 + row, x * 16, 16));
        }
        for (row, out) in block.chroma_mut().as_chunks_mut::<16>().0.iter_mut().enumerate() {
            out[..8].copy_from_slice(cb.row(y * 8 + row, x * 8, 8));
            out[8..].copy_from_slice(cr.row(y * 8 + row, x * 8, 8));
        }
    }

    fn load_edge(&self, x: usize, y: usize, block: &mut Block) {
        let (width, height) = (self.width, self.height);
        let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
        let at = |plane: usize, x: usize, y: usize| self.planes[plane].row(y, x, 1)[0];
        for (index, out) in block.luma_mut().iter_mut().enumerate() {
            *out = at(0, (x * 16 + index % 16).min(width - 1), (y * 16 + index / 16).min(height - 1));
        }
        for (index, out) in block.chroma_mut().iter_mut().enumerate() {
            let (column, row) = (x * 8 + index % 8, y * 8 + index / 16);
            *out = at(1 + index / 8 % 2, column.min(half_width - 1), row.min(half_height - 1));
        }
    }

    pub(crate) fn width(&self) -> u32 {
        u32::try_from(self.width).unwrap_or(u32::MAX)
    }

    pub(crate) fn height(&self) -> u32 {
        u32::try_from(self.height).unwrap_or(u32::MAX)
    }

    /// Whether a macroblock is what was shown at its place.
    pub(crate) fn is_shown(&self, x: usize, y: usize, shown: &Picture) -> bool {
        if self.is_whole(x, y) {
            return self.luma_is(x, y, shown.luma_at(x, y, Vector::ZERO), shown.layout.stride())
                && self.chroma_is(x, y, shown, Vector::ZERO);
        }
        let (mut now, mut before) = (Block::new(), Block::new());
        self.load_edge(x, y, &mut now);
        shown.fetch(x, y, Vector::ZERO, &mut before);
        now == before
    }

    /// Whether luma of a whole macroblock is that of a plane. Rows are single numbers: most differ in one of the first.
    fn luma_is(&self, x: usize, y: usize, plane: &[u8], stride: usize) -> bool {
        let row = |samples: &[u8]| samples.first_chunk().map(|row: &[u8; 16]| u128::from_ne_bytes(*row));
        let rows = plane.chunks(stride).take(16).zip(y * 16..);
        rows.map(|(was, y)| (row(was), row(self.planes[0].row(y, x * 16, 16)))).all(|(was, now)| was == now)
    }

    /// Whether chroma of a whole macroblock is what was shown an even vector away.
    fn chroma_is(&self, x: usize, y: usize, shown: &Picture, vector: Vector) -> bool {
        let row = |samples: &[u8]| samples.first_chunk().map(|row: &[u8; 8]| u64::from_ne_bytes(*row));
        let half = shown.layout.stride() / 2;
        let mut rows = shown.chroma_at(x, y, vector).chunks(2 * half).take(8).zip(y * 8..);
        rows.all(|(was, y)| {
            let now = |plane: usize| row(self.planes[plane].row(y, x * 8, 8));
            row(was) == now(1) && row(&was[half..]) == now(2)
        })
    }

    /// Whether the visible samples of a macroblock are those that were shown `vector` away; `None` if luma is not.
    ///
    /// Only what was visible counts there, too: nobody knows how the invisible rest was decoded.
    pub(crate) fn compare_moved(&self, x: usize, y: usize, vector: Vector, shown: &Picture) -> Option<Same> {
        let (columns, rows) = (16.min(self.width - x * 16), 16.min(self.height - y * 16));
        let (left, top) =
            ((x * 16).checked_add_signed(vector.x.into())?, (y * 16).checked_add_signed(vector.y.into())?);
        if left + columns > self.width || top + rows > self.height {
            return None;
        }
        let same = |chroma: bool| Some(if chroma { Same::All } else { Same::Luma });
        if self.is_whole(x, y) {
            let luma = self.luma_is(x, y, shown.luma_at(x, y, vector), shown.layout.stride());
            return if luma { same(!vector.is_odd() && self.chroma_is(x, y, shown, vector)) } else { None };
        }
        let stride = shown.layout.stride();
        let luma = (0..rows).all(|row| {
            let was = &shown.luma[(top + row) * stride + left..][..columns];
            self.planes[0].row(y * 16 + row, x * 16, columns) == was
        });
        if !luma {
            return None;
        }
        let (columns, rows) = (columns.div_ceil(2), rows.div_ceil(2));
        let chroma = !vector.is_odd()
            && (0..rows).all(|row| {
                let at = (top / 2 + row) * stride + left / 2;
                let now = |plane: usize| self.planes[plane].row(y * 8 + row, x * 8, columns);
                now(1) == &shown.chroma[at..][..columns] && now(2) == &shown.chroma[at + stride / 2..][..columns]
            });
        same(chroma)
    }

    /// Copies the macroblocks from column `start` on and before `end` of row `y` into row `to_y` of a band.
    pub(crate) fn copy_run(&self, (start, end): (usize, usize), y: usize, to: &mut Band<'_>, to_y: usize) {
        let whole = if y < self.height / 16 { end.min(self.whole_columns()) } else { start };
        if start < whole {
            let (width, stride) = ((whole - start) * 16, to.stride);
            let (luma, [cb, cr]) = to.start(start, to_y);
            for row in 0..16 {
                let samples = self.planes[0].row(y * 16 + row, start * 16, width);
                to.luma[luma + row * stride..][..width].copy_from_slice(samples);
            }
            for (at, plane) in [(cb, self.planes[1]), (cr, self.planes[2])] {
                for row in 0..8 {
                    let samples = plane.row(y * 8 + row, start * 8, width / 2);
                    to.chroma[at + row * stride..][..width / 2].copy_from_slice(samples);
                }
            }
        }
        let mut block = Block::new();
        for x in whole.max(start)..end {
            self.load_edge(x, y, &mut block);
            to.store(x, to_y, &block);
        }
    }
}

#[cfg(test)]
mod tests {
    use lunette_frame::{PixelFormat, Size};

    use super::*;
    use crate::picture::Layout;

    #[test]
    fn the_last_column_and_row_are_repeated() {
        let mut picture = lunette_frame::Picture::new(PixelFormat::I420, Size::new(35, 19)).unwrap();
        for (plane, _) in picture.planes_mut() {
            plane.iter_mut().zip((0..=255).cycle()).for_each(|(sample, n)| *sample = n);
        }
        let borrowed = picture.as_ref();
        let source = Source::new(&borrowed);
        let (mut block, mut copied) = (Block::new(), Block::new());
        source.load(2, 1, &mut block);
        let last = borrowed.planes()[0].row(18, 34, 1)[0];
        assert_eq!((block.luma()[15], block.luma()[255]), (borrowed.planes()[0].row(16, 34, 1)[0], last));
        assert_eq!(block.chroma()[127], borrowed.planes()[2].row(9, 17, 1)[0]);
        let mut whole = Picture::new(Layout { columns: 3, rows: 2 });
        for (x, y) in [(0, 0), (1, 0), (2, 0), (1, 1), (2, 1)] {
            source.copy_run((0, 3), y, &mut whole.band(), y);
            source.load(x, y, &mut block);
            whole.band().load(x, y, &mut copied);
            assert_eq!(copied, block, "{x} {y}");
        }
    }
}
