//! Reading memory that another process shares and goes on writing.
//!
//! ```text
//!   fd, offset, length ──checked against the file──▶ ReadMap ──copy_rows──▶ memory of our own
//!                                                      │
//!                                     sealed against shrinking? mmap : pread
//! ```
//!
//! The other process may write at any time, so nobody here ever borrows the shared bytes: they are copied out.

#![deny(unsafe_code)]

mod error;
#[allow(unsafe_code, reason = "mapping memory and copying out of it")]
mod mapping;
mod read_map;

pub use error::ShmError;
pub use read_map::{ReadMap, Rows};
