//! The 12 bytes in front of every message, and what they promise about the payload.

use std::fmt;

use lunette_frame::ScanoutId;

use super::{CursorUpdate, FrameError, FrameRequest, MAX_FRAME_PAYLOAD, MAX_PAYLOAD, Refusal};

const MAGIC: [u8; 4] = *b"HXFR";
const PIXEL_DATA: u8 = 1;
const TILES: u8 = 2;

/// Whom a message is about: the scanout of a subscription, or a number that a request-mode client chose.
///
/// Replies carry the request's; receivers do not check it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(u16);

impl SessionId {
    /// What messages carry that are about no session.
    pub const NONE: Self = Self(0);

    /// The session with this number.
    #[must_use]
    pub const fn new(id: u16) -> Self {
        Self(id)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl From<ScanoutId> for SessionId {
    fn from(scanout: ScanoutId) -> Self {
        Self(scanout.get())
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The message types that have a known layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the message of the same name")]
pub enum MessageKind {
    FrameRequest,
    FrameResponse,
    KeyframeRequest,
    ConfigRequest,
    Ping,
    Pong,
    EnableScanout,
    DisableScanout,
    ScanoutResponse,
    Subscribe,
    SubscribeResponse,
    Authorize,
    Grant,
    StatusRequest,
    StatusResponse,
    WatchCursor,
    Cursor,
    Hold,
    Go,
    Error,
}

/// How many payload bytes a message has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadSize {
    /// This many.
    Exactly(u32),
    /// Fixed fields of this many, then data.
    AtLeast(u32),
}

impl PayloadSize {
    const fn admits(self, size: u32) -> bool {
        match self {
            Self::Exactly(needed) => size == needed,
            Self::AtLeast(needed) => size >= needed,
        }
    }
}

impl fmt::Display for PayloadSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(needed) => write!(f, "{needed}"),
            Self::AtLeast(needed) => write!(f, "at least {needed}"),
        }
    }
}

impl MessageKind {
    const TABLE: [(Self, u8, &'static str); 20] = [
        (Self::FrameRequest, 0x01, "FRAME_REQUEST"),
        (Self::FrameResponse, 0x02, "FRAME_RESPONSE"),
        (Self::KeyframeRequest, 0x03, "KEYFRAME_REQ"),
        (Self::ConfigRequest, 0x04, "CONFIG_REQ"),
        (Self::Ping, 0x10, "PING"),
        (Self::Pong, 0x11, "PONG"),
        (Self::EnableScanout, 0x20, "ENABLE_SCANOUT"),
        (Self::DisableScanout, 0x21, "DISABLE_SCANOUT"),
        (Self::ScanoutResponse, 0x22, "SCANOUT_RESP"),
        (Self::Subscribe, 0x30, "SUBSCRIBE"),
        (Self::SubscribeResponse, 0x31, "SUBSCRIBE_RESP"),
        (Self::Authorize, 0x40, "AUTHORIZE"),
        (Self::Grant, 0x41, "GRANT"),
        (Self::StatusRequest, 0x42, "STATUS"),
        (Self::StatusResponse, 0x43, "STATUS_RESP"),
        (Self::WatchCursor, 0x44, "CURSORS"),
        (Self::Cursor, 0x45, "CURSOR"),
        (Self::Hold, 0x46, "HOLD"),
        (Self::Go, 0x47, "GO"),
        (Self::Error, 0xff, "ERROR"),
    ];

    /// The kind with this type byte. CONFIG_RESP (0x05) has no known layout, so it is none.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::TABLE.iter().find(|row| row.1 == code).map(|row| row.0)
    }

    /// The type byte.
    #[must_use]
    pub const fn code(self) -> u8 {
        self.row().1
    }

    /// The name that the protocol page uses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().2
    }

    const fn row(self) -> (Self, u8, &'static str) {
        Self::TABLE[self as usize]
    }

    const fn payload(self, has_pixels: bool) -> PayloadSize {
        match self {
            Self::KeyframeRequest | Self::Ping | Self::Pong | Self::WatchCursor | Self::Hold | Self::Go => {
                PayloadSize::Exactly(0)
            }
            Self::DisableScanout | Self::Subscribe | Self::StatusRequest => PayloadSize::Exactly(4),
            Self::SubscribeResponse => PayloadSize::Exactly(8),
            Self::EnableScanout => PayloadSize::Exactly(16),
            Self::FrameResponse => PayloadSize::AtLeast(24),
            Self::Cursor => PayloadSize::AtLeast(CursorUpdate::FIELDS),
            Self::ConfigRequest => PayloadSize::Exactly(28),
            Self::Authorize => PayloadSize::Exactly(32),
            Self::Grant => PayloadSize::Exactly(36),
            Self::StatusResponse => PayloadSize::Exactly(60),
            Self::FrameRequest if has_pixels => PayloadSize::AtLeast(44),
            Self::FrameRequest => PayloadSize::Exactly(44),
            Self::ScanoutResponse => PayloadSize::Exactly(72),
            Self::Error => PayloadSize::Exactly(260),
        }
    }
}

impl fmt::Display for MessageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What starts every message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The type byte; not every value has a [`MessageKind`].
    pub msg_type: u8,
    /// On a FRAME_REQUEST, bit 0: pixels follow; bit 1 beside it: they are tiles. Every other bit is ignored.
    pub flags: u8,
    /// Whom the message is about.
    pub session: SessionId,
    /// Bytes after the header, appended data included.
    pub payload_size: u32,
}

