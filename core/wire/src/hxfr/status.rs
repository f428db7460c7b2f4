//! ERROR, and the messages that are only a header: KEYFRAME_REQ, PING, PONG, CURSORS.

use std::fmt;

use bytes::{Buf, BufMut, BytesMut};

use super::{Header, MessageKind, SessionId};
use crate::text;

/// Why a request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// −1: not a message, or one that makes no sense here.
    InvalidMessage,
    /// −2: no such resource, or a FRAME_REQUEST with neither resource nor pixels.
    NotFound,
    /// −3: the resource is not a Metal texture.
    NotMetalTexture,
    /// −4: the texture has no IOSurface.
    NoIoSurface,
    /// −5: the encoder failed.
    EncodeFailed,
    /// −6: no encoder yet.
    NotConfigured,
    /// −99: a fault of the server.
    Internal,
    /// A code without a known meaning; 0 is "no error" and never sent.
    Other(i32),
}

impl ErrorCode {
    /// What the wire's code stands for.
    #[must_use]
    pub const fn from_code(code: i32) -> Self {
        match code {
            -1 => Self::InvalidMessage,
            -2 => Self::NotFound,
            -3 => Self::NotMetalTexture,
            -4 => Self::NoIoSurface,
            -5 => Self::EncodeFailed,
            -6 => Self::NotConfigured,
            -99 => Self::Internal,
            other => Self::Other(other),
        }
    }

    /// The wire's code.
    #[must_use]
    pub const fn code(self) -> i32 {
        match self {
            Self::InvalidMessage => -1,
            Self::NotFound => -2,
            Self::NotMetalTexture => -3,
            Self::NoIoSurface => -4,
            Self::EncodeFailed => -5,
            Self::NotConfigured => -6,
            Self::Internal => -99,
            Self::Other(code) => code,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code().fmt(f)
    }
}

/// The reply to a request that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorReply {
    /// For programs.
    pub code: ErrorCode,
    /// For people. Cut to 255 bytes when sent.
    pub message: String,
}

impl ErrorReply {
    const TEXT: usize = 256;

    /// A reply with `code` and whatever `message` prints.
    pub fn new(code: ErrorCode, message: impl fmt::Display) -> Self {
        Self { code, message: message.to_string() }
    }

    /// Appends the whole message.
    pub fn encode(&self, session: SessionId, out: &mut BytesMut) {
        out.put_slice(&Header::of(MessageKind::Error, session, 260).encode());
        out.put_i32_le(self.code.code());
        text::put(out, &self.message, Self::TEXT, Self::TEXT - 1);
    }

    /// Reads a payload of 260 bytes.
    pub(super) fn decode(mut fields: &[u8]) -> Self {
        let code = ErrorCode::from_code(fields.get_i32_le());
        Self { code, message: text::get(fields) }
    }
}

/// Appends a message that is only a header.
pub(super) fn encode_bare(kind: MessageKind, session: SessionId, out: &mut BytesMut) {
    out.put_slice(&Header::of(kind, session, 0).encode());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_kept() {
        for code in [-99, -7, -6, -5, -4, -3, -2, -1, 0, 1] {
            assert_eq!(ErrorCode::from_code(code).code(), code);
        }
    }

    #[test]
    fn long_text_leaves_a_nul_for_readers_in_c() {
        let mut out = BytesMut::new();
        ErrorReply::new(ErrorCode::Internal, "é".repeat(200)).encode(SessionId::NONE, &mut out);
        assert_eq!((out.len(), &out[16 + 254..]), (272, &[0, 0][..]));
        assert_eq!(ErrorReply::decode(&out[12..]).message, "é".repeat(127));
    }
}
