//! Where a desktop's pictures come from.

mod pattern;
mod scanout;
mod surroundings;

use std::sync::Arc;

use lunette_viewer::{Hub, Video};
use lunette_wire::stream::VideoMode;

use self::surroundings::Surrounded;
use crate::cli::{Args, SourceKind};
use crate::sink::SinkState;

pub use pattern::PatternVideo;
pub use surroundings::Surroundings;

/// A desktop's pictures, and the name that the protocol has for their way.
pub struct Source {
    /// The pictures.
    pub video: Arc<dyn Video>,
    /// How they are captured; `None` where every way is as good.
    pub mode: Option<VideoMode>,
    /// What also knows the pointer.
    pub hub: Option<Arc<Hub>>,
    /// What also knows the desktop behind the pictures.
    pub surroundings: Option<Arc<Surroundings>>,
}

/// Opens what the flags name.
///
/// # Errors
/// When something of it is missing or cannot be had.
pub fn open(args: &Args, sink: &Arc<SinkState>) -> anyhow::Result<Source> {
    match args.source {
        SourceKind::Pattern => {
            Ok(Source { video: Arc::new(PatternVideo::new(args)?), mode: None, hub: None, surroundings: None })
        }
        SourceKind::Scanout => {
            let hub = scanout::open(args)?;
            let surroundings = Arc::new(Surroundings::new(Arc::clone(sink)));
            let video = Surrounded::new(Arc::clone(&hub) as Arc<dyn Video>, Arc::clone(&surroundings));
            Ok(Source {
                video: Arc::new(video),
                mode: Some(VideoMode::Scanout),
                hub: Some(hub),
                surroundings: Some(surroundings),
            })
        }
    }
}