/// What a reader does with the payload that a header announces.
#[derive(Debug, Clone, Copy)]
pub(super) enum Verdict {
    Decode(MessageKind),
    Skip(Refusal),
}

impl Header {
    /// Bytes of a header.
    pub const LEN: usize = 12;

    /// Reads a header.
    ///
    /// # Errors
    /// [`FrameError::Magic`] when the bytes do not start with `HXFR`.
    pub fn decode(bytes: &[u8; Self::LEN]) -> Result<Self, FrameError> {
        let [m0, m1, m2, m3, msg_type, flags, s0, s1, p0, p1, p2, p3] = *bytes;
        if [m0, m1, m2, m3] != MAGIC {
            return Err(FrameError::Magic([m0, m1, m2, m3]));
        }
        let session = SessionId(u16::from_le_bytes([s0, s1]));
        Ok(Self { msg_type, flags, session, payload_size: u32::from_le_bytes([p0, p1, p2, p3]) })
    }

    /// The header's bytes.
    #[must_use]
    pub const fn encode(self) -> [u8; Self::LEN] {
        let [m0, m1, m2, m3] = MAGIC;
        let [s0, s1] = self.session.0.to_le_bytes();
        let [p0, p1, p2, p3] = self.payload_size.to_le_bytes();
        [m0, m1, m2, m3, self.msg_type, self.flags, s0, s1, p0, p1, p2, p3]
    }

    /// The message's kind, when its type has a known layout.
    #[must_use]
    pub fn kind(&self) -> Option<MessageKind> {
        MessageKind::from_code(self.msg_type)
    }

    /// Whether pixels follow the fields; only a FRAME_REQUEST has any.
    #[must_use]
    pub fn has_pixels(&self) -> bool {
        self.flags & PIXEL_DATA != 0 && self.kind() == Some(MessageKind::FrameRequest)
    }

    /// Whether the pixels that follow are those of tiles, behind a list of these.
    #[must_use]
    pub fn has_tiles(&self) -> bool {
        self.flags & TILES != 0 && self.has_pixels()
    }

    pub(super) const fn of(kind: MessageKind, session: SessionId, payload_size: u32) -> Self {
        Self { msg_type: kind.code(), flags: 0, session, payload_size }
    }

    pub(super) const fn with_pixels(self) -> Self {
        Self { flags: PIXEL_DATA, ..self }
    }

    pub(super) const fn with_tiles(self) -> Self {
        Self { flags: PIXEL_DATA | TILES, ..self }
    }

    /// Judges a payload of `payload_size` bytes before any of it is there.
    pub(super) fn verdict(&self) -> Result<Verdict, FrameError> {
        let (msg_type, size) = (self.msg_type, self.payload_size);
        let limit = self.payload_limit();
        if size > limit {
            return Err(FrameError::Oversize { msg_type, size, limit });
        }
        let Some(kind) = self.kind() else {
            return Ok(Verdict::Skip(Refusal::UnknownType { msg_type, size }));
        };
        let needed = if self.has_tiles() { FrameRequest::TILED } else { kind.payload(self.has_pixels()) };
        Ok(if needed.admits(size) {
            Verdict::Decode(kind)
        } else {
            Verdict::Skip(Refusal::Size { kind, size, needed })
        })
    }

    fn payload_limit(&self) -> u32 {
        match self.kind() {
            Some(MessageKind::FrameResponse) => MAX_FRAME_PAYLOAD,
            Some(MessageKind::FrameRequest) if self.has_pixels() => MAX_FRAME_PAYLOAD,
            Some(MessageKind::Cursor) => CursorUpdate::MAX_PAYLOAD,
            _ => MAX_PAYLOAD,
        }
    }
}

/// Whether `bytes`, the first of a message, can still become a header.
pub(super) fn check_magic(bytes: &[u8]) -> Result<(), FrameError> {
    match bytes.first_chunk() {
        Some(found) if *found != MAGIC => Err(FrameError::Magic(*found)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_kinds() {
        for (kind, code, name) in MessageKind::TABLE {
            assert_eq!((kind.code(), kind.name()), (code, name));
            assert_eq!(MessageKind::from_code(code), Some(kind));
        }
    }

    #[test]
    fn config_resp_is_no_known_kind() {
        assert_eq!(MessageKind::from_code(0x05), None);
    }

    #[test]
    fn headers_round_trip() {
        let header = Header { msg_type: 0x77, flags: 0xfe, session: SessionId::new(0x1234), payload_size: 0x0102_0304 };
        assert_eq!(Header::decode(&header.encode()), Ok(header));
    }

    #[test]
    fn only_a_frame_request_has_pixels() {
        let flagged = |kind| Header::of(kind, SessionId::NONE, 0).with_pixels();
        assert!(flagged(MessageKind::FrameRequest).has_pixels());
        assert!(!flagged(MessageKind::FrameResponse).has_pixels());
        let other_bits = Header { flags: !PIXEL_DATA, ..flagged(MessageKind::FrameRequest) };
        assert!(!other_bits.has_pixels());
    }

    #[test]
    fn tiles_are_pixels() {
        let tiled = Header::of(MessageKind::FrameRequest, SessionId::NONE, 0).with_tiles();
        assert!(tiled.has_pixels() && tiled.has_tiles());
        let without = Header { flags: TILES, ..tiled };
        assert!(!without.has_pixels() && !without.has_tiles());
    }
}
