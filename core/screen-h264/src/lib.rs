//! An H.264 encoder for screens, whose cost follows what changed and not how large the picture is.
//!
//! ```text
//!   picture, damage ─▶ Plan: compared with what was shown ─▶ fresh | moved | settling macroblocks
//!                                                                      │
//!   Order (QP, budget, slices) ─▶ Slice ─▶ code_row ─▶ choose ─▶ inter, intra, I_PCM ─▶ syntax, cavlc ─▶ bits
//!                                   │                     │ kernels: transform, quantise, reconstruct
//!                                   ▼                     ▼
//!                               State (headers, counts)  reconstruction, in place or in a second picture
//! ```
//!
//! Constrained baseline, one reference, CAVLC, no deblocking: what every decoder takes, hardware included. Clause numbers
//! are those of ITU-T H.264. Everything is pure: no clock, no thread, no IO; [`Runner`] is where threads come in.

#![deny(unsafe_code)]

mod bitmap;
mod bits;
mod block;
mod cavlc;
mod choose;
mod code_intra;
mod codes;
mod defer;
mod encoder;
mod intra;
mod intra4;
mod kernels;
mod level;
mod parameters;
mod picture;
mod plan;
mod quality;
mod residual;
mod same;
mod search;
mod slice;
mod source;
mod state;
mod syntax;
mod tables;
mod transform;
mod vector;
mod work;

pub use defer::Point;
pub use encoder::{Encoder, InTurn, MAX_SIDE, Order, Qp, Report, Runner, ScreenError, Seen, Settings};
pub use plan::Move;
pub use slice::Slice;
pub use work::Tally;
