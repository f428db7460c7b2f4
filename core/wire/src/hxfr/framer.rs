//! Cuts a byte stream into messages.
//!
//! ```text
//!              ┌──────────────── decoded or refused ◀──────────────┐
//!              ▼                                                   │
//!          ┌────────┐  size fits the type   ┌─────────┐  all there │
//!   ──────▶│ Header │ ─────────────────────▶│ Payload │────────────┤
//!          └────────┘                       └─────────┘            │
//!              │  │   unknown type, wrong size ┌──────┐  all gone  │
//!              │  └───────────────────────────▶│ Skip │────────────┘
//!              │                               └──────┘
//!              │  bad magic, oversize, contradictory blobs   ┌────────┐
//!              └────────────────────────────────────────────▶│ Failed │  for ever
//!                                                            └────────┘
//! ```

use bytes::{Buf, Bytes, BytesMut};

use super::header::{Verdict, check_magic};
use super::{DecodeError, FrameError, Header, Message, MessageKind, Refusal, SessionId};

/// One message off the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Whom it is about; a reply carries it back.
    pub session: SessionId,
    /// The message, or why it was skipped.
    pub body: Result<Message, Refusal>,
}

/// Reassembles messages from any split of the stream.
///
/// Bytes come in through [`Framer::buffer`] or [`Framer::push`], messages go out of [`Framer::next_message`] until
/// it has no more. The buffer grows with the bytes that have arrived, never to a size that a header claims, and
/// skipped payloads pass through a buffer of constant size.
#[derive(Debug)]
pub struct Framer {
    buffer: BytesMut,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Header,
    Payload { header: Header, kind: MessageKind },
    Skip { session: SessionId, refusal: Refusal, left: usize },
    Failed(FrameError),
}

impl Default for Framer {
    fn default() -> Self {
        Self::new()
    }
}

impl Framer {
    const LEAST_ROOM: usize = 4 << 10;
    const MOST_ROOM: usize = 64 << 10;
    /// Messages above this do not leave their memory to the buffer: one large picture must not make an idle
    /// connection expensive.
    const KEPT: usize = 256 << 10;

    /// A framer at the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self { buffer: BytesMut::new(), state: State::Header }
    }

    /// The buffer to append received bytes to, with 4 to 64 KiB of room for them.
    ///
    /// Call [`Framer::next_message`] until it has no more before the next read: that is what keeps the buffer small.
    pub fn buffer(&mut self) -> &mut BytesMut {
        let room = self.missing().clamp(Self::LEAST_ROOM, Self::MOST_ROOM);
        self.buffer.reserve(room);
        &mut self.buffer
    }

    /// Appends received bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether the stream would end inside a message if it ended here.
    #[must_use]
    pub fn is_mid_message(&self) -> bool {
        !self.buffer.is_empty() || !matches!(self.state, State::Header)
    }

    /// The next message, or [`None`] when more bytes are needed.
    ///
    /// # Errors
    /// When the stream has lost its meaning: the connection must be closed. Every later call fails alike.
    pub fn next_message(&mut self) -> Result<Option<Received>, FrameError> {
        let step = self.step();
        if let Err(error) = step {
            self.state = State::Failed(error);
            self.buffer = BytesMut::new();
        }
        step
    }

    fn step(&mut self) -> Result<Option<Received>, FrameError> {
        if matches!(self.state, State::Header) {
            match self.take_header()? {
                Some(header) => self.state = state_after(header)?,
                None => return Ok(None),
            }
        }
        match self.state {
            State::Header => Ok(None),
            State::Payload { header, kind } => self.take_message(header, kind),
            State::Skip { session, refusal, left } => Ok(self.skip(session, refusal, left)),
            State::Failed(error) => Err(error),
        }
    }

    fn take_header(&mut self) -> Result<Option<Header>, FrameError> {
        check_magic(&self.buffer)?;
        let Some(bytes) = self.buffer.first_chunk() else { return Ok(None) };
        let header = Header::decode(bytes)?;
        self.buffer.advance(Header::LEN);
        Ok(Some(header))
    }

    fn take_message(&mut self, header: Header, kind: MessageKind) -> Result<Option<Received>, FrameError> {
        let len = header.payload_size as usize;
        if self.buffer.len() < len {
            return Ok(None);
        }
        let payload = self.take_payload(len);
        let body = match Message::decode_sized(kind, &header, payload) {
            Ok(message) => Ok(message),
            Err(DecodeError::Refused(refusal)) => Err(refusal),
            Err(DecodeError::Fatal(error)) => return Err(error),
        };
        self.state = State::Header;
        Ok(Some(Received { session: header.session, body }))
    }

    fn take_payload(&mut self, len: usize) -> Bytes {
        let payload = self.buffer.split_to(len).freeze();
        if len > Self::KEPT && self.buffer.len() <= Self::MOST_ROOM {
            self.buffer = BytesMut::from(&self.buffer[..]);
        }
        payload
    }

    fn skip(&mut self, session: SessionId, refusal: Refusal, left: usize) -> Option<Received> {
        let gone = left.min(self.buffer.len());
        self.buffer.advance(gone);
        if gone < left {
            self.state = State::Skip { session, refusal, left: left - gone };
            return None;
        }
        self.state = State::Header;
        Some(Received { session, body: Err(refusal) })
    }

    /// Bytes that the current part still lacks.
    fn missing(&self) -> usize {
        let needed = match self.state {
            State::Header | State::Failed(_) => Header::LEN,
            State::Payload { header, .. } => header.payload_size as usize,
            State::Skip { left, .. } => left,
        };
        needed.saturating_sub(self.buffer.len())
    }
}

fn state_after(header: Header) -> Result<State, FrameError> {
    Ok(match header.verdict()? {
        Verdict::Decode(kind) => State::Payload { header, kind },
        Verdict::Skip(refusal) => State::Skip { session: header.session, refusal, left: header.payload_size as usize },
    })
}
