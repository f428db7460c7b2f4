//! The picture to encode, macroblock by macroblock; its last column and row are repeated where it ends inside of one.

use lunette_frame::{PictureRef, PlaneRef};

use crate::block::Block;
use crate::picture::{Band, copy_rows};

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
        if self.is_whole(x, y) {
            for (row, out) in block.luma_mut().as_chunks_mut::<16>().0.iter_mut().enumerate() {
                out.copy_from_slice(self.planes[0].row(y * 16 + row, x * 16, 16));
            }
        } else {
            let rows = block.luma_mut().as_chunks_mut::<16>().0.iter_mut().map(|row| &mut row[..]);
            self.load_part(0, x * 16, y * 16, rows);
        }
        self.load_chroma(x, y, block);
    }

    /// Its chroma alone.
    #[inline]
    pub(crate) fn load_chroma(&self, x: usize, y: usize, block: &mut Block) {
        let rows = block.chroma_mut().as_chunks_mut::<16>().0;
        if self.is_whole(x, y) {
            let [_, cb, cr] = self.planes;
            for (row, out) in rows.iter_mut().enumerate() {
                out[..8].copy_from_slice(cb.row(y * 8 + row, x * 8, 8));
                out[8..].copy_from_slice(cr.row(y * 8 + row, x * 8, 8));
            }
            return;
        }
        for plane in [1, 2] {
            let part = rows.iter_mut().map(|row| &mut row.as_chunks_mut::<8>().0[plane - 1][..]);
            self.load_part(plane, x * 8, y * 8, part);
        }
    }

    /// Fills rows from (`left`, `top`) of a plane on, repeating its last column and row.
    fn load_part<'b>(&self, plane: usize, left: usize, top: usize, rows: impl Iterator<Item = &'b mut [u8]>) {
        let (width, height) = if plane == 0 { self.luma_sides() } else { self.chroma_sides() };
        for (row, out) in rows.enumerate() {
            let count = out.len().min(width - left);
            let samples = self.planes[plane].row((top + row).min(height - 1), left, count);
            out[..count].copy_from_slice(samples);
            out[count..].fill(samples[count - 1]);
        }
    }

    /// Samples across and down in luma.
    pub(crate) fn luma_sides(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// The same of a plane of chroma.
    pub(crate) fn chroma_sides(&self) -> (usize, usize) {
        (self.width.div_ceil(2), self.height.div_ceil(2))
    }

    pub(crate) fn plane(&self, plane: usize) -> PlaneRef<'a> {
        self.planes[plane]
    }

    /// Copies the macroblocks from column `start` on and before `end` of row `y` into row `to_y` of a band.
    pub(crate) fn copy_run(&self, (start, end): (usize, usize), y: usize, to: &mut Band<'_>, to_y: usize) {
        let stride = to.stride;
        let (luma, chroma) = to.start(start, to_y);
        let [now, ..] = self.planes;
        if (end - start) * 16 == stride && now.stride == stride && y < self.height / 16 {
            copy_rows(&mut to.luma[luma..], &now.data[y * 16 * stride..], stride, stride, 16);
        } else {
            let rows = to.luma[luma..].chunks_mut(stride).take(16).map(|row| &mut row[..(end - start) * 16]);
            self.load_part(0, start * 16, y * 16, rows);
        }
        for (plane, at) in [1, 2].into_iter().zip(chroma) {
            let rows = to.chroma[at..].chunks_mut(stride).take(8).map(|row| &mut row[..(end - start) * 8]);
            self.load_part(plane, start * 8, y * 8, rows);
        }
    }
}

#[cfg(test)]
mod tests {
    use lunette_frame::{PixelFormat, Size};

    use super::*;
    use crate::picture::{Layout, Picture};

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
