//! Pictures as the rest of Lunette sees them: formats, planes, damage and capture time.
//!
//! ```text
//!   Source ──PictureRef + Damage + Pts──▶ diff ──▶ convert into Picture ──▶ encoder ──AccessUnit──▶ fan-out
//! ```
//!
//! Pure data: no clock, no IO. Ids and units are newtypes, so that a width never meets a scanout id.

#![forbid(unsafe_code)]

mod access_unit;
mod damage;
mod geometry;
mod ids;
pub mod marker;
mod picture;
mod pts;

pub use access_unit::{AccessUnit, UnitKind};
pub use damage::Damage;
pub use geometry::{Rect, Size};
pub use ids::{BitRate, BitRateError, FrameRate, FrameRateError, Quality, QualityError, ScanoutId, ScanoutIdError};
pub use picture::{Picture, PictureError, PictureRef, PixelFormat, PlaneRef};
pub use pts::{Pts, PtsStamper};
