//! Takes a lease of one output and flips pages on it at a known rate, each frame numbered in the picture itself: the
//! load that every later hop is measured with.
//!
//! ```text
//!   drm-manager ──lease──▶ Held ──▶ Screen ◀── Painter (what frame n looks like)
//!                                     │ flip, event
//!            Pacer (when) ──▶ loop ◀──┘
//!                               └──▶ FlipTally ──▶ Report ──▶ table or JSON
//! ```

#![forbid(unsafe_code)]

pub mod cli;
mod flip_log;
mod flipping;
mod host_clock;
mod live;
mod pacer;
mod painter;
mod report;
mod screen;
mod session;
mod stats;
mod stop;
mod token_file;

pub use flip_log::LogPlan;
pub use flipping::{FlipError, Plan};
pub use host_clock::HostClock;
pub use lunette_leasing::{Held, LeaseError, Terms, take};
pub use pacer::Pacer;
pub use painter::{Canvas, Coverage, Painter};
pub use report::{Ended, Report, Shown};
pub use screen::{Api, Screen, ScreenError};
pub use session::{RunError, Use, flip};
pub use stats::{FlipTally, Histogram, Times};
pub use stop::Stop;
pub use token_file::TokenFile;
