//! One picture, and the part of it that somebody wants to see.

use std::sync::Arc;

use lunette_frame::{Picture, Rect, Size};

use crate::SnapshotError;
use crate::color::to_rgb;
use crate::cursor::Cursor;
use crate::image::Image;
use crate::scale::Scale;

/// A picture of the stream, with its number. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Shot {
    frame: u64,
    picture: Arc<Picture>,
}

/// What to show of a picture. By default all of it, as it is.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// This part only, cut to the picture.
    pub region: Option<Rect>,
    /// Smaller than it is.
    pub scale: Scale,
    /// With the pointer drawn in.
    pub cursor: Option<Cursor>,
}

impl Shot {
    /// A picture in I420 with this number.
    #[must_use]
    pub fn new(frame: u64, picture: Arc<Picture>) -> Self {
        Self { frame, picture }
    }

    /// Its number.
    #[must_use]
    pub fn frame(&self) -> u64 {
        self.frame
    }

    /// Its size.
    #[must_use]
    pub fn size(&self) -> Size {
        self.picture.size()
    }

    /// The samples.
    #[must_use]
    pub fn picture(&self) -> &Picture {
        &self.picture
    }

    pub(crate) fn share(&self) -> Arc<Picture> {
        Arc::clone(&self.picture)
    }

    /// As pixels in RGB. Takes milliseconds of processor time.
    ///
    /// # Errors
    /// When the region has no pixel in the picture, or the cursor's pixels do not fit its size.
    pub fn render(&self, view: &View) -> Result<Image, SnapshotError> {
        let size = self.size();
        let region = view.region.unwrap_or(size.bounds());
        let part = region.intersect(size.bounds()).ok_or(SnapshotError::Region { region, size })?;
        let mut image = to_rgb(&self.picture, part)?;
        if let Some(cursor) = &view.cursor {
            cursor.draw(&mut image, part)?;
        }
        Ok(view.scale.apply(image))
    }
}
