//! The newest picture as it travels, and what of it has not travelled yet.

use bytes::{BufMut, Bytes, BytesMut};
use lunette_color::{ColorError, convert};
use lunette_damage::{DiffError, TileDiff};
use lunette_frame::{Damage, Picture, PictureError, PictureRef, PixelFormat, Rect, Size};
use lunette_remote_encode::{Body, Client, Request};
use lunette_wire::hxfr::{Changes, Fourcc, FrameRequest, TooLarge, put_tile};

use crate::compare;
use crate::travel::Travel;

/// Why a picture cannot be sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeptError {
    #[error("cannot compare the picture")]
    Diff(#[from] DiffError),
    #[error("cannot keep the picture")]
    Picture(#[from] PictureError),
    #[error("cannot convert the picture")]
    Color(#[from] ColorError),
}

/// A copy of the newest picture in NV12. Whatever comes in, less than half of BGRA's bytes travel.
#[derive(Debug)]
pub(crate) struct Kept {
    diff: TileDiff,
    nv12: Option<Picture>,
    pending: Damage,
    /// What the host has, once changes to it travel.
    sent: Option<Sent>,
}

#[derive(Debug)]
struct Sent {
    picture: Picture,
    travel: Travel,
}

impl Kept {
    pub(crate) fn new() -> Self {
        Self { diff: TileDiff::new(), nv12: None, pending: Damage::none(Size::new(0, 0)), sent: None }
    }

    /// Takes a picture over; whether it differs from the one before. Afterwards its memory is needed no more.
    pub(crate) fn take(&mut self, source: &PictureRef<'_>) -> Result<bool, KeptError> {
        let size = source.size();
        let known = self.nv12.take_if(|kept| kept.size() == size);
        let (mut nv12, is_new) = match known {
            Some(known) => (known, false),
            None => (Picture::new(PixelFormat::Nv12, size)?, true),
        };
        let planar = source.format() == PixelFormat::Nv12;
        if is_new || planar {
            // It has not seen what is kept, so next time it has to find everything changed.
            self.diff = TileDiff::new();
        }
        let changed = match planar {
            true if is_new => Damage::full(size),
            true => compare::changed(source, &nv12),
            false => self.diff.update(source, &Damage::full(size))?.clone(),
        };
        convert(source, &changed, &mut nv12)?;
        self.nv12 = Some(nv12);
        self.pending.accumulate(&changed);
        Ok(!changed.is_empty())
    }

    /// Appends the FRAME_REQUEST that is asked for.
    pub(crate) fn request(&mut self, request: &Request, out: &mut BytesMut) -> Result<(), TooLarge> {
        let Some(nv12) = &self.nv12 else { return Ok(()) };
        let picture = nv12.as_ref();
        let (resource, pixels, changes) = match request.body {
            Body::Resource(resource) => (Some(resource), None, None),
            Body::Whole => (None, Some(whole(&picture)), None),
            Body::Tiles => {
                let changes = changes(self.sent.as_mut(), &picture, &self.pending);
                (None, Some(parts(&picture, &changes.tiles)), Some(changes))
            }
        };
        let message = FrameRequest {
            resource,
            size: picture.size(),
            format: Fourcc::Nv12,
            stride: if changes.is_some() { 0 } else { stride(picture.size()) },
            pts: request.offer.pts,
            duration: request.offer.duration,
            force_keyframe: request.force_keyframe,
            offers_tiles: true,
            pixels,
            changes,
        };
        message.encode(Client::SESSION, out)?;
        let was_sent = self.sent.take();
        if request.body == Body::Tiles {
            self.sent = caught_up(was_sent, &picture, &self.pending);
        }
        self.pending.reset(picture.size());
        Ok(())
    }
}

/// How the picture differs from what the host has.
fn changes(sent: Option<&mut Sent>, picture: &PictureRef<'_>, pending: &Damage) -> Changes {
    match sent.filter(|sent| sent.picture.size() == picture.size()) {
        Some(sent) => sent.travel.changes(&sent.picture.as_ref(), picture, pending),
        None => Changes { moves: Vec::new(), tiles: pending.rects().to_vec() },
    }
}

/// What the host had, and has now that everything pending was sent; `None` if that cannot be kept.
fn caught_up(sent: Option<Sent>, picture: &PictureRef<'_>, pending: &Damage) -> Option<Sent> {
    let size = picture.size();
    let (mut sent, behind) = match sent.filter(|sent| sent.picture.size() == size) {
        Some(sent) => (sent, pending.clone()),
        None => {
            let picture = Picture::new(PixelFormat::Nv12, size).ok()?;
            (Sent { picture, travel: Travel::new(size) }, Damage::full(size))
        }
    };
    convert(picture, &behind, &mut sent.picture).ok()?;
    Some(sent)
}

fn stride(size: Size) -> u32 {
    size.width.next_multiple_of(2)
}

/// The picture as every host takes it: rows without gaps, chroma behind an even number of them.
fn whole(picture: &PictureRef<'_>) -> Bytes {
    let (size, planes) = (picture.size(), picture.planes());
    let (stride, rows) = (stride(size) as usize, size.height as usize);
    let mut out = BytesMut::with_capacity(stride * rows.next_multiple_of(2) * 3 / 2);
    for y in (0..rows).chain((!rows.is_multiple_of(2)).then(|| rows - 1)) {
        out.put_slice(planes[0].row(y, 0, size.width as usize));
        out.put_bytes(0, stride - size.width as usize);
    }
    for y in 0..rows.div_ceil(2) {
        out.put_slice(planes[1].row(y, 0, stride));
    }
    out.freeze()
}

fn parts(picture: &PictureRef<'_>, tiles: &[Rect]) -> Bytes {
    let mut out = BytesMut::new();
    tiles.iter().for_each(|tile| put_tile(picture, *tile, &mut out));
    out.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(format: PixelFormat, value: u8) -> Picture {
        let mut picture = Picture::new(format, Size::new(64, 32)).unwrap();
        picture.plane_mut(0).fill(value);
        picture
    }

    #[test]
    fn a_picture_that_comes_back_after_one_of_another_format_is_a_change() {
        let (first, other) = (plain(PixelFormat::Bgrx, 200), plain(PixelFormat::Nv12, 20));
        let mut kept = Kept::new();
        for picture in [&first, &other, &first] {
            assert!(kept.take(&picture.as_ref()).unwrap());
        }
        assert!(!kept.take(&first.as_ref()).unwrap());
    }
}
