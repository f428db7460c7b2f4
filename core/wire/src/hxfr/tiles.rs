//! The tiles of a FRAME_REQUEST: the parts of a picture that changed.
//!
//! ```text
//!   count │ x y width height │ … │ pixels of the first tile │ pixels of the second │ …
//! ```
//! A tile's pixels are its rows without gaps; in NV12 those of luma, then those of chroma.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use lunette_frame::{PictureError, PictureRef, PixelFormat, PlaneRef, Rect, Size};

use super::{PixelsError, Refusal};

/// Most tiles in one request.
pub const MAX_TILES: usize = 256;

const COUNT: usize = 4;
const RECT: usize = 8;

/// Bytes of the list.
pub(super) const fn wire_len(tiles: &[Rect]) -> usize {
    COUNT + RECT * tiles.len()
}

/// Appends the list. Coordinates of pictures fit 16 bits; others are cut, and refused by the reader.
pub(super) fn encode(tiles: &[Rect], out: &mut BytesMut) {
    out.put_u32_le(u32::try_from(tiles.len()).unwrap_or(u32::MAX));
    for Rect { x, y, width, height } in tiles {
        for number in [x, y, width, height] {
            out.put_u16_le(u16::try_from(*number).unwrap_or(u16::MAX));
        }
    }
}

/// Takes the list off the front; at least the count is there.
pub(super) fn decode(payload: &mut Bytes) -> Result<Vec<Rect>, Refusal> {
    let (count, left) = (payload.get_u32_le(), payload.len());
    let len = usize::try_from(count).unwrap_or(usize::MAX);
    if len > MAX_TILES || len * RECT > left {
        return Err(Refusal::Tiles { count, left });
    }
    let mut number = || u32::from(payload.get_u16_le());
    Ok((0..len).map(|_| Rect::new(number(), number(), number(), number())).collect())
}

/// Appends what `picture` has in `tile`, which lies in it as [`FrameRequest::tiles`](super::FrameRequest::tiles) must.
///
/// # Panics
/// When it does not.
pub fn put_tile(picture: &PictureRef<'_>, tile: Rect, out: &mut BytesMut) {
    picture.rows(tile).for_each(|row| out.put_slice(row));
}

/// Takes one tile's pixels off the front of `rest`.
pub(super) fn cut<'a>(
    format: PixelFormat,
    size: Size,
    tile: Rect,
    rest: &mut &'a [u8],
) -> Result<PictureRef<'a>, PixelsError> {
    if !size.bounds().contains(tile) || tile.is_empty() || !is_even(tile, size) {
        return Err(PixelsError::Tile { size, tile });
    }
    let mut planes = [PlaneRef { data: &[], stride: 0 }; 3];
    let planes = &mut planes[..format.plane_count()];
    for (index, plane) in planes.iter_mut().enumerate() {
        let stride = format.row_bytes(index, tile.width);
        let needed = stride * format.rows(index, tile.height);
        let short = PictureError::Short { plane: index, given: rest.len(), needed };
        let (data, after) = rest.split_at_checked(needed).ok_or(PixelsError::Layout(short))?;
        (*plane, *rest) = (PlaneRef { data, stride }, after);
    }
    Ok(PictureRef::new(format, Size::new(tile.width, tile.height), planes)?)
}

/// Whether no sample of colour belongs to a tile in part: that is asked of every format, so that it need not be known.
fn is_even(tile: Rect, size: Size) -> bool {
    let ends = |end: u32, edge| end.is_multiple_of(2) || end == edge;
    tile.x.is_multiple_of(2)
        && tile.y.is_multiple_of(2)
        && ends(tile.right(), size.width)
        && ends(tile.bottom(), size.height)
}

#[cfg(test)]
mod tests {
    use super::super::{Fourcc, FrameRequest};
    use super::*;

    const SIZE: Size = Size::new(7, 5);

    fn request(tiles: Vec<Rect>, pixels: usize) -> FrameRequest {
        FrameRequest {
            resource: None,
            size: SIZE,
            format: Fourcc::Nv12,
            stride: 0,
            pts: None,
            duration: None,
            force_keyframe: false,
            offers_tiles: true,
            pixels: Some(vec![0; pixels].into()),
            tiles: Some(tiles),
        }
    }

    #[test]
    fn what_was_put_is_cut() {
        let samples: Vec<u8> = (0..64).collect();
        let planes = [PlaneRef { data: &samples[..40], stride: 8 }, PlaneRef { data: &samples[40..], stride: 8 }];
        let picture = PictureRef::new(PixelFormat::Nv12, SIZE, &planes).expect("fits");
        let tile = Rect::new(4, 2, 3, 3);
        let mut out = BytesMut::new();
        put_tile(&picture, tile, &mut out);
        let mut rest = &out[..];
        let cut = cut(PixelFormat::Nv12, SIZE, tile, &mut rest).expect("a tile");
        assert_eq!((rest.len(), cut.size()), (0, Size::new(3, 3)));
        assert_eq!(cut.planes()[0].row(1, 0, 3), [28, 29, 30]);
        assert_eq!(cut.planes()[1].row(0, 0, 4), [52, 53, 54, 55]);
    }

    #[test]
    fn a_tile_that_cannot_be_is_refused() {
        let one = |tile| request(vec![tile], 1000).each_tile(|_, _| {});
        for tile in [
            Rect::new(1, 0, 2, 2),
            Rect::new(0, 1, 2, 2),
            Rect::new(0, 0, 3, 2),
            Rect::new(0, 0, 2, 3),
            Rect::new(0, 0, 0, 2),
            Rect::new(6, 0, 2, 2),
            Rect::new(0, 4, 2, 2),
            Rect::new(65_535, 65_535, 65_535, 65_535),
        ] {
            assert_eq!(one(tile), Err(PixelsError::Tile { size: SIZE, tile }));
        }
        assert_eq!(one(SIZE.bounds()), Ok(()));
    }

    #[test]
    fn tiles_without_their_pixels_are_refused() {
        let two = vec![Rect::new(0, 0, 2, 2), Rect::new(2, 2, 2, 2)];
        assert_eq!(request(two.clone(), 12).each_tile(|_, _| {}), Ok(()));
        let mut taken = 0;
        let short = request(two, 11).each_tile(|_, _| taken += 1);
        assert_eq!(short, Err(PixelsError::Layout(PictureError::Short { plane: 1, given: 1, needed: 2 })));
        assert_eq!(taken, 1);
    }

    #[test]
    fn a_list_longer_than_its_message_is_refused() {
        for (count, bytes) in [(1, 7), (257, 10_000), (u32::MAX, 8)] {
            let mut payload = BytesMut::new();
            payload.put_u32_le(count);
            payload.put_bytes(0, bytes);
            assert_eq!(decode(&mut payload.freeze()), Err(Refusal::Tiles { count, left: bytes }));
        }
    }
}
