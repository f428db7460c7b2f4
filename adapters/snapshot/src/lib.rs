//! The newest picture of a stream, and what changed since.

#![forbid(unsafe_code)]
