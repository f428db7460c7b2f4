//! The loop that feeds a viewer session.

#![forbid(unsafe_code)]
