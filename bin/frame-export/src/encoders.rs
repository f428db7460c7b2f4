//! The two encoders that one stream may run, each with what it has not coded yet.

use std::time::Duration;

use lunette_encode::{Change, EncodeError, Encoder, EncoderConfig, Job, Keyframe};
use lunette_frame::{AccessUnit, Damage, Picture, Pts};
use lunette_session::Slot;

use crate::cause::chain;
use crate::config::EncoderSettings;

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
    lanes: [Option<Lane>; 2],
}

struct Lane {
    encoder: Box<dyn Encoder>,
    pending: Damage,
    last_coded: Pts,
    failures: u32,
    /// After a failure: not before this.
    retry_at: Option<Pts>,
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
        Self { settings, lanes: [None, None] }
    }

    /// Takes note of what changed in the picture.
    pub(crate) fn damage(&mut self, changed: &Damage) {
        for lane in self.lanes.iter_mut().flatten() {
            if lane.pending.bounds() == changed.bounds() {
                lane.pending.merge(changed);
            } else {
                lane.pending.clone_from(changed);
            }
        }
    }

    /// Applies what a subscriber asked for; an encoder that cannot is opened anew with its next picture.
    pub(crate) fn change(&mut self, change: &Change) {
        self.settings.apply(change);
        for lane in &mut self.lanes {
            let refused = lane.as_mut().map(|lane| lane.encoder.reconfigure(change)).and_then(Result::err);
            if let Some(error) = refused {
                tracing::info!(%error, "opening the encoder anew");
                *lane = None;
            }
        }
    }

    pub(crate) fn close(&mut self, slot: Slot) {
        self.lanes[slot.index()] = None;
    }

    /// Opens the encoder of `slot` if there is none, and fits it to the picture's size; `true` when it is new.
    pub(crate) fn open(&mut self, slot: Slot, picture: &Picture) -> Result<bool, EncodeError> {
        let size = picture.size();
        let lane = &mut self.lanes[slot.index()];
        if let Some(open) = lane.as_mut().filter(|open| open.encoder.config().size != size) {
            let resized = open.encoder.reconfigure(&Change { size: Some(size), ..Change::default() });
            open.pending = Damage::full(size);
            if let Err(error) = resized {
                tracing::info!(%error, "opening the encoder anew");
                *lane = None;
            }
        }
        if lane.is_some() {
            return Ok(false);
        }
        let config: EncoderConfig = self.settings.for_size(size);
        let encoder = lunette_encode::open(&self.settings.choice, &config)?;
        tracing::info!(encoder = encoder.name(), %size, ?slot, "encoder opened");
        *lane = Some(Lane {
            encoder,
            pending: Damage::full(size),
            last_coded: Pts::from_nanos(0),
            failures: 0,
            retry_at: None,
        });
        Ok(true)
    }

    /// When an encoder has something to do although the picture rests: refine what is coarse, or try again.
    pub(crate) fn due_at(&self) -> Option<Pts> {
        let lanes = self.lanes.iter().flatten();
        lanes.filter_map(|lane| lane.retry_at.or_else(|| lane.refine_at())).min()
    }

    /// Whether an encoder that failed is left alone, and until when.
    pub(crate) fn resting_until(&self) -> Option<Pts> {
        self.lanes.iter().flatten().filter_map(|lane| lane.retry_at).min()
    }

    /// Prepares the encoders that are due while the picture rests; `true` if there is one.
    pub(crate) fn wake(&mut self, now: Pts) -> bool {
        let mut any = false;
        for lane in self.lanes.iter_mut().flatten() {
            if lane.refine_at().is_some_and(|at| at <= now) {
                lane.pending = Damage::full(lane.pending.bounds());
                any = true;
            }
            any |= lane.retry_at.is_some_and(|at| at <= now);
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
        picture: &Picture,
        pts: Pts,
        keyframe: Keyframe,
    ) -> Result<Coded, EncodeError> {
        let Some(lane) = &mut self.lanes[slot.index()] else { return Ok(Coded::Nothing) };
        if lane.retry_at.is_some_and(|at| pts < at) {
            return Ok(Coded::Nothing);
        }
        let job = Job { picture: picture.as_ref(), damage: &lane.pending, pts, keyframe };
        match lane.encoder.encode(&job) {
            Ok(unit) => {
                lane.failures = 0;
                lane.retry_at = None;
                lane.last_coded = pts;
                lane.pending.reset(picture.size());
                Ok(unit.map_or(Coded::Nothing, Coded::Unit))
            }
            Err(error) if lane.failures + 1 < PATIENCE => {
                lane.retry_at = Some(pts.after(BACK_OFF * (1 << lane.failures)));
                lane.failures += 1;
                tracing::warn!(error = chain(&error), failures = lane.failures, "a picture was not encoded");
                Ok(Coded::Failed)
            }
            Err(error) => Err(error),
        }
    }
}

impl Lane {
    /// When a picture that was coded coarsely should be coded again, if it rests until then.
    fn refine_at(&self) -> Option<Pts> {
        self.encoder.owes_quality().then(|| self.last_coded.after(REST))
    }
}
