//! Why there is no lease.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use lunette_wire::lease::ReplyError;

/// No lease.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Nobody listens there.
    #[error("cannot connect to the lease manager at {}", path.display())]
    Connect {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The connection broke.
    #[error("the connection to the lease manager broke")]
    Broken(#[source] io::Error),
    /// The manager closed the connection.
    #[error("the lease manager closed the connection without a reply")]
    Closed,
    /// The manager took too long.
    #[error("the lease manager did not reply within {0:?}")]
    Late(Duration),
    /// The manager has no lease to give.
    #[error("the lease manager refuses: {0}")]
    Refused(String),
    /// The manager breaks the protocol.
    #[error("the lease manager's reply is none")]
    Reply(#[from] ReplyError),
    /// The manager breaks the protocol.
    #[error("a lease comes with one descriptor, this one with {0}")]
    Descriptors(usize),
    /// Whoever asked does not want it any more.
    #[error("stopped before there was a lease")]
    Stopped,
}

impl LeaseError {
    /// Whether asking again may help: the manager is not there (yet), or ended in the middle, as when it restarts. A
    /// manager that turns this user away looks the same, so there must be a limit.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Connect { .. } | Self::Broken(_) | Self::Closed | Self::Late(_))
    }
}
