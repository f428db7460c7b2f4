//! The built viewer, embedded.

#![forbid(unsafe_code)]
