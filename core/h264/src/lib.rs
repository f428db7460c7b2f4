//! H.264 byte streams: NAL units, parameter sets, and the low-delay rewrite of the SPS.
//!
//! ```text
//!   encoder ──Annex B──▶ LowDelay::rewrite_access_unit ──▶ AccessUnitFacts::inspect ──▶ fan-out
//!      │                                                          ▲
//!      └──AVCC + avcC──▶ AvcConfig::access_unit_to_annexb ────────┘
//!
//!   NAL unit ──emulation::unescape──▶ RBSP ──BitReader──▶ Sps (Vui, Hrd), Pps
//! ```
//!
//! Clause numbers are those of ITU-T H.264; the AVCC form is that of ISO/IEC 14496-15. Nothing here decodes a
//! picture. Every parser takes bytes from a peer: it is bounded, and it refuses rather than guesses.

#![forbid(unsafe_code)]

pub mod annexb;
mod avc_config;
pub mod avcc;
mod bit_reader;
mod bit_writer;
pub mod emulation;
mod error;
mod facts;
mod hrd;
pub mod invariants;
mod nal;
mod pps;
mod profile;
mod rewrite;
mod scaling;
mod sps;
mod vui;

pub use avc_config::AvcConfig;
pub use avcc::LengthSize;
pub use bit_reader::BitReader;
pub use bit_writer::BitWriter;
pub use error::H264Error;
pub use facts::{AccessUnitFacts, SpsFacts};
pub use hrd::{CpbSchedule, Hrd};
pub use nal::{MAX_PARAMETER_SET, Nal, NalType};
pub use pps::{EntropyMode, Pps, WeightedBipred};
pub use profile::{ConstraintFlags, Level, Profile};
pub use rewrite::{Colour, LowDelay};
pub use sps::{ChromaFormat, Crop, PicOrderCount, Sps};
pub use vui::{AspectRatio, BitstreamRestriction, ChromaLocation, ColourDescription, Timing, VideoSignal, Vui};
