//! One desktop: its stream, its input, its HTTP API.

#![forbid(unsafe_code)]
