//! Pixels into what an H.264 encoder eats: 4:2:0, BT.709, limited range.
//!
//! ```text
//!   BGRA BGRX RGBA RGBX ──▶ kernel (SIMD) ──┐
//!   NV12 ◀──▶ I420      ──▶ weave, split  ──┼──▶ the damaged part of a kept Picture
//!   any ──▶ the same    ──▶ copy          ──┘
//! ```
//!
//! A chroma sample is the mean of the two by two pixels it covers; where an odd size leaves fewer, of those that
//! exist. The result does not depend on how the damage is cut into rectangles, so a picture that was converted by
//! pieces is byte for byte the picture converted at once.

#![forbid(unsafe_code)]

mod convert;
mod error;
mod kernel;
mod packed;
mod planes;

pub use convert::convert;
pub use error::ColorError;
