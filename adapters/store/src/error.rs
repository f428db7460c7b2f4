//! What can go wrong.

use std::path::PathBuf;

/// Why something was not stored, or not found.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file is no database, or cannot be had.
    #[error("cannot open the store {}", path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// A newer program wrote it.
    #[error("the store {} is of version {found}, and this program knows {known}: use a newer one", path.display())]
    Newer {
        /// Which.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest that is known.
        known: u32,
    },
    /// A step of bringing it up to date.
    #[error("cannot bring the store to version {version}")]
    Migrate {
        /// To which.
        version: u32,
        /// Why.
        source: rusqlite::Error,
    },
    /// A statement.
    #[error("the store cannot {what}")]
    Statement {
        /// What it was about to do.
        what: &'static str,
        /// Why.
        source: rusqlite::Error,
    },
    /// What is stored is nothing that this program wrote.
    #[error("the store holds {what} that cannot be read")]
    Content {
        /// Of which kind.
        what: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// The thread.
    #[error("cannot start the store's thread")]
    Thread(#[source] std::io::Error),
    /// There is no store any more.
    #[error("the store was closed")]
    Closed,
}
