//! The newest picture of a stream as a file to look at, and what changed since an earlier one.
//!
//! ```text
//!                 ┌ task ┐ units, ≤ 8  ┌ thread "snapshot" ┐  newest picture   ┌──────────── callers ───────────┐
//!   Feed::next ──▶│ pump ├────────────▶│ decode ▶ compare  ├─────────────────▶ │ shot ▶ Image ▶ PNG, JPEG, WebP │
//!                 └──────┘             └───────────────────┘ 512 frames of     │ changed_since, unchanged_since │
//!                  ends after 30 s without a caller          what changed      │ wait_change, wait_stable       │
//!                                                                              └────────────────────────────────┘
//! ```
//!
//! The stream is decoded, so that looking never disturbs it: a subscriber more is all that the encoder sees. Nobody
//! looks: nothing is decoded. Many look: it is decoded once. What changed is told by tiles of 16×16 pixels that differ
//! between two decoded pictures. Of a picture that starts anew (an IDR) the noise of coding is forgiven: whoever joins
//! a stream causes one, and that is no change of the desktop.

#![forbid(unsafe_code)]

mod color;
mod compare;
mod cursor;
mod decode;
mod error;
mod feed;
mod history;
mod image;
mod pump;
mod scale;
mod shot;
mod snapshots;
mod state;
mod tiles;

pub use cursor::Cursor;
pub use error::SnapshotError;
pub use feed::{Feed, Next};
pub use history::Changed;
pub use image::{Encoding, Image};
pub use scale::Scale;
pub use shot::{Shot, View};
pub use snapshots::{ChangeWait, Snapshots, StableWait};
