//! FRAME_REQUEST: encode this picture and send it back.

use std::num::NonZeroU32;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use lunette_frame::{PictureRef, Rect, Size};

use super::{
    Changes, Fourcc, Header, MAX_FRAME_PAYLOAD, MessageKind, Moved, Nanos, PayloadSize, PixelsError, Refusal,
    SessionId, TooLarge, pixels, tiles,
};

/// A virtio-gpu resource handle, not a GEM handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ResourceId(NonZeroU32);

impl ResourceId {
    /// The resource with this handle; 0 is none.
    #[must_use]
    pub fn new(handle: u32) -> Option<Self> {
        NonZeroU32::new(handle).map(Self)
    }

    /// The handle.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

/// A picture to encode, as a resource or as pixels.
///
/// A request with neither is well-formed; a server answers it with ERROR −2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameRequest {
    /// The resource that holds the picture.
    pub resource: Option<ResourceId>,
    /// The picture's size.
    pub size: Size,
    /// How its pixels lie in memory.
    pub format: Fourcc,
    /// Bytes per row of plane 0.
    pub stride: u32,
    /// Presentation time; the reply carries it back.
    pub pts: Option<Nanos>,
    /// How long the picture is shown.
    pub duration: Option<Nanos>,
    /// Whether a decoder must be able to start at the reply.
    pub force_keyframe: bool,
    /// Whether the sender would send tiles; [`FrameResponse::kept`](super::FrameResponse::kept) says that it may.
    pub offers_tiles: bool,
    /// The whole frame buffer, as the sender had it mapped: a slice of the received bytes. With
    /// [`FrameRequest::changes`] only those of the tiles.
    pub pixels: Option<Bytes>,
    /// How the picture differs from the one before it; that means nothing without pixels.
    pub changes: Option<Changes>,
}

impl FrameRequest {
    const FIELDS: usize = 44;
    const RESERVED: usize = 6;
    const OFFERS_TILES: u8 = 1;

