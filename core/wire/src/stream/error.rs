//! What can be wrong with a message of the stream.

/// One message is useless, the connection is intact: whoever reads it drops it, and goes on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StreamWireError {
    /// A message without a type.
    #[error("a message without a single byte")]
    Empty,
    /// No known layout.
    #[error("unknown message type {0:#04x}")]
    UnknownType(u8),
    /// A known type that says something unknown.
    #[error("{message} of the unknown kind {kind}")]
    UnknownKind {
        /// The message.
        message: &'static str,
        /// The byte that says which.
        kind: u8,
    },
    /// Ends before its last field.
    #[error("{message} ends too early")]
    Truncated {
        /// The message.
        message: &'static str,
    },
    /// A field that holds what cannot be.
    #[error("{message} has an impossible {field}")]
    Value {
        /// The message.
        message: &'static str,
        /// The field.
        field: &'static str,
    },
    /// More than a reader is ready to look at.
    #[error("{message} has {size} bytes, above the limit of {limit}")]
    Oversize {
        /// The message.
        message: &'static str,
        /// Bytes of it.
        size: usize,
        /// Most bytes of it.
        limit: usize,
    },
    /// Text that is not the JSON that it must be.
    #[error("{message} is not understood: {why}")]
    Json {
        /// The message.
        message: &'static str,
        /// What the JSON reader says, cut short.
        why: String,
    },
}

impl StreamWireError {
    /// Whether the message is one of a later version rather than a wrong one.
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        matches!(self, Self::UnknownType(_) | Self::UnknownKind { .. })
    }

    /// Peers write the text that a JSON reader quotes, so only the start of it is kept.
    pub(super) fn json(message: &'static str, error: &serde_json::Error) -> Self {
        let why = crate::text::cut(&error.to_string(), 200).to_owned();
        Self::Json { message, why }
    }
}
