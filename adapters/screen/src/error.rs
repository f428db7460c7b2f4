//! Why the host did not do it.

use std::io;
use std::time::Duration;

use lunette_frame::{ScanoutId, Size};
use lunette_wire::hxfr::{ErrorCode, FrameError};

/// What to do about a [`ScreenError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Ask again a little later, on the same connection.
    AskAgain,
    /// Connect again a little later: the host restarts, or its machine was reset.
    Reconnect,
    /// Nothing: asking again gets the same answer.
    GiveUp,
}

/// Why the host did not do it.
#[derive(Debug, thiserror::Error)]
pub enum ScreenError {
    /// Nobody listens there.
    #[error("cannot connect to the host at {address}")]
    Connect {
        /// Where.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// The connection broke.
    #[error("the connection to the host broke")]
    Broken(#[source] io::Error),
    /// The host closed the connection, or it had failed before.
    #[error("the connection to the host is closed")]
    Closed,
    /// The host took too long.
    #[error("the host did not answer within {0:?}")]
    Late(Duration),
    /// Whoever answers is no host.
    #[error("what listens there speaks no HXFR")]
    Stream(#[from] FrameError),
    /// The token is not, or not any more, that of the scanout's lease.
    #[error("the host does not allow it: the token is not that of scanout {0}")]
    NotAllowed(ScanoutId),
    /// Another lease's output is being switched.
    #[error("the host is switching another output")]
    Busy,
    /// The host cannot.
    #[error("the host does not show scanout {scanout} at {size}: {reason}")]
    Refused {
        /// The scanout.
        scanout: ScanoutId,
        /// The size that was asked for.
        size: Size,
        /// In the host's words.
        reason: String,
    },
    /// The host does not know the question.
    #[error("the host answers with error {code}: {reason}")]
    Unknown {
        /// For programs.
        code: ErrorCode,
        /// In the host's words.
        reason: String,
    },
}

impl ScreenError {
    /// What to do about it.
    #[must_use]
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Connect { .. } | Self::Broken(_) | Self::Closed | Self::Late(_) => Remedy::Reconnect,
            // A host that has just started learns of leases a little later; one that forgot them for good is left to
            // whoever counts the attempts.
            Self::Busy | Self::NotAllowed(_) => Remedy::AskAgain,
            Self::Stream(_) | Self::Refused { .. } | Self::Unknown { .. } => Remedy::GiveUp,
        }
    }

    /// Whether the connection is of no use any more.
    pub(crate) const fn ends_connection(&self) -> bool {
        matches!(self, Self::Broken(_) | Self::Closed | Self::Late(_) | Self::Stream(_))
    }
}
