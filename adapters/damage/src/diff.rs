//! The picture before, and the comparison with the next one.

use lunette_frame::{Damage, Picture, PictureError, PictureRef, PixelFormat, Rect, Size};

use crate::band::Band;

/// A picture that cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum DiffError {
    /// Only packed pixels are compared.
    #[error("{0} pictures are not compared, only packed ones")]
    Format(PixelFormat),
    /// No room to keep a picture of this kind.
    #[error("cannot keep a {format} picture of {size}")]
    Keep {
        /// The picture's format.
        format: PixelFormat,
        /// The picture's size.
        size: Size,
        /// Why.
        source: PictureError,
    },
}

/// Keeps the last picture of one scanout and finds the tiles in which the next one differs.
///
/// All four bytes of a pixel count: a source that writes noise into the ignored byte of BGRX or RGBX reports more
/// than it has to, never less.
#[derive(Debug)]
pub struct TileDiff {
    kept: Option<Picture>,
    changed: Damage,
}

impl Default for TileDiff {
    fn default() -> Self {
        Self::new()
    }
}

impl TileDiff {
    /// Pixels on each side of a tile; tiles start at the picture's origin.
    pub const TILE: u32 = 64;

    /// Without a picture yet: the first one counts as changed all over.
    #[must_use]
    pub fn new() -> Self {
        Self { kept: None, changed: Damage::none(Size::new(0, 0)) }
    }

    /// The picture as of the last update, for whoever joins between two of them.
    #[must_use]
    pub fn picture(&self) -> Option<&Picture> {
        self.kept.as_ref()
    }

    /// Compares `picture` with the kept one where `reported` says it may have changed, takes over what differs, and
    /// returns it.
    ///
    /// Every rectangle returned is made of whole tiles, cut to what was reported, and each tile in it has a changed
    /// pixel, as long as [`Damage::MAX_RECTS`] suffice. Pixels outside `reported` are not read. The first picture,
    /// one of another size or format, and damage made for another size count as changed all over. Memory is taken
    /// only then, and while the list of rectangles first grows.
    ///
    /// # Errors
    /// When `picture` is not packed. The kept picture stays.
    pub fn update(&mut self, picture: &PictureRef<'_>, reported: &Damage) -> Result<&Damage, DiffError> {
        let (format, size) = (picture.format(), picture.size());
        if !format.is_packed() {
            return Err(DiffError::Format(format));
        }
        match &mut self.kept {
            Some(kept) if kept.format() == format && kept.size() == size => {
                self.changed.reset(size);
                if reported.bounds() == size {
                    compare(picture, reported, kept, &mut self.changed);
                } else {
                    replace(picture, kept, &mut self.changed);
                }
            }
            kept => {
                let new = Picture::new(format, size);
                let new = new.map_err(|source| DiffError::Keep { format, size, source })?;
                self.changed.reset(size);
                replace(picture, kept.insert(new), &mut self.changed);
            }
        }
        Ok(&self.changed)
    }
}

fn compare(picture: &PictureRef<'_>, reported: &Damage, kept: &mut Picture, changed: &mut Damage) {
    for rect in reported.rects() {
        let mut y = rect.y;
        while y < rect.bottom() {
            let end = (y / TileDiff::TILE + 1).saturating_mul(TileDiff::TILE).min(rect.bottom());
            Band::new(picture, Rect { y, height: end - y, ..*rect }).update(kept, changed);
            y = end;
        }
    }
}

fn replace(picture: &PictureRef<'_>, kept: &mut Picture, changed: &mut Damage) {
    let all = picture.size().bounds();
    Band::new(picture, all).copy(kept, all);
    changed.add(all);
}
