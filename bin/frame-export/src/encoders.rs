//! The two encoders that one stream may run, each with what it has not coded yet.

use std::time::Duration;

use lunette_capture::now;
use lunette_encode::{Change, EncodeError, Encoder, Job, Keyframe};
use lunette_frame::{AccessUnit, BitRate, Damage, FrameRate, Picture, Pts, Rect, Size};
use lunette_session::Slot;

use crate::config::EncoderSettings;
use lunette_cause::chain;

/// How long the picture must rest before what the ceiling made coarse is coded again.
const REST: Duration = Duration::from_millis(150);

/// Failures in a row after which an encoder is given up.
const PATIENCE: u32 = 5;

/// How long an encoder that failed is left alone; each further failure doubles it.
const BACK_OFF: Duration = Duration::from_millis(50);

/// The encoders of one stream.
#[derive(Debug)]
pub(crate) struct Encoders {
    settings: EncoderSettings,
    /// What each may spend.
    ceilings: [BitRate; 2],
    lanes: [Option<Lane>; 2],
}

struct Lane {
    encoder: Box<dyn Encoder>,
    pending: Damage,
    last_coded: Pts,
    failures: u32,
    /// The next picture is not encoded before this: it failed, or it had its share of the thread's time.
    rests_until: Option<Pts>,
}

/// How much of the pipeline's time an encoder may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Share {
    /// All of it.
    Full,
    /// A quarter: whoever fell behind gets fewer pictures, not everybody.
    Quarter,
}

/// What became of a picture.
#[derive(Debug)]
pub(crate) enum Coded {
    /// This.
    Unit(AccessUnit),
    /// Nothing: there was nothing to code, or it is too early to try again.
    Nothing,
    /// Nothing: the encoder failed, and will be tried again.
    Failed,
}

impl std::fmt::Debug for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lane({}, {} rectangles pending)", self.encoder.name(), self.pending.rects().len())
    }
}

impl Encoders {
    pub(crate) fn new(settings: EncoderSettings) -> Self {
        let ceilings = [settings.max_bitrate; 2];
        Self { settings, ceilings, lanes: [None, None] }
    }

    /// Takes note of what changed in the picture.
    pub(crate) fn damage(&mut self, changed: &Damage) {
        for lane in self.lanes.iter_mut().flatten() {
            lane.pending.accumulate(changed);
        }
    }

    /// Says where somebody points: where not everything fits into a picture, what is near comes first.
    pub(crate) fn look_at(&mut self, x: u32, y: u32) {
        self.lanes.iter_mut().flatten().for_each(|lane| lane.encoder.look_at(x, y));
    }

    /// Plans for another rate.
    pub(crate) fn plan_for(&mut self, fps: FrameRate) {
        self.settings.fps = fps;
        let change = Change { fps: Some(fps), ..Change::default() };
        Slot::ALL.iter().for_each(|slot| self.change(*slot, &change));
    }

    /// Lets the encoder of `slot` spend `ceiling`; `None` is what the settings say.
    pub(crate) fn limit(&mut self, slot: Slot, ceiling: Option<BitRate>) {
        let ceiling = ceiling.unwrap_or(self.settings.max_bitrate);
        if std::mem::replace(&mut self.ceilings[slot.index()], ceiling) != ceiling {
            self.change(slot, &Change { max_bitrate: Some(ceiling), ..Change::default() });
        }
    }

    /// Changes an encoder if it is open; one that cannot is opened anew with its next picture.
    fn change(&mut self, slot: Slot, change: &Change) {
        let lane = &mut self.lanes[slot.index()];
        let refused = lane.as_mut().map(|lane| lane.encoder.reconfigure(change)).and_then(Result::err);
        if let Some(error) = refused {
            tracing::info!(%error, "opening the encoder anew");
            *lane = None;
        }
    }

    pub(crate) fn close(&mut self, slot: Slot) {
        self.lanes[slot.index()] = None;
    }

