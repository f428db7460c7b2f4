//! Pictures of a wlroots compositor by wlr-screencopy.
//!
//! ```text
//!   thread "screencopy": buffer ─▶ copy_with_damage ─▶ damage… ready ─▶ Shared ── doorbell ─▶ pipeline
//!        ▲                                                                │
//!        └──────────── capture_output, when the picture was taken ◀── poll: rows out of the memfd
//! ```
//! The compositor is asked for the next picture only after the last one was taken: what changes meanwhile is one change.

mod capture;
mod shared;
mod source;

pub use source::Desktop;
