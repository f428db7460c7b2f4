//! Pictures of odd size or below a macroblock, padded by repeating their last column and row.

use lunette_frame::{Picture, PictureError, PictureRef, PixelFormat, PlaneRef, Size};

/// Least pixels on a side that the libraries code.
const MIN_SIDE: u32 = 16;

/// The size in which a picture is coded: even sides of a macroblock at least.
///
/// The padding stays visible: cropping goes in steps of two pixels, so it could not hide that of an odd side, and no
/// desktop is smaller than a macroblock.
pub(crate) fn coded_size(size: Size) -> Size {
    let side = |pixels: u32| pixels.next_multiple_of(2).max(MIN_SIDE);
    Size::new(side(size.width), side(size.height))
}

/// Room for the copy of pictures that need padding; others pass through untouched.
#[derive(Debug, Default)]
pub(crate) struct PaddedCopy {
    copy: Option<Picture>,
}

impl PaddedCopy {
    /// The planes of `picture` in its [`coded_size`].
    ///
    /// # Errors
    /// When the size is beyond what a picture may have.
    pub(crate) fn planes<'a>(&'a mut self, picture: &PictureRef<'a>) -> Result<[PlaneRef<'a>; 3], PictureError> {
        let size = coded_size(picture.size());
        if size == picture.size() {
            return Ok(three(picture));
        }
        let copy = match self.copy.take() {
            Some(copy) if copy.size() == size => copy,
            _ => Picture::new(PixelFormat::I420, size)?,
        };
        let copy = self.copy.insert(copy);
        for (index, ((target, stride), source)) in copy.planes_mut().into_iter().zip(picture.planes()).enumerate() {
            let row_bytes = PixelFormat::I420.row_bytes(index, picture.size().width);
            let wide = PixelFormat::I420.row_bytes(index, size.width);
            let rows = PixelFormat::I420.rows(index, picture.size().height);
            for (y, row) in target.chunks_mut(stride).enumerate() {
                let known = source.row(y.min(rows - 1), 0, row_bytes);
                row[..row_bytes].copy_from_slice(known);
                row[row_bytes..wide].fill(known[row_bytes - 1]);
            }
        }
        Ok(three(&copy.as_ref()))
    }
}

fn three<'a>(picture: &PictureRef<'a>) -> [PlaneRef<'a>; 3] {
    let mut planes = [PlaneRef { data: &[], stride: 0 }; 3];
    planes.iter_mut().zip(picture.planes()).for_each(|(slot, plane)| *slot = *plane);
    planes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_column_and_row_are_repeated() {
        let mut odd = Picture::new(PixelFormat::I420, Size::new(17, 19)).expect("valid");
        let stride = odd.stride(0);
        for (y, row) in odd.plane_mut(0).chunks_mut(stride).enumerate() {
            row[..17].fill(u8::try_from(y).expect("small"));
            row[16] = 200;
        }
        let mut copy = PaddedCopy::default();
        let planes = copy.planes(&odd.as_ref()).expect("valid");
        for (y, first) in (0..20).zip((0..19).chain([18])) {
            let row = planes[0].row(y, 0, 18);
            assert_eq!((row[0], &row[16..]), (first, &[200, 200][..]), "row {y}");
        }
    }

    #[test]
    fn what_is_below_a_macroblock_is_filled_up_to_one() {
        let mut dot = Picture::new(PixelFormat::I420, Size::new(1, 1)).expect("valid");
        for (value, (plane, _)) in [50, 100, 150].into_iter().zip(dot.planes_mut()) {
            plane[0] = value;
        }
        let mut copy = PaddedCopy::default();
        let planes = copy.planes(&dot.as_ref()).expect("valid");
        for (plane, (value, side)) in planes.into_iter().zip([(50, 16), (100, 8), (150, 8)]) {
            assert!((0..side).all(|y| plane.row(y, 0, side).iter().all(|sample| *sample == value)), "{value}");
        }
    }

    #[test]
    fn an_even_picture_is_not_copied() {
        let picture = Picture::new(PixelFormat::I420, Size::new(18, 16)).expect("valid");
        let mut copy = PaddedCopy::default();
        let planes = copy.planes(&picture.as_ref()).expect("valid");
        assert_eq!(planes[0].data.as_ptr(), picture.as_ref().planes()[0].data.as_ptr());
        assert!(copy.copy.is_none());
    }
}