    /// Opens the encoder of `slot` if there is none, and fits it to the picture's size; `true` when it is new.
    pub(crate) fn open(&mut self, slot: Slot, picture: &Picture) -> Result<bool, EncodeError> {
        let size = picture.size();
        let lane = &mut self.lanes[slot.index()];
        if let Some(open) = lane
            && fits(&mut *open.encoder, size)
        {
            if open.pending.bounds() != size {
                open.pending = Damage::full(size);
            }
            return Ok(false);
        }
        let settings = EncoderSettings { max_bitrate: self.ceilings[slot.index()], ..self.settings.clone() };
        let encoder = settings.open(size)?;
        tracing::info!(encoder = encoder.name(), %size, ?slot, "encoder opened");
        *lane = Some(Lane {
            encoder,
            pending: Damage::full(size),
            last_coded: Pts::from_nanos(0),
            failures: 0,
            rests_until: None,
        });
        Ok(true)
    }

    /// When an encoder has something to do although the picture rests: refine what is coarse, or make up for what it
    /// left out while it rested itself.
    ///
    /// Slots for which `wanted` is false have nothing to do: nobody takes what they would make.
    pub(crate) fn due_at(&self, wanted: impl Fn(Slot) -> bool) -> Option<Pts> {
        let lanes = Slot::ALL.into_iter().zip(&self.lanes).filter(|(slot, _)| wanted(*slot));
        lanes.filter_map(|(_, lane)| lane.as_ref()?.due_at()).min()
    }

    /// Until when an encoder rests, if one does at `now`.
    pub(crate) fn rest_until(&self, now: Pts) -> Option<Pts> {
        self.lanes.iter().flatten().filter_map(|lane| lane.rests_until.filter(|until| *until > now)).min()
    }

    /// Prepares the encoders that are due while the picture rests; `true` if there is one.
    pub(crate) fn wake(&mut self, now: Pts, wanted: impl Fn(Slot) -> bool) -> bool {
        let mut any = false;
        let lanes = Slot::ALL.into_iter().zip(&mut self.lanes).filter(|(slot, _)| wanted(*slot));
        let lanes = lanes.filter_map(|(_, lane)| lane.as_mut());
        for lane in lanes.filter(|lane| lane.due_at().is_some_and(|at| at <= now)) {
            if lane.pending.is_empty() {
                let bounds = lane.pending.bounds();
                // What was left out is known to the encoder; what is coarse may be anything.
                let again = if lane.encoder.owes_changes() { Rect::new(0, 0, 1, 1) } else { bounds.bounds() };
                lane.pending.add(again);
            }
            any = true;
        }
        any
    }

    /// Whether anything changed since the last unit of `slot`.
    pub(crate) fn is_behind(&self, slot: Slot) -> bool {
        self.lanes[slot.index()].as_ref().is_none_or(|lane| !lane.pending.is_empty())
    }

