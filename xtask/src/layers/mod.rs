//! `cargo xtask layers`: what the folder names promise.
//!
//! ```text
//!   4  tests              may use everything
//!   3  bin  ffi  xtask    programs, plugins
//!   2  adapters  drivers  one job each behind a trait; loops that feed core
//!   1  sys                the unsafe part
//!   0  core               pure: no IO, no clock, no thread, no lock
//! ```
//!
//! An edge goes to the same or a lower layer. That holds for dev-dependencies too: a test that pulls something in
//! from above belongs into a package under `tests/`, or else the lower package cannot be built and tested alone.

mod edges;
mod sources;

use std::fmt;
use std::path::PathBuf;

use anyhow::bail;

use crate::metadata::Metadata;
pub(crate) use sources::rust_files;

/// A broken rule, with the place to look at.
#[derive(Debug, PartialEq, Eq)]
struct Complaint {
    /// Relative to the workspace.
    file: PathBuf,
    line: usize,
    why: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.why)
    }
}

/// Prints every broken rule, and fails if there is one.
pub(crate) fn run(metadata: &Metadata) -> anyhow::Result<()> {
    let mut complaints = edges::complaints(metadata);
    complaints.extend(sources::complaints(&metadata.workspace_root, &metadata.target_directory)?);
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    if !complaints.is_empty() {
        bail!("{} places break the layer rules", complaints.len());
    }
    eprintln!("layers: {} packages, no upward edge, core/ is pure", metadata.members().count());
    Ok(())
}
