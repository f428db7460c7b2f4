//! Writes the root of a desktop image: an EROFS file system, read-only by design, not compressed.
//!
//! Written here rather than by a tool, so that it is the same bytes whatever the machine has installed, and so that
//! owners and attributes come from an archive and nobody has to be root. Nothing in it is compressed: an emulated
//! processor unpacks slowly, and a disk image is read from the host's page cache.
//!
//! ```text
//!   0        1024          4096                          data
//!   ├────────┼─────────────┼─────────────────────────────┼──────────────────────────────
//!   │        │ super block │ inodes, each followed by    │ what of files and folders does
//!   │        │             │ attributes and a short tail │ not fit behind their inode
//! ```

mod folder;
mod inode;
mod layout;
mod write;

pub(crate) use write::{Identity, write};

/// The unit of everything; an inode's tail never crosses one.
pub(crate) const BLOCK: u64 = 4096;

#[cfg(test)]
mod tests;
