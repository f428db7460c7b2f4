//! What can go wrong.

use std::io;
use std::path::{Path, PathBuf};

/// A step that the kernel refused.
#[derive(Debug, thiserror::Error)]
#[error("cannot {step} {}", path.display())]
pub struct MountError {
    /// What was attempted, as in "mount an overlay at".
    pub step: &'static str,
    /// On which path.
    pub path: PathBuf,
    /// Why not.
    #[source]
    pub source: io::Error,
}

impl MountError {
    /// For `map_err` at one step.
    pub(crate) fn at<E: Into<io::Error>>(step: &'static str, path: &Path) -> impl FnOnce(E) -> Self {
        move |source| Self { step, path: path.to_owned(), source: source.into() }
    }
}
