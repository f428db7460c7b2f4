//! CURSORS and CURSOR: the pointer that a machine draws beside the picture.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::{Header, MessageKind, Refusal, SessionId};

/// The shape of a pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorShape {
    width: u16,
    height: u16,
    hot_x: i32,
    hot_y: i32,
    pixels: Bytes,
}

impl CursorShape {
    /// Most pixels on a side.
    pub const MAX_SIDE: u16 = 256;

    /// A shape of `width` by `height` pixels; four bytes each: red, green, blue, alpha, the colours multiplied by alpha.
    ///
    /// `None` unless each side has 1 to [`CursorShape::MAX_SIDE`] pixels and `pixels` are as many as that.
    #[must_use]
    pub fn new(width: u16, height: u16, (hot_x, hot_y): (i32, i32), pixels: Bytes) -> Option<Self> {
        let possible = |side| (1..=Self::MAX_SIDE).contains(&side);
        let fits = possible(width) && possible(height) && pixels.len() == Self::bytes(width, height);
        fits.then_some(Self { width, height, hot_x, hot_y, pixels })
    }

    /// Pixels in a row.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Rows.
    #[must_use]
    pub const fn height(&self) -> u16 {
        self.height
    }

    /// The pixel that points, from the left upper corner of the shape; may lie outside.
    #[must_use]
    pub const fn hot_spot(&self) -> (i32, i32) {
        (self.hot_x, self.hot_y)
    }

    /// Red, green, blue and alpha of each pixel, the colours multiplied by alpha.
    #[must_use]
    pub const fn pixels(&self) -> &Bytes {
        &self.pixels
    }

    const fn bytes(width: u16, height: u16) -> usize {
        width as usize * height as usize * 4
    }
}

/// Where the pointer is now, and what it looks like if that is news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorUpdate {
    /// Whether it is shown.
    pub visible: bool,
    /// Where it points, from the left edge of the picture.
    pub x: i32,
    /// Where it points, from the upper edge of the picture.
    pub y: i32,
    /// Its shape; `None` means that it looks as before.
    pub shape: Option<CursorShape>,
}

impl CursorUpdate {
    /// Payload bytes before the pixels.
    pub(super) const FIELDS: u32 = 24;
    /// Most payload bytes.
    pub(super) const MAX_PAYLOAD: u32 = Self::FIELDS + 4 * 256 * 256;

    /// Appends the whole message.
    pub fn encode(&self, session: SessionId, out: &mut BytesMut) {
        let shape = self.shape.as_ref();
        let pixels = shape.map_or(&[][..], |shape| &shape.pixels);
        // A shape has at most 256 KiB.
        let size = Self::FIELDS + u32::try_from(pixels.len()).unwrap_or_default();
        out.put_slice(&Header::of(MessageKind::Cursor, session, size).encode());
        out.put_slice(&[u8::from(self.visible), 0, 0, 0]);
        let (hot_x, hot_y) = shape.map_or((0, 0), CursorShape::hot_spot);
        for number in [self.x, self.y, hot_x, hot_y] {
            out.put_i32_le(number);
        }
        let (width, height) = shape.map_or((0, 0), |shape| (shape.width, shape.height));
        out.put_u16_le(width);
        out.put_u16_le(height);
        out.put_slice(pixels);
    }

    /// Reads a payload of at least [`CursorUpdate::FIELDS`] bytes.
    pub(super) fn decode(mut payload: Bytes) -> Result<Self, Refusal> {
        let visible = payload.get_u8() != 0;
        payload.advance(3);
        let [x, y, hot_x, hot_y] = std::array::from_fn(|_| payload.get_i32_le());
        let (width, height) = (payload.get_u16_le(), payload.get_u16_le());
        let left = payload.len();
        let shape = match (width, height, left) {
            (0, 0, 0) => None,
            _ => Some(CursorShape::new(width, height, (hot_x, hot_y), payload).ok_or(Refusal::Cursor {
                width,
                height,
                left,
            })?),
        };
        Ok(Self { visible, x, y, shape })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(width: u16, height: u16, pixels: usize) -> Bytes {
        let mut payload = BytesMut::zeroed(20);
        payload.put_u16_le(width);
        payload.put_u16_le(height);
        payload.put_bytes(7, pixels);
        payload.freeze()
    }

    #[test]
    fn pixels_are_as_many_as_the_sides_say() {
        for (width, height, pixels) in [(1, 1, 0), (1, 1, 5), (0, 0, 4), (0, 1, 0), (1, 0, 0), (257, 1, 257 * 4)] {
            let refusal = Refusal::Cursor { width, height, left: pixels };
            assert_eq!(CursorUpdate::decode(wire(width, height, pixels)), Err(refusal));
        }
        let largest = CursorUpdate::decode(wire(256, 256, 256 * 256 * 4)).map(|update| update.shape.is_some());
        assert_eq!(largest, Ok(true));
    }

    #[test]
    fn the_largest_shape_is_the_largest_payload() {
        let side = CursorShape::MAX_SIDE;
        let pixels = Bytes::from(vec![0; CursorShape::bytes(side, side)]);
        let shape = CursorShape::new(side, side, (0, 0), pixels);
        let mut out = BytesMut::new();
        CursorUpdate { visible: true, x: 0, y: 0, shape }.encode(SessionId::NONE, &mut out);
        assert_eq!(out.len(), Header::LEN + CursorUpdate::MAX_PAYLOAD as usize);
    }
}
