//! The stream, for who looks at single pictures: one more viewer, for all of them.

use std::sync::Arc;

use lunette_frame::Size;
use lunette_snapshot::{Feed, Next};
use lunette_viewer::{Lounge, Video, Watching};

/// Joins the stream when somebody wants to look.
pub(crate) struct Looking {
    video: Arc<dyn Video>,
    lounge: Arc<Lounge>,
}

struct LookingFeed {
    watching: Box<dyn Watching>,
    lounge: Arc<Lounge>,
    size: Option<Size>,
}

impl Looking {
    pub(crate) fn new(video: Arc<dyn Video>, lounge: Arc<Lounge>) -> Self {
        Self { video, lounge }
    }

    pub(crate) fn feed(&self) -> Result<Box<dyn Feed>, String> {
        let watching = self.video.look().map_err(|none| format!("{} {}", none.reason, none.detail))?;
        Ok(Box::new(LookingFeed { watching, lounge: Arc::clone(&self.lounge), size: None }))
    }
}

impl Feed for LookingFeed {
    fn next(&mut self) -> Next<'_> {
        Box::pin(async move {
            let unit = self.watching.next().await.map_err(|none| none.reason)?.unit;
            if self.size != Some(unit.size) {
                self.size = Some(unit.size);
                self.lounge.set_size(unit.size);
            }
            // The number of a picture is its capture time on the wire, which viewers see too.
            Ok((unit.pts.as_nanos() / 1000, unit))
        })
    }
}
