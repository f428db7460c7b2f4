//! 0x01: one encoded picture.

use bytes::{BufMut, Bytes, BytesMut};
use lunette_frame::Size;

use super::fields::Fields;
use super::{StreamWireError, types};

/// How pictures are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// H.264: the only one that is ever sent.
    H264,
    /// H.264 High 4:4:4.
    H264High444,
    /// H.265 Main.
    H265,
    /// H.265 Main 10.
    H265Main10,
    /// H.265 range extensions, 8 bits, 4:4:4.
    H265Rext8,
    /// H.265 range extensions, 10 bits, 4:4:4.
    H265Rext10,
    /// AV1 Main, 8 bits.
    Av1Main8,
    /// AV1 Main, 10 bits.
    Av1Main10,
    /// AV1 High, 8 bits, 4:4:4.
    Av1High8,
    /// AV1 High, 10 bits, 4:4:4.
    Av1High10,
}

impl Codec {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::H264,
        Self::H264High444,
        Self::H265,
        Self::H265Main10,
        Self::H265Rext8,
        Self::H265Rext10,
        Self::Av1Main8,
        Self::Av1Main10,
        Self::Av1High8,
        Self::Av1High10,
    ];

    /// The wire's number.
    #[must_use]
    pub const fn id(self) -> u8 {
        match self {
            Self::H264 => 0x01,
            Self::H264High444 => 0x02,
            Self::H265 => 0x10,
            Self::H265Main10 => 0x11,
            Self::H265Rext8 => 0x12,
            Self::H265Rext10 => 0x13,
            Self::Av1Main8 => 0x20,
            Self::Av1Main10 => 0x21,
            Self::Av1High8 => 0x22,
            Self::Av1High10 => 0x23,
        }
    }

    /// The codec with this number.
    #[must_use]
    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.id() == id)
    }
}

/// What stands before the access unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VideoHead {
    /// How the unit is coded.
    pub codec: Codec,
    /// Whether a decoder can start here: an IDR with its SPS and PPS in front.
    pub keyframe: bool,
    /// Whether the unit is one that others have seen already, sent again to let a newcomer start.
    pub replay: bool,
    /// Capture time in microseconds: above 0, and larger than that of the frame before.
    pub pts_us: u64,
    /// Coded width in pixels.
    pub width: u16,
    /// Coded height in pixels.
    pub height: u16,
}

impl VideoHead {
    /// Bytes before the access unit.
    pub const LEN: usize = 15;

    const KEYFRAME: u8 = 1;
    const REPLAY: u8 = 2;

    /// The sides of a picture as a message carries them; [`None`] when they do not fit.
    #[must_use]
    pub fn sides(size: Size) -> Option<(u16, u16)> {
        Some((size.width.try_into().ok()?, size.height.try_into().ok()?))
    }

    /// The bytes before the access unit.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let mut out = &mut bytes[..];
        out.put_u8(types::VIDEO);
        out.put_u8(self.codec.id());
        out.put_u8((u8::from(self.keyframe) * Self::KEYFRAME) | (u8::from(self.replay) * Self::REPLAY));
        out.put_u64(self.pts_us);
        out.put_u16(self.width);
        out.put_u16(self.height);
        bytes
    }

    /// The whole message, in one allocation.
    #[must_use]
    pub fn message(&self, unit: &[u8]) -> Bytes {
        let mut out = BytesMut::with_capacity(Self::LEN + unit.len());
        out.put_slice(&self.to_bytes());
        out.put_slice(unit);
        out.freeze()
    }

    fn decode(fields: &mut Fields<'_>) -> Result<Self, StreamWireError> {
        let codec = Codec::from_id(fields.u8()?).ok_or(fields.impossible("codec"))?;
        let flags = fields.u8()?;
        Ok(Self {
            codec,
            keyframe: flags & Self::KEYFRAME != 0,
            replay: flags & Self::REPLAY != 0,
            pts_us: fields.u64()?,
            width: fields.u16()?,
            height: fields.u16()?,
        })
    }
}

/// One encoded picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoFrame {
    /// What stands before it.
    pub head: VideoHead,
    /// One access unit in Annex B form.
    pub data: Bytes,
}

impl VideoFrame {
    /// The size that the message says.
    #[must_use]
    pub fn size(&self) -> Size {
        Size::new(self.head.width.into(), self.head.height.into())
    }

    pub(super) fn encode(&self) -> Bytes {
        self.head.message(&self.data)
    }

    pub(super) fn decode(payload: &[u8]) -> Result<Self, StreamWireError> {
        let mut fields = Fields::of("a video frame", payload);
        let head = VideoHead::decode(&mut fields)?;
        Ok(Self { head, data: Bytes::copy_from_slice(fields.rest()) })
    }
}
