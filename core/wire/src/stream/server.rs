//! All binary messages of a server as one type.

use bytes::{BufMut, Bytes, BytesMut};
use lunette_input_events::ParticipantId;

use super::presence::{decode_self_id, encode_self_id};
use super::{
    AgentCursor, CursorImage, CursorName, Pong, RemoteCursor, RemoteTouch, RemoteUser, ServerControl, StreamError,
    StreamInit, StreamWireError, Timing, VideoFrame, types,
};

/// What a server sends in binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerMessage {
    /// 0x01: an encoded picture.
    Video(VideoFrame),
    /// 0x20: everything that is JSON.
    Control(ServerControl),
    /// 0x30: what the stream is.
    StreamInit(StreamInit),
    /// 0x31: why there is none.
    StreamError(StreamError),
    /// 0x41: the answer to a ping.
    Pong(Pong),
    /// 0x43: what became of a frame inside the server.
    Timing(Timing),
    /// 0x50: how the pointer looks.
    CursorImage(CursorImage),
    /// 0x51: how the pointer looks, by name.
    CursorName(CursorName),
    /// 0x53: where somebody else's pointer is.
    RemoteCursor(RemoteCursor),
    /// 0x54: somebody comes or goes.
    RemoteUser(RemoteUser),
    /// 0x55: where an agent's pointer is.
    AgentCursor(AgentCursor),
    /// 0x56: what somebody else's finger does.
    RemoteTouch(RemoteTouch),
    /// 0x58: which participant the receiver is.
    SelfId(ParticipantId),
}

impl ServerMessage {
    /// The message's bytes. [`super::VideoHead::message`] makes those of a picture without a [`VideoFrame`].
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::new();
        match self {
            Self::Video(message) => return message.encode(),
            Self::Control(message) => {
                out.put_u8(types::CONTROL);
                out.put_slice(message.to_json().as_bytes());
            }
            Self::StreamInit(message) => message.encode(&mut out),
            Self::StreamError(message) => message.encode(&mut out),
            Self::Pong(message) => message.encode(&mut out),
            Self::Timing(message) => message.encode(&mut out),
            Self::CursorImage(message) => message.encode(&mut out),
            Self::CursorName(message) => message.encode(&mut out),
            Self::RemoteCursor(message) => message.encode(&mut out),
            Self::RemoteUser(message) => message.encode(&mut out),
            Self::AgentCursor(message) => message.encode(&mut out),
            Self::RemoteTouch(message) => message.encode(&mut out),
            Self::SelfId(id) => encode_self_id(*id, &mut out),
        }
        out.freeze()
    }

    /// Reads one message.
    ///
    /// # Errors
    /// When this message is useless; a client drops it and goes on.
    pub fn decode(bytes: &[u8]) -> Result<Self, StreamWireError> {
        let (kind, payload) = bytes.split_first().ok_or(StreamWireError::Empty)?;
        Ok(match *kind {
            types::VIDEO => Self::Video(VideoFrame::decode(payload)?),
            types::CONTROL => Self::Control(ServerControl::from_json(payload)?),
            types::STREAM_INIT => Self::StreamInit(StreamInit::decode(payload)?),
            types::STREAM_ERROR => Self::StreamError(StreamError::decode(payload)?),
            types::PONG => Self::Pong(Pong::decode(payload)?),
            types::TIMING => Self::Timing(Timing::decode(payload)?),
            types::CURSOR_IMAGE => Self::CursorImage(CursorImage::decode(payload)?),
            types::CURSOR_NAME => Self::CursorName(CursorName::decode(payload)?),
            types::REMOTE_CURSOR => Self::RemoteCursor(RemoteCursor::decode(payload)?),
            types::REMOTE_USER => Self::RemoteUser(RemoteUser::decode(payload)?),
            types::AGENT_CURSOR => Self::AgentCursor(AgentCursor::decode(payload)?),
            types::REMOTE_TOUCH => Self::RemoteTouch(RemoteTouch::decode(payload)?),
            types::SELF_ID => Self::SelfId(decode_self_id(payload)?),
            other => return Err(StreamWireError::UnknownType(other)),
        })
    }
}