    /// Encodes the picture with the encoder of `slot`, which is open.
    ///
    /// # Errors
    /// When it failed too often in a row; a single failure costs a moment, and the next unit is an IDR.
    pub(crate) fn encode(
        &mut self,
        slot: Slot,
        share: Share,
        picture: &Picture,
        pts: Pts,
        keyframe: Keyframe,
    ) -> Result<Coded, EncodeError> {
        let Some(lane) = &mut self.lanes[slot.index()] else { return Ok(Coded::Nothing) };
        let started = now();
        // An IDR is waited for, so the ceiling does not hold it up.
        let rests_until = if keyframe == Keyframe::Auto { lane.rests_until() } else { lane.rests_until };
        if rests_until.is_some_and(|until| started < until) {
            return Ok(Coded::Nothing);
        }
        let job = Job { picture: picture.as_ref(), damage: &lane.pending, pts, keyframe };
        match lane.encoder.encode(&job) {
            Ok(unit) => {
                lane.failures = 0;
                lane.last_coded = pts;
                lane.pending.reset(picture.size());
                let ended = now();
                lane.rests_until = (share == Share::Quarter).then(|| ended.after(ended.since(started) * 3));
                Ok(unit.map_or(Coded::Nothing, Coded::Unit))
            }
            Err(error) if lane.failures + 1 < PATIENCE => {
                lane.rests_until = Some(started.after(BACK_OFF * (1 << lane.failures)));
                lane.failures += 1;
                tracing::warn!(error = chain(&error), failures = lane.failures, "a picture was not encoded");
                Ok(Coded::Failed)
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether an open encoder takes pictures of `size`, now that it has been told to; else it must be opened anew.
pub(crate) fn fits(encoder: &mut dyn Encoder, size: Size) -> bool {
    if encoder.config().size == size {
        return true;
    }
    let resized = encoder.reconfigure(&Change { size: Some(size), ..Change::default() });
    resized.inspect_err(|error| tracing::info!(%error, "opening the encoder anew")).is_ok()
}

impl Lane {
    /// When it has something to do by itself.
    fn due_at(&self) -> Option<Pts> {
        if self.pending.is_empty() && self.encoder.owes_changes() {
            // What did not fit into the last picture comes in the next.
            Some(self.last_coded.max(self.rests_until().unwrap_or_default()))
        } else if self.pending.is_empty() {
            // Coarse pictures are coded again once they rest.
            self.encoder.owes_quality().then(|| self.last_coded.after(REST).max(self.rests_until().unwrap_or_default()))
        } else {
            self.rests_until()
        }
    }

    /// Until when it leaves pictures out: after a failure, to leave time to others, or because of the ceiling.
    fn rests_until(&self) -> Option<Pts> {
        self.rests_until.max(self.encoder.rests_until())
    }
}

#[cfg(test)]
mod tests {
    use lunette_encode::Choice;
    use lunette_frame::{PixelFormat, Quality};

    use super::*;

    const SIZE: Size = Size::new(64, 64);
    const START: Pts = Pts::from_nanos(0);

    fn opened() -> (Encoders, Picture) {
        let mut encoders = Encoders::new(EncoderSettings {
            choice: Choice::Named("openh264".to_owned()),
            quality: Quality::DEFAULT,
            max_bitrate: BitRate::from_bits_per_second(20_000_000),
            fps: FrameRate::new(60, 1).unwrap(),
            threads: 1,
        });
        let picture = Picture::new(PixelFormat::I420, SIZE).unwrap();
        assert!(encoders.open(Slot::B, &picture).unwrap());
        (encoders, picture)
    }

    fn encode(encoders: &mut Encoders, share: Share, picture: &Picture) -> Coded {
        encoders.encode(Slot::B, share, picture, now(), Keyframe::Auto).unwrap()
    }

    #[test]
    fn an_encoder_with_a_share_rests_after_each_picture() {
        let (mut encoders, picture) = opened();
        assert!(matches!(encode(&mut encoders, Share::Quarter, &picture), Coded::Unit(_)));
        assert!(encoders.rest_until(START).is_some());
        let (mut encoders, picture) = opened();
        assert!(matches!(encode(&mut encoders, Share::Full, &picture), Coded::Unit(_)));
        assert!(encoders.rest_until(START).is_none());
    }

    #[test]
    fn what_changed_while_an_encoder_rested_is_due_when_it_has() {
        let (mut encoders, picture) = opened();
        encode(&mut encoders, Share::Quarter, &picture);
        assert_eq!(encoders.due_at(|_| true), None, "nothing is left out yet");
        encoders.damage(&Damage::full(SIZE));
        let due = encoders.due_at(|_| true).unwrap();
        assert_eq!(encoders.due_at(|_| false), None, "nobody takes it");
        assert_eq!(encoders.rest_until(START), Some(due));
        assert!(!encoders.wake(START, |_| true) && !encoders.wake(due, |_| false) && encoders.wake(due, |_| true));
        assert!(encoders.is_behind(Slot::B));
    }

    #[test]
    fn a_picture_of_another_size_is_coded_whole() {
        let (mut encoders, picture) = opened();
        encode(&mut encoders, Share::Full, &picture);
        let larger = Picture::new(PixelFormat::I420, Size::new(128, 96)).unwrap();
        assert!(!encoders.open(Slot::B, &larger).unwrap(), "the same encoder, resized");
        let Coded::Unit(unit) = encode(&mut encoders, Share::Full, &larger) else { panic!("nothing coded") };
        assert!(unit.is_idr() && unit.size == larger.size());
    }
}
