//! Encoders behind one trait, and the table of those that this machine may have.
//!
//! ```text
//!   open(Choice, EncoderConfig) ──auto() or by name──▶ Candidate ──SizeLimit──▶ Box<dyn Encoder>
//!
//!   Job ──▶ Software: nothing changed? ── yes ─▶ None
//!             │ no
//!             ├─ RateLimit: QP from quality, ceiling and capture time
//!             ├─ Library (openh264.rs, x264.rs): NAL units
//!             └─ Output: the one place every IDR passes ─▶ AccessUnit
//! ```
//!
//! Sizes: 4:2:0 is coded in pairs of rows and columns, and no library takes less than a macroblock. So a side is coded
//! with an even number of pixels, 16 at least, its last column or row repeated.
//! [`AccessUnit::size`](lunette_frame::AccessUnit::size) says what the stream says, not what was asked. How large a
//! picture may be differs from encoder to encoder: [`check_size`] says it without opening one.

#![forbid(unsafe_code)]

mod auto;
mod candidates;
mod encoder;
mod hardware;
mod limit;
mod openh264;
mod output;
mod pad;
mod probe;
mod quality;
mod rate;
mod screen;
mod slices;
mod software;
mod x264;

pub use auto::{Auto, auto};
pub use candidates::{CANDIDATES, Candidate, Choice, Kind, Selection, check_size, open};
pub use encoder::{Applied, Change, EncodeError, Encoder, EncoderConfig, Job, Keyframe};
pub use limit::SizeLimit;
pub use probe::{Probe, probe, probe_all};
pub use quality::{qp_for_openh264, qp_for_x264};
