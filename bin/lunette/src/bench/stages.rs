//! What happens to a captured picture before it is encoded: the steps of frame-export, in its order, each timed.

use std::time::Duration;

use anyhow::Result;
use lunette_capture::Frame;
use lunette_damage::TileDiff;
use lunette_frame::{Damage, Picture, PixelFormat, Size};

use super::clock::process_cpu;

/// The last picture of a screen, as captured and as encoders take it.
#[derive(Debug)]
pub(crate) struct Stages {
    diff: TileDiff,
    converted: Picture,
    changed: Damage,
}

/// CPU time of each step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StageCosts {
    pub(crate) diff: Duration,
    pub(crate) convert: Duration,
}

impl Stages {
    pub(crate) fn new(format: PixelFormat, size: Size) -> Result<Self> {
        let converted = Picture::new(format, size)?;
        Ok(Self { diff: TileDiff::new(), converted, changed: Damage::none(size) })
    }

    /// Takes over a captured picture.
    pub(crate) fn take(&mut self, frame: &Frame<'_>) -> Result<StageCosts> {
        let start = process_cpu();
        let changed = self.diff.update(&frame.picture, frame.damage)?;
        let compared = process_cpu();
        if !changed.is_empty() {
            lunette_color::convert(&frame.picture, changed, &mut self.converted)?;
        }
        self.changed.clone_from(changed);
        let converted = process_cpu();
        Ok(StageCosts { diff: compared.saturating_sub(start), convert: converted.saturating_sub(compared) })
    }

    /// The picture as encoders take it.
    pub(crate) fn picture(&self) -> &Picture {
        &self.converted
    }

    /// What the last picture changed.
    pub(crate) fn changed(&self) -> &Damage {
        &self.changed
    }
}
