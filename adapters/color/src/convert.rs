//! Which way a pair of formats takes.

use lunette_frame::{Damage, Picture, PictureRef, PixelFormat, Rect};

use crate::{ColorError, packed, planes};

type Step = fn(&PictureRef<'_>, Rect, &mut Picture) -> Result<(), ColorError>;

/// Brings the damaged part of `target` up to `source`; the rest of it keeps its samples.
///
/// Rectangles grow outwards to even coordinates, because a chroma sample needs all its pixels. `target` is I420 or
/// NV12, or has the format of `source`, which makes it a copy. Nothing is allocated.
///
/// # Errors
/// When the sizes of `source`, `damage` and `target` differ, or no conversion between the formats exists. `target`
/// is unchanged then.
pub fn convert(source: &PictureRef<'_>, damage: &Damage, target: &mut Picture) -> Result<(), ColorError> {
    let size = source.size();
    if target.size() != size {
        return Err(ColorError::Size { from: size, to: target.size() });
    }
    if damage.bounds() != size {
        return Err(ColorError::Damage { damage: damage.bounds(), picture: size });
    }
    let step = step(source.format(), target.format())?;
    damage.rects().iter().try_for_each(|rect| step(source, rect.align_out(2, size), target))
}

fn step(from: PixelFormat, to: PixelFormat) -> Result<Step, ColorError> {
    match (from, to) {
        _ if from == to => Ok(planes::copy),
        (PixelFormat::I420, PixelFormat::Nv12) => Ok(planes::weave),
        (PixelFormat::Nv12, PixelFormat::I420) => Ok(planes::split),
        (_, PixelFormat::I420 | PixelFormat::Nv12) => Ok(packed::convert),
        _ => Err(ColorError::Formats { from, to }),
    }
}
