//! One encoded picture.

use bytes::Bytes;

use crate::{Pts, Size};

/// Whether a decoder can start at a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitKind {
    /// An IDR picture with its SPS and PPS: decodable on its own.
    Idr,
    /// Needs every unit since the last IDR.
    Delta,
}

/// One encoded picture in Annex B form; cheap to clone, since subscribers share the bytes.
#[derive(Debug, Clone)]
pub struct AccessUnit {
    /// Whether a decoder can start here.
    pub kind: UnitKind,
    /// Capture time, strictly increasing within a stream.
    pub pts: Pts,
    /// Size of the picture as a viewer shows it, after cropping.
    pub size: Size,
    /// The NAL units with their start codes.
    pub data: Bytes,
}

impl AccessUnit {
    /// Whether a decoder can start here.
    #[must_use]
    pub fn is_idr(&self) -> bool {
        self.kind == UnitKind::Idr
    }
}
