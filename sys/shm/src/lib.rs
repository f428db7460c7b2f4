//! Reading memory that another process shares and goes on writing.
//!
//! ```text
//!   fd, offset, length ──checked against the file──▶ SharedRange ──copy_rows, by pread──▶ memory of our own
//! ```
//!
//! The bytes are copied out by system calls. A mapping is only safe where the file is sealed against shrinking: whoever
//! touches what is gone from a mapped file is killed. QEMU makes the memory of its pictures with `memfd_create` and
//! without seals, and allows none to be added.

#![forbid(unsafe_code)]

mod error;
mod range;

pub use error::ShmError;
pub use range::{Rows, SharedRange};
