//! OpenH264, built from source and linked statically: an encoder for I420 pictures and a decoder.
//!
//! ```text
//!   I420 ──Encoder::encode──▶ Annex B bytes appended to a BytesMut ──Decoder::decode──▶ Decoded (borrowed planes)
//! ```
//!
//! The library is C++ behind a table of function pointers. Each handle owns one instance, frees it on drop, and is
//! silent: what goes wrong comes back as an [`Error`]. With nasm on the building machine the library uses its
//! assembly; without nasm it builds all the same and is several times slower.

mod decoder;
mod encoder;
mod error;
mod picture;
mod settings;

pub use decoder::{Decoded, Decoder};
pub use encoder::{Encoder, FrameType};
pub use error::Error;
pub use picture::I420;
pub use settings::{MAX_PIXELS, MAX_SIDE, MIN_SIDE, Settings};

/// Version of the library that is linked in, such as `2.6.0`.
#[must_use]
pub fn version() -> String {
    // SAFETY: the call takes no argument and returns a plain struct.
    let version = unsafe { openh264_sys2::source::APILoader::WelsGetCodecVersion() };
    format!("{}.{}.{}", version.uMajor, version.uMinor, version.uRevision)
}
