//! FRAME_RESPONSE: one encoded picture.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use lunette_frame::{AccessUnit, ScanoutId, UnitKind};

use super::frame_request::frame_payload;
use super::{FrameError, Header, MessageKind, Nals, Nanos, SessionId, TooLarge};

const KIND: MessageKind = MessageKind::FrameResponse;
const FIELDS: usize = 24;
const RESERVED: usize = 2;
const KEPT: u8 = 1;
const COARSE: u8 = 2;

/// One encoded picture in Annex B form.
///
/// A server that shares the picture among connections sends a [`FrameResponseHead`] and the shared bytes instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameResponse {
    /// Presentation time: capture time for scanouts, the request's own in request mode.
    pub pts: Option<Nanos>,
    /// Decoding time; equals `pts`, since pictures are not reordered.
    pub dts: Option<Nanos>,
    /// Whether a decoder can start here.
    pub kind: UnitKind,
    /// Whether the server kept the request's picture, so that tiles of the next one are enough.
    pub kept: bool,
    /// Whether the same picture, sent again, would come back finer.
    pub coarse: bool,
    /// The access unit; servers put it into one blob.
    pub nals: Nals,
}

impl FrameResponse {
    /// Appends the whole message.
    ///
    /// # Errors
    /// When the blobs do not fit [`super::MAX_FRAME_PAYLOAD`]; nothing is appended then.
    pub fn encode(&self, session: SessionId, out: &mut BytesMut) -> Result<(), TooLarge> {
        let payload = frame_payload(KIND, FIELDS.saturating_add(self.nals.wire_len()))?;
        out.reserve(Header::LEN + FIELDS + self.nals.wire_len());
        out.put_slice(&Header::of(KIND, session, payload).encode());
        let notes = if self.kept { KEPT } else { 0 } | if self.coarse { COARSE } else { 0 };
        put_fields(out, (self.pts, self.dts), self.kind, notes, self.nals.count());
        self.nals.encode(out);
        Ok(())
    }

    /// Reads a payload of at least 24 bytes.
    pub(super) fn decode(mut payload: Bytes) -> Result<Self, FrameError> {
        let mut fields = payload.split_to(FIELDS);
        let pts = Nanos::from_wire(fields.get_i64_le());
        let dts = Nanos::from_wire(fields.get_i64_le());
        let kind = if fields.get_u8() == 0 { UnitKind::Delta } else { UnitKind::Idr };
        let notes = fields.get_u8();
        fields.advance(RESERVED);
        let nals = Nals::decode(fields.get_u32_le(), payload)?;
        Ok(Self { pts, dts, kind, kept: notes & KEPT != 0, coarse: notes & COARSE != 0, nals })
    }
}

/// Everything of a FRAME_RESPONSE with one blob up to the blob itself.
///
/// Head and blob go out in one vectored write, so that no connection copies the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameResponseHead([u8; Self::LEN]);

impl FrameResponseHead {
    /// Header, fields and the blob's size.
    pub const LEN: usize = Header::LEN + FIELDS + 4;

    /// The head of a blob of `blob_len` bytes. Allocates nothing.
    ///
    /// # Errors
    /// When the blob does not fit [`super::MAX_FRAME_PAYLOAD`].
    pub fn new(
        session: SessionId,
        pts: Option<Nanos>,
        dts: Option<Nanos>,
        kind: UnitKind,
        blob_len: usize,
    ) -> Result<Self, TooLarge> {
        let payload = frame_payload(KIND, blob_len.saturating_add(FIELDS + 4))?;
        let mut head = [0; Self::LEN];
        let mut out = &mut head[..];
        out.put_slice(&Header::of(KIND, session, payload).encode());
        put_fields(&mut out, (pts, dts), kind, 0, 1);
        out.put_u32_le(payload - 28);
        Ok(Self(head))
    }

    /// The head of `unit` as subscribers of `scanout` get it.
    ///
    /// # Errors
    /// As [`FrameResponseHead::new`].
    pub fn for_subscriber(scanout: ScanoutId, unit: &AccessUnit) -> Result<Self, TooLarge> {
        let pts = Some(Nanos::from(unit.pts));
        Self::new(scanout.into(), pts, pts, unit.kind, unit.data.len())
    }

    /// The bytes to send in front of the blob.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl AsRef<[u8]> for FrameResponseHead {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

fn put_fields(
    out: &mut impl BufMut,
    (pts, dts): (Option<Nanos>, Option<Nanos>),
    kind: UnitKind,
    notes: u8,
    blobs: u32,
) {
    out.put_i64_le(Nanos::to_wire(pts));
    out.put_i64_le(Nanos::to_wire(dts));
    out.put_u8((kind == UnitKind::Idr).into());
    out.put_u8(notes);
    out.put_bytes(0, RESERVED);
    out.put_u32_le(blobs);
}

#[cfg(test)]
mod tests {
    use lunette_frame::{Pts, Size};

    use super::super::MAX_FRAME_PAYLOAD;
    use super::*;

    #[test]
    fn head_and_blob_are_the_whole_message() {
        let data = Bytes::from_static(&[0, 0, 0, 1, 9, 0x10]);
        let unit =
            AccessUnit { kind: UnitKind::Idr, pts: Pts::from_nanos(5), size: Size::new(2, 2), data: data.clone() };
        let head = FrameResponseHead::for_subscriber(ScanoutId::new(3), &unit).expect("small");
        let pts = Nanos::from_wire(5);
        let whole =
            FrameResponse { pts, dts: pts, kind: UnitKind::Idr, kept: false, coarse: false, nals: data.clone().into() };
        let mut out = BytesMut::new();
        whole.encode(SessionId::new(3), &mut out).expect("small");
        assert_eq!(out, [head.as_ref(), &data].concat());
    }

    #[test]
    fn a_blob_above_the_limit_has_no_head() {
        let head = |len| FrameResponseHead::new(SessionId::NONE, None, None, UnitKind::Delta, len);
        let most = MAX_FRAME_PAYLOAD as usize - 28;
        assert!(head(most).is_ok());
        assert_eq!(head(most + 1).unwrap_err().size, most + 29);
        assert!(head(usize::MAX).is_err());
    }
}
