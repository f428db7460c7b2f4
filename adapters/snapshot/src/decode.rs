//! Access units to pictures, and to what they changed.

use std::sync::{Arc, PoisonError};

use lunette_cause::chain;
use lunette_color::convert;
use lunette_frame::{AccessUnit, Damage, Picture, PictureRef, PixelFormat, PlaneRef, Size};
use lunette_sys_openh264::{Decoded, Decoder};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::compare::{Strictness, compare};
use crate::state::Shared;
use crate::tiles::Tiles;

/// What the thread is told.
#[derive(Debug)]
pub(crate) enum Order {
    /// The next unit, and when it came.
    Unit(u64, AccessUnit, Instant),
    /// There is nothing newer at this moment.
    CaughtUp(Instant),
}

/// Decodes one subscription from its first IDR to its end.
pub(crate) struct Reader {
    decoder: Decoder,
    shared: Arc<Shared>,
    started: bool,
    /// Whether the newest picture is one of this subscription.
    joined: bool,
    /// Pictures that were decoded.
    pictures: u64,
}

impl Reader {
    pub(crate) fn new(shared: Arc<Shared>) -> Result<Self, String> {
        let decoder = Decoder::new().map_err(|error| chain(&error))?;
        Ok(Self { decoder, shared, started: false, joined: false, pictures: 0 })
    }

    /// Until there are no more orders, or something does not decode. Returns how many pictures there were.
    pub(crate) fn run(mut self, mut orders: mpsc::Receiver<Order>) -> (u64, Result<(), String>) {
        let shared = Arc::clone(&self.shared);
        let _alone = shared.decoding.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(order) = orders.blocking_recv() {
            let result = match order {
                Order::Unit(frame, unit, at) => self.unit(frame, &unit, at),
                Order::CaughtUp(at) => {
                    self.shared.change(|state| state.caught_up(at));
                    Ok(())
                }
            };
            if let Err(cause) = result {
                return (self.pictures, Err(cause));
            }
        }
        (self.pictures, Ok(()))
    }

    fn unit(&mut self, frame: u64, unit: &AccessUnit, at: Instant) -> Result<(), String> {
        self.started |= unit.is_idr();
        let result = if self.started { self.decode(frame, unit, at) } else { Ok(()) };
        self.shared.change(|state| state.waiting = state.waiting.saturating_sub(1));
        result
    }

    fn decode(&mut self, frame: u64, unit: &AccessUnit, at: Instant) -> Result<(), String> {
        let decoded = self.decoder.decode(&unit.data).map_err(|error| format!("picture {frame}: {error}"))?;
        let Some(decoded) = decoded else { return Ok(()) };
        let picture = picture(&decoded).map_err(|error| format!("picture {frame}: {error}"))?;
        self.pictures += 1;
        let strictness = if self.joined && !unit.is_idr() { Strictness::Exact } else { Strictness::Forgiving };
        let taken = take_over(&self.shared, frame, &picture, strictness, at);
        self.joined |= taken.map_err(|error| format!("picture {frame}: {error}"))?;
        Ok(())
    }
}

fn picture<'a>(decoded: &Decoded<'a>) -> Result<PictureRef<'a>, lunette_frame::PictureError> {
    let plane = |index: usize| PlaneRef { data: decoded.planes[index], stride: decoded.strides[index] };
    let size = Size::new(decoded.width, decoded.height);
    PictureRef::new(PixelFormat::I420, size, &[plane(0), plane(1), plane(2)])
}

/// Makes `picture` the newest one, unless a newer one is known.
fn take_over(
    shared: &Shared,
    frame: u64,
    picture: &PictureRef<'_>,
    strictness: Strictness,
    at: Instant,
) -> Result<bool, String> {
    let newest = shared.state().shot();
    let Some(newest) = newest else { return begin(shared, frame, picture, at).map(|()| true) };
    if frame < newest.frame() {
        // The start of a subscription, on its way to what is known already.
        return Ok(false);
    }
    let same_size = newest.size() == picture.size();
    let tiles =
        if same_size { compare(&newest.picture().as_ref(), picture, strictness) } else { Tiles::all(picture.size()) };
    // Not held while it is changed: a picture that nobody else holds is changed in place.
    let again = frame == newest.frame();
    drop(newest);
    let kept = if same_size { shared.state().take_picture() } else { None };
    let kept = match kept {
        Some(mut kept) => {
            // What was forgiven is taken over too, so that the next comparison is with what the decoder holds.
            let damage = if strictness == Strictness::Exact { tiles.damage() } else { Damage::full(picture.size()) };
            copy(picture, &damage, Arc::make_mut(&mut kept))?;
            kept
        }
        None => owned(picture)?,
    };
    shared.change(|state| {
        state.put_picture(kept);
        // Coded once more, the same picture is no change.
        if !again || !same_size {
            state.history.push(frame, tiles, at);
        }
    });
    Ok(true)
}

fn begin(shared: &Shared, frame: u64, picture: &PictureRef<'_>, at: Instant) -> Result<(), String> {
    let kept = owned(picture)?;
    shared.change(|state| {
        state.put_picture(kept);
        state.history.start(frame, picture.size(), at);
    });
    Ok(())
}

fn owned(picture: &PictureRef<'_>) -> Result<Arc<Picture>, String> {
    let mut kept = Picture::new(PixelFormat::I420, picture.size()).map_err(|error| error.to_string())?;
    copy(picture, &Damage::full(picture.size()), &mut kept)?;
    Ok(Arc::new(kept))
}

fn copy(picture: &PictureRef<'_>, damage: &Damage, target: &mut Picture) -> Result<(), String> {
    convert(picture, damage, target).map_err(|error| chain(&error))
}
