//! x264, opened at run time: nothing here links it, and a program starts without it.
//!
//! ```text
//!   Library::load ── dlopen ─▶ symbols ─▶ layout checks ─▶ trial picture ─▶ Library
//!   Encoder::open(&Library, Settings) ─▶ encode(I420, PictureType, qp) ─▶ Annex B bytes appended to a BytesMut
//! ```
//!
//! x264 is licensed under the GPL. A program that loads it at its user's wish is not derived from it, but who ships
//! both together should think about that; nothing in Lunette chooses it unasked.
//!
//! Its parameter struct changes from build to build. So nearly everything is set through strings
//! (`x264_param_parse`), and the few fields without one are touched only after [`Library::load`] has seen, in the
//! library at hand, that they are where we think they are.

mod api;
mod encoder;
mod error;
mod layout;
mod probe;
mod settings;

pub use api::Library;
pub use encoder::{Encoder, I420, PictureType};
pub use error::Error;
pub use settings::{MAX_SIDE, MIN_SIDE, Preset, Settings};
