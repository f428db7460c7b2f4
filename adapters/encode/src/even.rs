//! Pictures of odd size, made even by repeating their last column and row.

use lunette_frame::{Picture, PictureError, PictureRef, PixelFormat, PlaneRef, Size};

/// The size in which a picture is coded.
pub(crate) fn even(size: Size) -> Size {
    Size::new(size.width.next_multiple_of(2), size.height.next_multiple_of(2))
}

/// Room for the even copy of odd pictures; pictures of even size pass through untouched.
#[derive(Debug, Default)]
pub(crate) struct EvenCopy {
    copy: Option<Picture>,
}

impl EvenCopy {
    /// The planes of `picture` with even width and height.
    ///
    /// # Errors
    /// When the size is beyond what a picture may have.
    pub(crate) fn planes<'a>(&'a mut self, picture: &PictureRef<'a>) -> Result<[PlaneRef<'a>; 3], PictureError> {
        let size = even(picture.size());
        if size == picture.size() {
            return Ok(three(picture));
        }
        let copy = match self.copy.take() {
            Some(copy) if copy.size() == size => copy,
            _ => Picture::new(PixelFormat::I420, size)?,
        };
        let copy = self.copy.insert(copy);
        // Odd pictures round their chroma up, so chroma already has the even picture's size.
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
        let mut odd = Picture::new(PixelFormat::I420, Size::new(3, 3)).expect("valid");
        let stride = odd.stride(0);
        for (y, row) in odd.plane_mut(0).chunks_mut(stride).enumerate() {
            row[..3].copy_from_slice(&[1, 2, u8::try_from(y).expect("small") + 10]);
        }
        let mut copy = EvenCopy::default();
        let planes = copy.planes(&odd.as_ref()).expect("valid");
        let rows = (0..4).map(|y| planes[0].row(y, 0, 4).to_vec()).collect::<Vec<_>>();
        assert_eq!(rows, [[1, 2, 10, 10], [1, 2, 11, 11], [1, 2, 12, 12], [1, 2, 12, 12]]);
    }

    #[test]
    fn an_even_picture_is_not_copied() {
        let picture = Picture::new(PixelFormat::I420, Size::new(4, 2)).expect("valid");
        let mut copy = EvenCopy::default();
        let planes = copy.planes(&picture.as_ref()).expect("valid");
        assert_eq!(planes[0].data.as_ptr(), picture.as_ref().planes()[0].data.as_ptr());
        assert!(copy.copy.is_none());
    }
}
