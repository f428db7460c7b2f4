//! The picture that a peer's changes are made to, as it was sent.

use lunette_color::convert;
use lunette_frame::{Damage, Picture, PictureRef, Rect};
use lunette_wire::hxfr::FrameRequest;

use super::RequestError;

/// Kept for peers that can send tiles, and for nobody else: it is as large as what they send.
#[derive(Debug, Default)]
pub(crate) struct Base {
    kept: Option<Picture>,
    /// What `kept` was, for moves to take from: of peers that send any.
    before: Option<Picture>,
}

impl Base {
    pub(crate) fn is_kept(&self) -> bool {
        self.kept.is_some()
    }

    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Keeps a whole picture; `None` forgets the one before it.
    pub(crate) fn keep(&mut self, picture: Option<&PictureRef<'_>>) -> Result<(), RequestError> {
        let Some(picture) = picture else {
            self.forget();
            return Ok(());
        };
        let older = self.kept.take();
        self.kept = Some(copy(picture, older)?);
        Ok(())
    }

    /// Changes the kept picture by a request's moves and tiles; the picture, and what differs now.
    ///
    /// Without either everything counts as changed: the same picture is to be coded again.
    pub(crate) fn change(&mut self, request: &FrameRequest) -> Result<(PictureRef<'_>, Damage), RequestError> {
        let fits = |kept: &Picture| request.format.pixel_format() == Some(kept.format()) && request.size == kept.size();
        let kept = self.kept.as_mut().filter(|kept| fits(kept)).ok_or(RequestError::NoBase)?;
        let mut damage = Damage::none(request.size);
        let moves = request.moves().map_err(RequestError::Pixels)?;
        if !moves.is_empty() {
            let older = self.before.take();
            let before = self.before.insert(copy(&kept.as_ref(), older)?);
            for moved in moves {
                put(before.as_ref().rows_moved(moved.rect, moved.from_x, moved.from_y), moved.rect, kept);
                damage.add(moved.rect);
            }
        }
        let pasted = request.each_tile(|rect, tile| {
            put(tile.rows(tile.size().bounds()), rect, kept);
            damage.add(rect);
        });
        pasted.map_err(RequestError::Pixels)?;
        if damage.is_empty() {
            damage = Damage::full(request.size);
        }
        Ok((kept.as_ref(), damage))
    }
}

/// A copy, in the memory of an older one if that fits.
fn copy(of: &PictureRef<'_>, into: Option<Picture>) -> Result<Picture, RequestError> {
    let (format, size) = (of.format(), of.size());
    let fitting = into.filter(|old| (old.format(), old.size()) == (format, size));
    let mut copy = match fitting {
        Some(old) => old,
        None => Picture::new(format, size)?,
    };
    convert(of, &Damage::full(size), &mut copy)?;
    Ok(copy)
}

/// Puts rows, those of each plane in turn, where they belong.
fn put<'a>(mut rows: impl Iterator<Item = &'a [u8]>, rect: Rect, target: &mut Picture) {
    let format = target.format();
    for index in 0..format.plane_count() {
        let (left, top) = (format.row_bytes(index, rect.x), format.rows(index, rect.y));
        let (bottom, stride) = (format.rows(index, rect.bottom()), target.stride(index));
        let there = target.plane_mut(index).chunks_mut(stride).take(bottom).skip(top);
        // Planes first: a row is taken only when there is a place for it.
        for (place, row) in there.zip(&mut rows) {
            place[left..left + row.len()].copy_from_slice(row);
        }
    }
}