    /// The whole picture in [`FrameRequest::pixels`].
    ///
    /// # Errors
    /// When there is none, its format is not known, or the pixels are too few.
    pub fn picture(&self) -> Result<PictureRef<'_>, PixelsError> {
        let bytes = self.pixels.as_ref().filter(|_| self.changes.is_none()).ok_or(PixelsError::None)?;
        pixels::picture(self.format, self.size, self.stride, bytes)
    }

    /// Appends the whole message.
    ///
    /// # Errors
    /// When the pixels do not fit [`MAX_FRAME_PAYLOAD`]; nothing is appended then.
    pub fn encode(&self, session: SessionId, out: &mut BytesMut) -> Result<(), TooLarge> {
        let pixels = self.pixels.as_deref().unwrap_or_default();
        let changes = self.changes.as_ref().filter(|_| self.pixels.is_some());
        let list = changes.map_or(0, Changes::wire_len);
        let header = self.header(session, list.saturating_add(pixels.len()))?;
        out.reserve(Header::LEN + Self::FIELDS + list + pixels.len());
        out.put_slice(&header.encode());
        out.put_u32_le(self.resource.map_or(0, ResourceId::get));
        out.put_u32_le(self.size.width);
        out.put_u32_le(self.size.height);
        out.put_u32_le(self.format.code());
        out.put_u32_le(self.stride);
        out.put_i64_le(Nanos::to_wire(self.pts));
        out.put_i64_le(Nanos::to_wire(self.duration));
        out.put_u8(self.force_keyframe.into());
        out.put_u8(if self.offers_tiles { Self::OFFERS_TILES } else { 0 });
        out.put_bytes(0, Self::RESERVED);
        if let Some(changes) = changes {
            changes.encode(out);
        }
        out.put_slice(pixels);
        Ok(())
    }

    fn header(&self, session: SessionId, pixels: usize) -> Result<Header, TooLarge> {
        let kind = MessageKind::FrameRequest;
        let header = Header::of(kind, session, frame_payload(kind, Self::FIELDS.saturating_add(pixels))?);
        Ok(match (&self.pixels, &self.changes) {
            (Some(_), Some(_)) => header.with_tiles(),
            (Some(_), None) => header.with_pixels(),
            (None, _) => header,
        })
    }

    /// Payload bytes with empty lists of changes.
    pub(super) const TILED: PayloadSize = PayloadSize::AtLeast(48);

    /// Reads a payload of as many bytes as `header` was judged to need.
    pub(super) fn decode(header: &Header, mut payload: Bytes) -> Result<Self, Refusal> {
        let mut fields = payload.split_to(Self::FIELDS);
        let changes = if header.has_tiles() { Some(Changes::decode(&mut payload)?) } else { None };
        Ok(Self {
            resource: ResourceId::new(fields.get_u32_le()),
            size: Size::new(fields.get_u32_le(), fields.get_u32_le()),
            format: Fourcc::from_code(fields.get_u32_le()),
            stride: fields.get_u32_le(),
            pts: Nanos::from_wire(fields.get_i64_le()),
            duration: Nanos::from_wire(fields.get_i64_le()),
            force_keyframe: fields.get_u8() != 0,
            offers_tiles: fields.get_u8() & Self::OFFERS_TILES != 0,
            pixels: header.has_pixels().then_some(payload),
            changes,
        })
    }

    /// Calls `take` with each tile: where it lies, and its pixels as a picture of its own.
    ///
    /// # Errors
    /// When there are no tiles, or one is not what the message describes; earlier ones were taken then.
    pub fn each_tile(&self, mut take: impl FnMut(Rect, &PictureRef<'_>)) -> Result<(), PixelsError> {
        let (Some(changes), Some(bytes)) = (&self.changes, &self.pixels) else { return Err(PixelsError::None) };
        let format = self.format.pixel_format().ok_or(PixelsError::Format(self.format))?;
        let mut rest = &bytes[..];
        for rect in &changes.tiles {
            let picture = tiles::cut(format, self.size, *rect, &mut rest)?;
            take(*rect, &picture);
        }
        Ok(())
    }

    /// What moved; each lies in the picture, and did so before.
    ///
    /// # Errors
    /// When one does not.
    pub fn moves(&self) -> Result<&[Moved], PixelsError> {
        let Some(changes) = &self.changes else { return Ok(&[]) };
        match changes.impossible(self.size) {
            Some(moved) => Err(PixelsError::Move { size: self.size, moved }),
            None => Ok(&changes.moves),
        }
    }
}

/// `size` as the header carries it.
pub(super) fn frame_payload(kind: MessageKind, size: usize) -> Result<u32, TooLarge> {
    let limit = MAX_FRAME_PAYLOAD;
    u32::try_from(size).ok().filter(|size| *size <= limit).ok_or(TooLarge { kind, size, limit })
}

#[cfg(test)]
mod tests {
    use lunette_frame::PixelFormat;

    use super::*;

    fn request(pixels: Option<Bytes>) -> FrameRequest {
        FrameRequest {
            resource: None,
            size: Size::new(2, 2),
            format: Fourcc::Bgra,
            stride: 8,
            pts: None,
            duration: None,
            force_keyframe: false,
            offers_tiles: false,
            pixels,
            changes: None,
        }
    }

    #[test]
    fn pixels_are_a_picture() {
        let request = request(Some(Bytes::from_static(&[7; 16])));
        let picture = request.picture().expect("fits");
        assert_eq!((picture.format(), picture.size()), (PixelFormat::Bgrx, Size::new(2, 2)));
    }

    #[test]
    fn a_request_without_pixels_holds_no_picture() {
        assert_eq!(request(None).picture().unwrap_err(), PixelsError::None);
    }

    #[test]
    fn pixels_above_the_limit_are_not_sent() {
        let pixels = Bytes::from(vec![0; MAX_FRAME_PAYLOAD as usize - 43]);
        let mut out = BytesMut::new();
        let error = request(Some(pixels)).encode(SessionId::NONE, &mut out).unwrap_err();
        assert_eq!((error.size, out.len()), (MAX_FRAME_PAYLOAD as usize + 1, 0));
    }
}
