//! What a FRAME_REQUEST says of the parts of a picture that changed: tiles bring new pixels, moves say where old ones went.
//!
//! ```text
//!   tiles │ moves │ x y width height │ … │ x y width height from-x from-y │ … │ pixels of the first tile │ …
//! ```
//! A tile's pixels are its rows without gaps; in NV12 those of luma, then those of chroma.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use lunette_frame::{PictureError, PictureRef, PixelFormat, PlaneRef, Rect, Size};

use super::{PixelsError, Refusal};

/// Most tiles in one request.
pub const MAX_TILES: usize = 256;
/// Most moves in one request.
pub const MAX_MOVES: usize = 256;

const COUNTS: usize = 4;
const RECT: usize = 8;
const MOVED: usize = RECT + 4;

/// How a picture differs from the one before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// What moved: first, and all at once.
    pub moves: Vec<Moved>,
    /// What is new, over what moved.
    pub tiles: Vec<Rect>,
}

/// A part of a picture that was elsewhere in the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// Where it is.
    pub rect: Rect,
    /// The left edge of where it was.
    pub from_x: u32,
    /// The upper edge of where it was.
    pub from_y: u32,
}

impl Moved {
    /// Where it was.
    #[must_use]
    pub const fn source(&self) -> Rect {
        Rect { x: self.from_x, y: self.from_y, ..self.rect }
    }

    /// Whether a picture of this size can have it.
    fn is_in(&self, size: Size) -> bool {
        let bounds = size.bounds();
        bounds.contains(self.rect)
            && bounds.contains(self.source())
            && !self.rect.is_empty()
            && is_even(self.rect, size)
    }
}

impl Changes {
    /// Bytes of the lists.
    pub(super) const fn wire_len(&self) -> usize {
        COUNTS + RECT * self.tiles.len() + MOVED * self.moves.len()
    }

    /// Appends the lists. Coordinates of pictures fit 16 bits; others are cut, and refused by the reader.
    pub(super) fn encode(&self, out: &mut BytesMut) {
        for len in [self.tiles.len(), self.moves.len()] {
            out.put_u16_le(u16::try_from(len).unwrap_or(u16::MAX));
        }
        let mut put = |numbers: &[u32]| {
            numbers.iter().for_each(|number| out.put_u16_le(u16::try_from(*number).unwrap_or(u16::MAX)));
        };
        for Rect { x, y, width, height } in &self.tiles {
            put(&[*x, *y, *width, *height]);
        }
        for Moved { rect: Rect { x, y, width, height }, from_x, from_y } in &self.moves {
            put(&[*x, *y, *width, *height, *from_x, *from_y]);
        }
    }

    /// Takes the lists off the front; at least their lengths are there.
    pub(super) fn decode(payload: &mut Bytes) -> Result<Self, Refusal> {
        let (tiles, moves) = (usize::from(payload.get_u16_le()), usize::from(payload.get_u16_le()));
        let left = payload.len();
        if tiles > MAX_TILES || moves > MAX_MOVES || tiles * RECT + moves * MOVED > left {
            return Err(Refusal::Changes { tiles, moves, left });
        }
        let mut number = || u32::from(payload.get_u16_le());
        let tiles = (0..tiles).map(|_| Rect::new(number(), number(), number(), number())).collect();
        let moved = |_| {
            let rect = Rect::new(number(), number(), number(), number());
            Moved { rect, from_x: number(), from_y: number() }
        };
        Ok(Self { tiles, moves: (0..moves).map(moved).collect() })
    }

    /// The first move that a picture of this size cannot have.
    pub(super) fn impossible(&self, size: Size) -> Option<Moved> {
        self.moves.iter().find(|moved| !moved.is_in(size)).copied()
    }
}

/// Appends what `picture` has in `tile`, which lies in it as [`FrameRequest::changes`](super::FrameRequest::changes) must.
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
            changes: Some(Changes { tiles, moves: Vec::new() }),
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
    fn lists_longer_than_their_message_are_refused() {
        for (tiles, moves, left) in [(1, 0, 7), (257, 0, 10_000), (0, 257, 10_000), (1, 1, 19), (65_535, 65_535, 8)] {
            let mut payload = BytesMut::new();
            payload.put_u16_le(tiles);
            payload.put_u16_le(moves);
            payload.put_bytes(0, left);
            let (tiles, moves) = (tiles.into(), moves.into());
            assert_eq!(Changes::decode(&mut payload.freeze()), Err(Refusal::Changes { tiles, moves, left }));
        }
    }

    #[test]
    fn a_move_stays_inside_of_the_picture_and_goes_to_whole_samples_of_colour() {
        let judge = |rect, from_x, from_y| {
            let moved = Moved { rect, from_x, from_y };
            let changes = Changes { moves: vec![moved], tiles: Vec::new() };
            changes.impossible(SIZE).is_none()
        };
        for (rect, x, y) in [(Rect::new(0, 0, 2, 2), 5, 3), (Rect::new(4, 2, 3, 3), 1, 1), (SIZE.bounds(), 0, 0)] {
            assert!(judge(rect, x, y), "{rect:?} from {x}, {y}");
        }
        for (rect, x, y) in [
            (Rect::new(0, 0, 2, 2), 6, 0),
            (Rect::new(0, 0, 2, 2), 0, 4),
            (Rect::new(0, 0, 2, 2), u32::MAX, u32::MAX),
            (Rect::new(1, 0, 2, 2), 0, 0),
            (Rect::new(0, 0, 2, 1), 0, 0),
            (Rect::new(0, 0, 0, 2), 0, 0),
            (Rect::new(6, 0, 2, 2), 0, 0),
        ] {
            assert!(!judge(rect, x, y), "{rect:?} from {x}, {y}");
        }
    }
}
