//! 0x30, 0x31 and ConnectionComplete: how a stream begins, and why it ends.

use bytes::{BufMut, BytesMut};
use serde::{Deserialize, Serialize};

use super::fields::Fields;
use super::{Codec, StreamWireError, types};
use crate::text::cut;

/// What the stream is, as it really is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamInit {
    /// How pictures are coded.
    pub codec: Codec,
    /// Coded width in pixels.
    pub width: u16,
    /// Coded height in pixels.
    pub height: u16,
    /// Most frames per second.
    pub fps: u8,
    /// Whether the desktop takes fingers.
    pub touch: bool,
}

impl StreamInit {
    pub(super) fn encode(&self, out: &mut BytesMut) {
        out.put_u8(types::STREAM_INIT);
        out.put_u8(self.codec.id());
        out.put_u16(self.width);
        out.put_u16(self.height);
        out.put_u8(self.fps);
        // No sound: no channels, and no samples a second.
        out.put_u8(0);
        out.put_u32(0);
        out.put_u8(self.touch.into());
    }

    pub(super) fn decode(payload: &[u8]) -> Result<Self, StreamWireError> {
        let mut fields = Fields::of("a stream init", payload);
        let codec = Codec::from_id(fields.u8()?).ok_or(fields.impossible("codec"))?;
        let (width, height, fps) = (fields.u16()?, fields.u16()?, fields.u8()?);
        let (_channels, _sample_rate) = (fields.u8()?, fields.u32()?);
        Ok(Self { codec, width, height, fps, touch: fields.bool()? })
    }
}

/// Why there is no stream, or none any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamError {
    text: String,
}

impl StreamError {
    const BETWEEN: &str = "\n\n";

    /// What a person reads. Cut to 65 535 bytes when sent.
    #[must_use]
    pub fn new(summary: impl Into<String>) -> Self {
        Self { text: summary.into() }
    }

    /// What a person reads, and behind it what somebody who looks for the cause reads.
    #[must_use]
    pub fn with_detail(summary: &str, detail: &str) -> Self {
        Self { text: format!("{summary}{}{detail}", Self::BETWEEN) }
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first paragraph.
    #[must_use]
    pub fn summary(&self) -> &str {
        self.text.split_once(Self::BETWEEN).map_or(&self.text, |(summary, _)| summary)
    }

    /// Everything behind the first paragraph.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.text.split_once(Self::BETWEEN).map(|(_, detail)| detail)
    }

    pub(super) fn encode(&self, out: &mut BytesMut) {
        let kept = cut(&self.text, u16::MAX.into());
        out.put_u8(types::STREAM_ERROR);
        out.put_u16(u16::try_from(kept.len()).expect("cut to what fits"));
        out.put_slice(kept.as_bytes());
    }

    pub(super) fn decode(payload: &[u8]) -> Result<Self, StreamWireError> {
        let mut fields = Fields::of("a stream error", payload);
        let length = fields.u16()?;
        fields.text(length.into(), "text").map(Self::new)
    }
}

/// What a server can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// It takes fingers.
    pub touch: bool,
    /// It reads what a client says about its progress.
    pub feedback: bool,
    /// It can change the size of the desktop.
    pub resize: bool,
    /// It shares the clipboard.
    pub clipboard: bool,
}

/// The first text that a server sends: everything is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionComplete {
    /// What the server can do.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// Coded width in pixels.
    pub width: u32,
    /// Coded height in pixels.
    pub height: u32,
}

/// A text message of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServerText {
    /// Everything is set up.
    ConnectionComplete(ConnectionComplete),
    /// Something is wrong; we send 0x31 instead.
    #[serde(rename = "error")]
    Error(String),
}

impl ServerText {
    const LIMIT: usize = 64 << 10;

    /// The message.
    #[must_use]
    pub fn encode(&self) -> String {
        serde_json::to_string(self).expect("text and numbers are JSON")
    }

    /// Reads a message.
    ///
    /// # Errors
    /// When it is neither, or above 64 KiB.
    pub fn decode(text: &str) -> Result<Self, StreamWireError> {
        super::json("a text message", text.as_bytes(), Self::LIMIT)
    }
}

impl ConnectionComplete {
    /// The text message.
    #[must_use]
    pub fn encode(&self) -> String {
        ServerText::ConnectionComplete(*self).encode()
    }
}
