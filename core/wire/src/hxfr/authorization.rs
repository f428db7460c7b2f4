//! AUTHORIZE and GRANT: who may use which scanout.

use bytes::{Buf, BufMut, BytesMut};
use lunette_frame::ScanoutId;

use super::scanout::scanout;
use super::{Header, MessageKind, Refusal, SessionId};
use crate::Token;

/// What the connection shows from now on, when it asks for something that not everybody may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authorize {
    /// The machine's secret, or the token of a lease.
    pub token: Token,
}

impl Authorize {
    /// Appends the whole message.
    pub fn encode(&self, session: SessionId, out: &mut BytesMut) {
        out.put_slice(&Header::of(MessageKind::Authorize, session, 32).encode());
        out.put_slice(self.token.as_bytes());
    }

    /// Reads a payload of 32 bytes.
    pub(super) fn decode(fields: &[u8]) -> Self {
        Self { token: token(fields) }
    }
}

/// Whoever shows this token owns this scanout from now on; what owned it before does not any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// The scanout.
    pub scanout: ScanoutId,
    /// The token of its lease.
    pub token: Token,
}

impl Grant {
    /// Appends the whole message.
    pub fn encode(&self, session: SessionId, out: &mut BytesMut) {
        out.put_slice(&Header::of(MessageKind::Grant, session, 36).encode());
        out.put_u32_le(self.scanout.into());
        out.put_slice(self.token.as_bytes());
    }

    /// Reads a payload of 36 bytes.
    pub(super) fn decode(mut fields: &[u8]) -> Result<Self, Refusal> {
        Ok(Self { scanout: scanout(MessageKind::Grant, &mut fields)?, token: token(fields) })
    }
}

/// Takes a token off the front of fields whose size was judged.
fn token(mut fields: &[u8]) -> Token {
    let mut bytes = [0; Token::LEN];
    fields.copy_to_slice(&mut bytes);
    Token::new(bytes)
}
