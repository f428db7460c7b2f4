//! What can go wrong with a session.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a session did not do it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SessionError {
    /// Nobody listens there.
    #[error("cannot connect to {what} at {}: {reason}", path.display())]
    Connect {
        /// The compositor, the input socket.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// In the system's words.
        reason: String,
    },
    /// It was there, and is not now. It is being looked for.
    #[error("{what} is gone: {reason}")]
    Gone {
        /// The compositor, the input socket.
        what: &'static str,
        /// In its or the system's words.
        reason: String,
    },
    /// This session cannot do it at all.
    #[error("{what} is unavailable: {reason}")]
    Unavailable {
        /// The clipboard, the window list, ….
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// No sink was found.
    #[error("this session takes no input: {0}")]
    NoSink(String),
    /// The sink has no key for it.
    #[error("{sink} cannot type {wanted}: {reason}")]
    CannotType {
        /// Which sink.
        sink: &'static str,
        /// The character or keysym.
        wanted: String,
        /// Why.
        reason: &'static str,
    },
    /// Positions are fractions of a picture whose size nobody told.
    #[error("the size of the picture is not known yet")]
    NoPictureSize,
    /// More than can wait was sent.
    #[error("{0} has more to do than it can: try again later")]
    Busy(&'static str),
    /// It took too long.
    #[error("{what} did not answer within {limit:?}")]
    Late {
        /// Who.
        what: &'static str,
        /// How long was waited.
        limit: Duration,
    },
    /// The other side does not want to.
    #[error("{what} refused: {reason}")]
    Refused {
        /// Who.
        what: &'static str,
        /// In its words.
        reason: String,
    },
    /// Larger than what is carried.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// What.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// There is nothing like it.
    #[error("there is no {what} {id}")]
    NotFound {
        /// A window, a workspace, an application.
        what: &'static str,
        /// Which.
        id: String,
    },
    /// The system refused.
    #[error("{doing}: {reason}")]
    System {
        /// What was attempted.
        doing: String,
        /// In the system's words.
        reason: String,
    },
}

/// What a sink fails with.
pub type SinkError = SessionError;

impl SessionError {
    pub(crate) fn unavailable(what: &'static str, reason: impl Into<String>) -> Self {
        Self::Unavailable { what, reason: reason.into() }
    }

    pub(crate) fn gone(what: &'static str, reason: impl Into<String>) -> Self {
        Self::Gone { what, reason: reason.into() }
    }

    pub(crate) fn refused(what: &'static str, reason: impl Into<String>) -> Self {
        Self::Refused { what, reason: reason.into() }
    }

    pub(crate) fn system(doing: impl Into<String>, error: impl Into<io::Error>) -> Self {
        Self::System { doing: doing.into(), reason: error.into().to_string() }
    }
}
