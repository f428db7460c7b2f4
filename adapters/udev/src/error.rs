//! What can go wrong.

use std::io;
use std::path::PathBuf;

use lunette_uevent::EventError;

/// Why a desktop does not learn of its devices.
#[derive(Debug, thiserror::Error)]
pub enum UdevError {
    /// A file or folder.
    #[error("cannot {what} {path}")]
    File {
        /// What was attempted.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// A socket.
    #[error("cannot {what}")]
    Socket {
        /// What was attempted.
        what: &'static str,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// An event that cannot be told.
    #[error("an event that cannot be told")]
    Event(#[from] EventError),
}

impl UdevError {
    pub(crate) fn file(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { what, path, source }
    }

    pub(crate) fn socket(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Socket { what, source }
    }
}
