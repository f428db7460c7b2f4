//! Conversion through the public interface: how exact, by pieces, and between 4:2:0 formats.

#![forbid(unsafe_code)]

mod accuracy;
mod pieces;
mod planes;
mod refusals;
mod source;
