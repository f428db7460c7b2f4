//! What can be wrong with a message, by what the reader does about it.

use lunette_frame::ScanoutIdError;

use super::{MessageKind, PayloadSize};

/// One message is useless, the stream is intact: a server answers ERROR −1 and goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No known layout.
    #[error("unknown message type {msg_type:#04x} with {size} payload bytes")]
    UnknownType {
        /// The type byte.
        msg_type: u8,
        /// Payload bytes that were skipped.
        size: u32,
    },
    /// Another payload size than the message has.
    #[error("{kind} has {needed} payload bytes, not {size}")]
    Size {
        /// The message.
        kind: MessageKind,
        /// Payload bytes announced.
        size: u32,
        /// Payload bytes that it has.
        needed: PayloadSize,
    },
    /// An id that the header's 16 bits could not carry.
    #[error("{kind} names no possible scanout")]
    Scanout {
        /// The message.
        kind: MessageKind,
        /// The id.
        source: ScanoutIdError,
    },
    /// A frame rate whose denominator is 0.
    #[error("CONFIG_REQ asks for {numerator}/0 frames per second")]
    FrameRate {
        /// The numerator.
        numerator: u32,
    },
    /// Lists of changes that are longer than their message, or than such lists may be.
    #[error("FRAME_REQUEST lists {tiles} tiles and {moves} moves, {left} bytes follow")]
    Changes {
        /// Tiles announced.
        tiles: usize,
        /// Moves announced.
        moves: usize,
        /// Bytes behind that.
        left: usize,
    },
    /// A pointer whose pixels are not those of its size.
    #[error("CURSOR of {width}x{height} comes with {left} bytes of pixels")]
    Cursor {
        /// Pixels in a row.
        width: u16,
        /// Rows.
        height: u16,
        /// Bytes of pixels.
        left: usize,
    },
}

/// The stream has lost its meaning: the connection must be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Something else than a message.
    #[error("a message starts with {0:02x?}, not with `HXFR`")]
    Magic([u8; 4]),
    /// More than a reader is ready to hold or to skip.
    #[error("message type {msg_type:#04x} announces {size} payload bytes, above the limit of {limit}")]
    Oversize {
        /// The type byte.
        msg_type: u8,
        /// Payload bytes announced.
        size: u32,
        /// Most payload bytes of this type.
        limit: u32,
    },
    /// A blob of a FRAME_RESPONSE reaches beyond the payload.
    #[error("blob {index} of {count} in a FRAME_RESPONSE ends beyond the payload, of which {left} bytes are left")]
    Blob {
        /// Which blob, from 0.
        index: u32,
        /// Blobs announced.
        count: u32,
        /// Payload bytes from the blob's size field on.
        left: usize,
    },
    /// A FRAME_RESPONSE goes on after its last blob.
    #[error("{left} bytes follow the last of {count} blobs in a FRAME_RESPONSE")]
    Trailing {
        /// Blobs announced.
        count: u32,
        /// Bytes behind them.
        left: usize,
    },
}

/// Why a payload is no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// This message is useless, the next may be good.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The connection must be closed.
    #[error(transparent)]
    Fatal(#[from] FrameError),
}

/// A message that a receiver would refuse for its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a {kind} of {size} payload bytes is above the limit of {limit}")]
pub struct TooLarge {
    /// The message.
    pub kind: MessageKind,
    /// Its payload bytes.
    pub size: usize,
    /// Most payload bytes.
    pub limit: u32,
}
