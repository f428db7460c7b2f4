//! SUBSCRIBE and its reply: pictures of one scanout from now on.

use bytes::{Buf, BufMut, BytesMut};
use lunette_frame::ScanoutId;

use super::scanout::scanout;
use super::{Header, MessageKind, Refusal, SessionId};

/// Send every picture of a scanout, the first one decodable on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscribe {
    /// The scanout; clients put it into the header's session too.
    pub scanout: ScanoutId,
}

impl Subscribe {
    /// Appends the whole message.
    pub fn encode(&self, session: SessionId, out: &mut BytesMut) {
        out.put_slice(&Header::of(MessageKind::Subscribe, session, 4).encode());
        out.put_u32_le(self.scanout.into());
    }

    /// Reads a payload of 4 bytes.
    pub(super) fn decode(mut fields: &[u8]) -> Result<Self, Refusal> {
        Ok(Self { scanout: scanout(MessageKind::Subscribe, &mut fields)? })
    }
}

/// Whether pictures will follow; the first message a subscriber gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubscribeResponse {
    /// The scanout.
    pub scanout: ScanoutId,
    /// Whether the connection is subscribed now.
    pub success: bool,
}

impl SubscribeResponse {
    /// Appends the whole message.
    pub fn encode(&self, session: SessionId, out: &mut BytesMut) {
        out.put_slice(&Header::of(MessageKind::SubscribeResponse, session, 8).encode());
        out.put_u32_le(self.scanout.into());
        out.put_u32_le(self.success.into());
    }

    /// Reads a payload of 8 bytes.
    pub(super) fn decode(mut fields: &[u8]) -> Result<Self, Refusal> {
        Ok(Self { scanout: scanout(MessageKind::SubscribeResponse, &mut fields)?, success: fields.get_u32_le() != 0 })
    }
}
