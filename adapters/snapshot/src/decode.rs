//! Access units to pictures, and to what they changed.

use std::sync::{Arc, PoisonError};

use lunette_cause::chain;
use lunette_color::convert;
use lunette_frame::{AccessUnit, Damage, Picture, PictureRef, PixelFormat, PlaneRef, Size};
use lunette_sys_openh264::{Decoded, Decoder};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::compare::{Strictness, compare};
use crate::shot::Shot;
use crate::state::{Shared, State};
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
    /// The picture before the newest one, for its memory.
    spare: Option<Arc<Picture>>,
}

impl Reader {
    pub(crate) fn new(shared: Arc<Shared>) -> Result<Self, String> {
        let decoder = Decoder::new().map_err(|error| chain(&error))?;
        Ok(Self { decoder, shared, started: false, joined: false, pictures: 0, spare: None })
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
        let result = if self.started { self.decode(frame, unit) } else { Ok(None) };
        let update = result.map_err(|cause| format!("picture {frame}: {cause}"))?;
        self.joined |= update.is_some();
        self.shared.change(|state| {
            state.waiting = state.waiting.saturating_sub(1);
            if let Some(update) = update {
                update.apply(state, frame, at);
            }
        });
        Ok(())
    }

    fn decode(&mut self, frame: u64, unit: &AccessUnit) -> Result<Option<Update>, String> {
        let Some(decoded) = self.decoder.decode(&unit.data).map_err(|error| chain(&error))? else { return Ok(None) };
        let picture = picture(&decoded).map_err(|error| chain(&error))?;
        self.pictures += 1;
        let strictness = if self.joined && !unit.is_idr() { Strictness::Exact } else { Strictness::Forgiving };
        let newest = self.shared.state().shot();
        match newest {
            None => Ok(Some(Update { picture: owned(&picture)?, change: Change::Start })),
            // The start of a subscription, on its way to what is known already.
            Some(newest) if frame < newest.frame() => Ok(None),
            Some(newest) => follow(&mut self.spare, &newest, frame, &picture, strictness).map(Some),
        }
    }
}

/// What `picture` is to the newest one.
fn follow(
    spare: &mut Option<Arc<Picture>>,
    newest: &Shot,
    frame: u64,
    picture: &PictureRef<'_>,
    strictness: Strictness,
) -> Result<Update, String> {
    if newest.size() != picture.size() {
        return Ok(Update { picture: owned(picture)?, change: Change::Tiles(Tiles::all(picture.size())) });
    }
    let tiles = compare(&newest.picture().as_ref(), picture, strictness);
    // What was forgiven is kept too, so that the next comparison is with what the decoder holds.
    let equal = strictness == Strictness::Exact && tiles.is_empty();
    let kept = if equal { newest.share() } else { keep(spare, picture)? };
    *spare = Some(newest.share()).filter(|_| !equal);
    Ok(Update { picture: kept, change: if frame == newest.frame() { Change::Again } else { Change::Tiles(tiles) } })
}

/// The picture in memory of its own: that of the last but one, if nobody else holds it.
fn keep(spare: &mut Option<Arc<Picture>>, picture: &PictureRef<'_>) -> Result<Arc<Picture>, String> {
    if let Some(mut kept) = spare.take().filter(|kept| kept.size() == picture.size())
        && let Some(target) = Arc::get_mut(&mut kept)
    {
        copy(picture, target)?;
        return Ok(kept);
    }
    owned(picture)
}

/// The next newest picture.
struct Update {
    picture: Arc<Picture>,
    change: Change,
}

/// What it is to those before.
enum Change {
    /// The first one.
    Start,
    /// It differs here.
    Tiles(Tiles),
    /// The same picture, coded once more.
    Again,
}

impl Update {
    fn apply(self, state: &mut State, frame: u64, at: Instant) {
        match self.change {
            Change::Start => state.history.start(frame, self.picture.size(), at),
            Change::Tiles(tiles) => state.history.push(frame, tiles, at),
            Change::Again => {}
        }
        state.put_picture(self.picture);
    }
}

fn picture<'a>(decoded: &Decoded<'a>) -> Result<PictureRef<'a>, lunette_frame::PictureError> {
    let plane = |index: usize| PlaneRef { data: decoded.planes[index], stride: decoded.strides[index] };
    let size = Size::new(decoded.width, decoded.height);
    PictureRef::new(PixelFormat::I420, size, &[plane(0), plane(1), plane(2)])
}

fn owned(picture: &PictureRef<'_>) -> Result<Arc<Picture>, String> {
    let mut kept = Picture::new(PixelFormat::I420, picture.size()).map_err(|error| error.to_string())?;
    copy(picture, &mut kept)?;
    Ok(Arc::new(kept))
}

fn copy(picture: &PictureRef<'_>, target: &mut Picture) -> Result<(), String> {
    convert(picture, &Damage::full(picture.size()), target).map_err(|error| chain(&error))
}
