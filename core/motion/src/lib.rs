//! How regions of a screen moved between two pictures, found without a hint from whoever drew them.
//!
//! ```text
//!   damage ─▶ Grid: which blocks of 16×16 changed ─▶ too few: no answer
//!                │ changed blocks only
//!   old ─────────┼─▶ lattice of columns: every row of each ─┐ hashes of 32×1 pixels
//!   new ─────────┴─▶ lattice of rows: every pixel of each ──┴▶ Sightings: equal hash = a vote for (dx, dy)
//!                                                                  │ best first
//!   Moves ◀── Areas: blocks joined ◀── Verdict: compared pixel by pixel, block by block
//! ```
//!
//! Any (dx, dy) maps the rows of one lattice onto the columns of the other, so each crossing that carries a letter or an
//! edge is a vote, whatever the displacement. The distance of the lines follows the changed area: the work is about the
//! same from a small pane to a whole screen. Votes only propose; what is answered has been compared. Vertical scrolls are
//! looked for before all else, along columns of both pictures (`docs/decisions/014-motion-without-hints.md`).
//!
//! Only luma is looked at: whoever moves chroma along has to compare it too, since colours may share a luma.

#![deny(unsafe_code)]

mod areas;
mod finder;
mod grid;
mod kernels;
mod lattice;
mod plane;
mod segment;
mod sightings;
#[cfg(target_arch = "aarch64")]
#[allow(unsafe_code, reason = "vector instructions")]
mod simd_neon;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "vector instructions")]
mod simd_x86;
mod verdict;

pub use areas::MAX_MOVES;
pub use finder::{Finder, MAX_SIDE};
pub use plane::{Area, Move, Plane, PlaneError};
