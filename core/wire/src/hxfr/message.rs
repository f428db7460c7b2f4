//! All messages as one type.

use bytes::{Bytes, BytesMut};

use super::header::Verdict;
use super::status::encode_bare;
use super::{
    Authorize, ConfigRequest, CursorUpdate, DecodeError, DisableScanout, EnableScanout, ErrorReply, FrameRequest,
    FrameResponse, Grant, Header, MessageKind, ScanoutResponse, SessionId, StatusRequest, StatusResponse, Subscribe,
    SubscribeResponse, TooLarge,
};

/// Any message without its session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Encode this picture.
    FrameRequest(FrameRequest),
    /// An encoded picture.
    FrameResponse(FrameResponse),
    /// Make the next picture decodable on its own.
    KeyframeRequest,
    /// Set up or retune the encoder.
    ConfigRequest(ConfigRequest),
    /// Answer with PONG.
    Ping,
    /// The answer; carries the PING's session.
    Pong,
    /// Plug an output.
    EnableScanout(EnableScanout),
    /// Unplug an output.
    DisableScanout(DisableScanout),
    /// Whether an output was plugged or unplugged.
    ScanoutResponse(ScanoutResponse),
    /// Send pictures of a scanout.
    Subscribe(Subscribe),
    /// Whether pictures will follow.
    SubscribeResponse(SubscribeResponse),
    /// Show a token.
    Authorize(Authorize),
    /// Give a scanout to whoever shows a token.
    Grant(Grant),
    /// Say how a scanout is doing.
    StatusRequest(StatusRequest),
    /// How a scanout is doing.
    StatusResponse(StatusResponse),
    /// Send the pointer too.
    WatchCursor,
    /// The pointer moved or changed.
    Cursor(CursorUpdate),
    /// Encode nothing for this subscriber: it cannot take it now.
    Hold,
    /// This subscriber takes pictures again.
    Go,
    /// A request failed.
    Error(ErrorReply),
}

impl Message {
    /// The message's kind.
    #[must_use]
    pub const fn kind(&self) -> MessageKind {
        match self {
            Self::FrameRequest(_) => MessageKind::FrameRequest,
            Self::FrameResponse(_) => MessageKind::FrameResponse,
            Self::KeyframeRequest => MessageKind::KeyframeRequest,
            Self::ConfigRequest(_) => MessageKind::ConfigRequest,
            Self::Ping => MessageKind::Ping,
            Self::Pong => MessageKind::Pong,
            Self::EnableScanout(_) => MessageKind::EnableScanout,
            Self::DisableScanout(_) => MessageKind::DisableScanout,
            Self::ScanoutResponse(_) => MessageKind::ScanoutResponse,
            Self::Subscribe(_) => MessageKind::Subscribe,
            Self::SubscribeResponse(_) => MessageKind::SubscribeResponse,
            Self::Authorize(_) => MessageKind::Authorize,
            Self::Grant(_) => MessageKind::Grant,
            Self::StatusRequest(_) => MessageKind::StatusRequest,
            Self::StatusResponse(_) => MessageKind::StatusResponse,
            Self::WatchCursor => MessageKind::WatchCursor,
            Self::Cursor(_) => MessageKind::Cursor,
            Self::Hold => MessageKind::Hold,
            Self::Go => MessageKind::Go,
            Self::Error(_) => MessageKind::Error,
        }
    }

    /// Appends the message, header included.
    ///
    /// # Errors
    /// When a FRAME_REQUEST or FRAME_RESPONSE is larger than receivers take; nothing is appended then.
    pub fn encode(&self, session: SessionId, out: &mut BytesMut) -> Result<(), TooLarge> {
        match self {
            Self::FrameRequest(message) => message.encode(session, out)?,
            Self::FrameResponse(message) => message.encode(session, out)?,
            Self::ConfigRequest(message) => message.encode(session, out),
            Self::EnableScanout(message) => message.encode(session, out),
            Self::DisableScanout(message) => message.encode(session, out),
            Self::ScanoutResponse(message) => message.encode(session, out),
            Self::Subscribe(message) => message.encode(session, out),
            Self::SubscribeResponse(message) => message.encode(session, out),
            Self::Authorize(message) => message.encode(session, out),
            Self::Grant(message) => message.encode(session, out),
            Self::StatusRequest(message) => message.encode(session, out),
            Self::StatusResponse(message) => message.encode(session, out),
            Self::Cursor(message) => message.encode(session, out),
            Self::Error(message) => message.encode(session, out),
            Self::KeyframeRequest | Self::Ping | Self::Pong | Self::WatchCursor | Self::Hold | Self::Go => {
                encode_bare(self.kind(), session, out)
            }
        }
        Ok(())
    }

    /// Reads what follows `header`. The length of `payload` counts, not what the header says about it.
    ///
    /// # Errors
    /// [`DecodeError::Refused`] when this message alone is useless, [`DecodeError::Fatal`] when the stream is.
    pub fn decode(header: &Header, payload: Bytes) -> Result<Self, DecodeError> {
        let payload_size = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        match (Header { payload_size, ..*header }).verdict()? {
            Verdict::Skip(refusal) => Err(refusal.into()),
            Verdict::Decode(kind) => Self::decode_sized(kind, header, payload),
        }
    }

    /// Reads a payload whose size was judged.
    pub(super) fn decode_sized(kind: MessageKind, header: &Header, payload: Bytes) -> Result<Self, DecodeError> {
        Ok(match kind {
            MessageKind::FrameRequest => Self::FrameRequest(FrameRequest::decode(header, payload)?),
            MessageKind::FrameResponse => Self::FrameResponse(FrameResponse::decode(payload)?),
            MessageKind::KeyframeRequest => Self::KeyframeRequest,
            MessageKind::ConfigRequest => Self::ConfigRequest(ConfigRequest::decode(&payload)?),
            MessageKind::Ping => Self::Ping,
            MessageKind::Pong => Self::Pong,
            MessageKind::EnableScanout => Self::EnableScanout(EnableScanout::decode(&payload)?),
            MessageKind::DisableScanout => Self::DisableScanout(DisableScanout::decode(&payload)?),
            MessageKind::ScanoutResponse => Self::ScanoutResponse(ScanoutResponse::decode(&payload)?),
            MessageKind::Subscribe => Self::Subscribe(Subscribe::decode(&payload)?),
            MessageKind::SubscribeResponse => Self::SubscribeResponse(SubscribeResponse::decode(&payload)?),
            MessageKind::Authorize => Self::Authorize(Authorize::decode(&payload)),
            MessageKind::Grant => Self::Grant(Grant::decode(&payload)?),
            MessageKind::StatusRequest => Self::StatusRequest(StatusRequest::decode(&payload)?),
            MessageKind::StatusResponse => Self::StatusResponse(StatusResponse::decode(&payload)?),
            MessageKind::WatchCursor => Self::WatchCursor,
            MessageKind::Cursor => Self::Cursor(CursorUpdate::decode(payload)?),
            MessageKind::Hold => Self::Hold,
            MessageKind::Go => Self::Go,
            MessageKind::Error => Self::Error(ErrorReply::decode(&payload)),
        })
    }
}
