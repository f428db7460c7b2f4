//! Where a desktop's pictures come from.

mod pattern;
mod scanout;

use std::sync::Arc;

use lunette_viewer::{Hub, Video};
use lunette_wire::stream::VideoMode;

use crate::cli::{Args, SourceKind};

pub use pattern::PatternVideo;

/// A desktop's pictures, and the name that the protocol has for their way.
pub struct Source {
    /// The pictures.
    pub video: Arc<dyn Video>,
    /// How they are captured; `None` where every way is as good.
    pub mode: Option<VideoMode>,
    /// What also knows the pointer.
    pub hub: Option<Arc<Hub>>,
}

/// Opens what the flags name.
///
/// # Errors
/// When something of it is missing or cannot be had.
pub fn open(args: &Args) -> anyhow::Result<Source> {
    match args.source {
        SourceKind::Pattern => Ok(Source { video: Arc::new(PatternVideo::new(args)?), mode: None, hub: None }),
        SourceKind::Scanout => {
            let hub = scanout::open(args)?;
            Ok(Source { video: Arc::clone(&hub) as Arc<dyn Video>, mode: Some(VideoMode::Scanout), hub: Some(hub) })
        }
    }
}
