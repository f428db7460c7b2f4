//! What hydra and a launcher say to each other: one JSON object per line, on `control.sock`.
//!
//! ```text
//!   hydra                                launcher
//!     │ {"do":"watch"} ────────────────────▶ │
//!     │ ◀──────── {"is":"report",…} at once, and at every change
//!     │ {"do":"resize","size":"1920x1080"} ▶ │
//!     │ ◀─────────────────────── {"is":"done"} or {"is":"refused","why":…}
//!     │ {"do":"stop"} ─────────────────────▶ │
//!     │ ◀────────── {"is":"done"} when nothing of the desktop is left; then end of stream
//! ```
//!
//! Answers come in the order of requests; reports come in between.

use lunette_frame::Size;
use serde::{Deserialize, Serialize};

use crate::{Report, size_text};

/// Longest line.
pub const LONGEST_LINE: usize = 64 * 1024;

/// A request of hydra.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "lowercase")]
pub enum Request {
    /// Reports from now on.
    Watch,
    /// Another size.
    Resize {
        /// The new size.
        #[serde(with = "size_text")]
        size: Size,
    },
    /// The end.
    Stop,
}

/// What a launcher says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "lowercase")]
pub enum Answer {
    /// A change.
    Report(Box<Report>),
    /// It was done.
    Done,
    /// It was not done.
    Refused {
        /// For people.
        why: String,
    },
}
