//! The git work trees of a desktop: what is in them, what changed, and how it is kept.
//!
//! ```text
//!   Trees: one folder ─▶ Tree: one repository ─┬─ status, review, checkpoints ─▶ Git: the program, bounded
//!                                              ├─ publish: commit and push ─────▶   (arguments only, no shell)
//!                                              └─ listing, contents ─▶ the files themselves, by descriptors
//! ```
//! Whoever asks names things in texts of their own: a work tree, a branch, a path. Each is checked before it is used, and
//! is never in a place where git would take it for an option, a pattern or another repository.
//!
//! Looking changes nothing: neither the person's index nor a work tree, and no hook runs. What has to be staged to be
//! looked at is staged in an index of its own. All calls block, each for some seconds at most.

#![forbid(unsafe_code)]

mod changes;
mod checkpoint;
mod contents;
mod diff;
mod error;
mod git;
mod listing;
mod names;
mod publish;
mod review;
mod snapshot;
mod status;
mod tree;
mod trees;

pub use changes::{Change, ChangeKind, Changes, Counted};
pub use checkpoint::Captured;
pub use contents::Contents;
pub use diff::{Patch, Whitespace};
pub use error::WorktreeError;
pub use git::{Git, Limits};
pub use listing::{Entry, EntryKind, Listing};
pub use names::{BaseName, BranchName, CheckpointRef, NameError, TreePath};
pub use publish::{Action, Message, Published};
pub use review::{Review, Source};
pub use status::Status;
pub use tree::Tree;
pub use trees::{Described, Trees};
