//! The picture that a peer's tiles change, as it was sent.

use lunette_color::convert;
use lunette_frame::{Damage, Picture, PictureRef, Rect};
use lunette_wire::hxfr::FrameRequest;

use super::RequestError;

/// Kept for peers that can send tiles, and for nobody else: it is as large as what they send.
#[derive(Debug, Default)]
pub(crate) struct Base(Option<Picture>);

impl Base {
    pub(crate) fn is_kept(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn forget(&mut self) {
        self.0 = None;
    }

    /// Keeps a whole picture; `None` forgets the one before it.
    pub(crate) fn keep(&mut self, picture: Option<&PictureRef<'_>>) -> Result<(), RequestError> {
        let Some(picture) = picture else {
            self.forget();
            return Ok(());
        };
        let (format, size) = (picture.format(), picture.size());
        let fitting = self.0.take().filter(|kept| (kept.format(), kept.size()) == (format, size));
        let kept = match fitting {
            Some(kept) => kept,
            None => Picture::new(format, size)?,
        };
        convert(picture, &Damage::full(size), self.0.insert(kept))?;
        Ok(())
    }

    /// Changes the kept picture by a request's tiles; the picture, and what differs now.
    ///
    /// Without a tile everything counts as changed: the same picture is to be coded again.
    pub(crate) fn change(&mut self, request: &FrameRequest) -> Result<(PictureRef<'_>, Damage), RequestError> {
        let fits = |kept: &Picture| request.format.pixel_format() == Some(kept.format()) && request.size == kept.size();
        let kept = self.0.as_mut().filter(|kept| fits(kept)).ok_or(RequestError::NoBase)?;
        let mut damage = Damage::none(request.size);
        let pasted = request.each_tile(|rect, tile| {
            paste(tile, rect, kept);
            damage.add(rect);
        });
        pasted.map_err(RequestError::Pixels)?;
        if damage.is_empty() {
            damage = Damage::full(request.size);
        }
        Ok((kept.as_ref(), damage))
    }
}

/// Puts a picture of one tile where it belongs.
fn paste(tile: &PictureRef<'_>, rect: Rect, target: &mut Picture) {
    let format = tile.format();
    for (index, plane) in tile.planes().iter().enumerate() {
        let (left, top) = (format.row_bytes(index, rect.x), format.rows(index, rect.y));
        let (row, stride) = (format.row_bytes(index, rect.width), target.stride(index));
        let rows = target.plane_mut(index).chunks_mut(stride).skip(top);
        for (y, target) in rows.take(format.rows(index, rect.height)).enumerate() {
            target[left..left + row].copy_from_slice(plane.row(y, 0, row));
        }
    }
}
