//! What really changed: a picture compared with the one before it, by tiles of 64×64 pixels.
//!
//! ```text
//!   PictureRef ───┐  row by row,          tile by tile,          runs of dirty tiles
//!   reported ─────┼─▶ whole rows ─differs─▶ until known dirty ──▶ copied into the kept picture,
//!   kept Picture ─┘       │                                       added to Damage
//!                         └─equal─▶ next row
//! ```
//!
//! Sources report too much: newer guest kernels name the whole picture on every flip. Telling an encoder the truth
//! costs one read of both pictures when nothing changed, and one copy of what did.

#![forbid(unsafe_code)]

mod band;
mod diff;

pub use diff::{DiffError, TileDiff};
