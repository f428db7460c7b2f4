//! Encoders behind one trait, and the table of those that this machine may have.
//!
//! ```text
//!   open(Choice, EncoderConfig) ──CANDIDATES──▶ Box<dyn Encoder>
//!
//!   Job ──▶ Software: nothing changed? ── yes ─▶ None
//!             │ no
//!             ├─ RateLimit: QP from quality, ceiling and capture time
//!             ├─ Library (openh264.rs, x264.rs): NAL units
//!             └─ Output: the one place every IDR passes ─▶ AccessUnit
//! ```
//!
//! Odd sizes: 4:2:0 is coded in pairs of rows and columns, so a picture of odd width or height is coded one pixel
//! larger, its last column or row repeated. [`AccessUnit::size`](lunette_frame::AccessUnit::size) says what the
//! stream says, not what was asked.

#![forbid(unsafe_code)]

mod candidates;
mod encoder;
mod even;
mod hardware;
mod openh264;
mod output;
mod probe;
mod quality;
mod rate;
mod software;
mod x264;

pub use candidates::{CANDIDATES, Candidate, Choice, Kind, Selection, open};
pub use encoder::{Applied, Change, EncodeError, Encoder, EncoderConfig, Job, Keyframe};
pub use probe::{Probe, probe, probe_all};
pub use quality::{qp_for_openh264, qp_for_x264};
