//! From a captured picture to one that an encoder takes: compare, then convert what changed.

use std::time::Instant;

use lunette_capture::Frame;
use lunette_color::ColorError;
use lunette_damage::{DiffError, TileDiff};
use lunette_frame::{Damage, Picture, PictureError, PixelFormat, Size};

use crate::metrics::ScanoutMetrics;

/// Why a captured picture cannot be encoded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StageError {
    #[error("cannot compare the picture")]
    Diff(#[from] DiffError),
    #[error("cannot keep a picture to encode")]
    Picture(#[from] PictureError),
    #[error("cannot convert the picture")]
    Color(#[from] ColorError),
}

/// The last picture of a scanout, as captured and as encoders take it.
#[derive(Debug, Default)]
pub(crate) struct Stages {
    diff: TileDiff,
    converted: Option<Picture>,
}

impl Stages {
    /// Takes over a captured picture; returns what changed.
    pub(crate) fn take(&mut self, frame: &Frame<'_>, metrics: &ScanoutMetrics) -> Result<&Damage, StageError> {
        let started = Instant::now();
        let dirty = self.diff.update(&frame.picture, frame.damage)?;
        let compared = Instant::now();
        metrics.diff.observe_time(compared - started);
        let converted = kept(&mut self.converted, frame.picture.size())?;
        if !dirty.is_empty() {
            lunette_color::convert(&frame.picture, dirty, converted)?;
            metrics.convert.observe_time(compared.elapsed());
            metrics.damage.observe(dirty.share());
        }
        Ok(dirty)
    }

    /// The picture as encoders take it; `None` before the first.
    pub(crate) fn picture(&self) -> Option<&Picture> {
        self.converted.as_ref()
    }
}

/// The picture that encoders take, made anew for another size.
pub(crate) fn kept(picture: &mut Option<Picture>, size: Size) -> Result<&mut Picture, PictureError> {
    let fitting = picture.take().filter(|picture| picture.size() == size);
    Ok(picture.insert(match fitting {
        Some(picture) => picture,
        None => Picture::new(PixelFormat::I420, size)?,
    }))
}
