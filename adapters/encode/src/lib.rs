//! Encoders behind one trait.
#![forbid(unsafe_code)]
mod encoder;
pub use encoder::{Applied, Change, EncodeError, Encoder, EncoderConfig, Job, Keyframe};
