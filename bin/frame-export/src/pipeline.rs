//! The thread of one scanout: takes the newest picture, encodes it for whoever follows, sleeps until there is more.
//!
//! ```text
//!   ┌─▶ nobody subscribes? ────────────────────────yes──▶ retire
//!   │         │ no
//!   │   the source has a picture? ─────────────────yes──▶ diff, convert ──┐
//!   │         │ no                                                        ▼
//!   │   an IDR, a refinement or a remainder is due? yes──▶ encode for each slot in demand, publish
//!   │         │ no                                                        │
//!   └── sleep until the next picture, the next IDR, or the doorbell ◀─────┘
//! ```

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use lunette_capture::{Frame, Polled, Source, SourceError, now};
use lunette_encode::{EncodeError, Keyframe};
use lunette_frame::{Picture, Pts, PtsStamper};
use lunette_net::StreamEnd;
use lunette_session::{Demand, Slot};
use lunette_wire::hxfr::ErrorCode;

use crate::config::EncoderSettings;
use crate::encoders::{Coded, Encoders, Share};
use crate::pointer::Pointer;
use crate::stages::{StageError, Stages};
use crate::stream::Stream;
use lunette_cause::chain;

/// Everything that the thread owns.
pub(crate) struct Pipeline {
    stream: Arc<Stream>,
    source: Box<dyn Source>,
    pointer: Pointer,
    works: Works,
}

/// All but the source, whose picture is borrowed while these work on it.
struct Works {
    stream: Arc<Stream>,
    stages: Stages,
    encoders: Encoders,
    stamper: PtsStamper,
    next_number: u64,
    /// When the newest picture was captured.
    captured: Pts,
}

/// Why a stream cannot go on.
#[derive(Debug, thiserror::Error)]
enum PipelineError {
    #[error("the scanout is gone: it was disabled, or its machine was reset or has ended")]
    Ended,
    #[error("the source failed")]
    Source(#[from] SourceError),
    #[error("the picture cannot be used")]
    Stage(#[from] StageError),
    #[error("the encoder failed")]
    Encode(#[from] EncodeError),
}

impl PipelineError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Ended => ErrorCode::NotFound,
            Self::Source(_) => ErrorCode::Internal,
            Self::Stage(_) | Self::Encode(_) => ErrorCode::EncodeFailed,
        }
    }
}

/// What to do before looking at the source again.
enum Rest {
    /// Nothing: it may have another picture already.
    None,
    /// Sleep until then, at most.
    Until(Pts),
    /// Sleep until the doorbell rings.
    Doorbell,
}

impl Pipeline {
    pub(crate) fn new(stream: Arc<Stream>, source: Box<dyn Source>, settings: EncoderSettings) -> Self {
        let works = Works {
            stream: Arc::clone(&stream),
            stages: Stages::default(),
            encoders: Encoders::new(settings),
            stamper: PtsStamper::default(),
            next_number: 0,
            captured: Pts::default(),
        };
        Self { stream, source, pointer: Pointer::default(), works }
    }

    /// Runs until `retire` agrees that nobody needs the stream any more, or the source or the encoder is gone.
    pub(crate) fn run(mut self, retire: impl Fn() -> bool) {
        tracing::info!(scanout = %self.stream.id(), "capturing");
        loop {
            if (!self.stream.is_wanted() || self.stream.has_ended()) && retire() {
                break;
            }
            match self.turn() {
                Ok(rest) => self.rest(&rest),
                Err(error) => {
                    let reason = chain(&error);
                    tracing::warn!(scanout = %self.stream.id(), reason, "the stream ends");
                    self.stream.end(StreamEnd { code: error.code(), reason });
                }
            }
        }
        tracing::info!(scanout = %self.stream.id(), "not capturing any more");
    }

    fn turn(&mut self) -> Result<Rest, PipelineError> {
        if let Some(fps) = self.stream.take_fps() {
            self.works.encoders.plan_for(fps);
        }
        for slot in Slot::ALL {
            self.works.encoders.limit(slot, self.stream.ceiling(slot));
        }
        if self.stream.wants_cursor()
            && let Some(cursor) = self.pointer.look(&mut *self.source)
        {
            if let (Ok(x), Ok(y)) = (cursor.x.try_into(), cursor.y.try_into()) {
                self.works.encoders.look_at(x, y);
            }
            self.stream.show_cursor(cursor);
        }
        // What nobody would take is not even looked at: the newest picture is there when somebody does.
        let time = now();
        if !Slot::ALL.into_iter().any(|slot| is_taken(&self.stream, slot, time)) {
            return Ok(Rest::Doorbell);
        }
        match self.source.poll(time)? {
            Polled::Frame(frame) => {
                self.works.take(&frame)?;
                self.works.encode(frame.captured)?;
                Ok(Rest::None)
            }
            Polled::NotBefore(at) => self.works.repeat().map(|()| Rest::Until(at)),
            Polled::Idle => self.works.repeat().map(|()| Rest::Doorbell),
            Polled::Ended => Err(PipelineError::Ended),
        }
    }

    fn rest(&self, rest: &Rest) {
        let until = match rest {
            Rest::None => return,
            Rest::Until(at) => Some(*at),
            Rest::Doorbell => None,
        };
        let until = until.into_iter().chain(self.works.repeat_at()).min();
        match until.map(|at| at.since(now())) {
            Some(Duration::ZERO) => {}
            limit => self.stream.doorbell().wait(limit),
        }
    }
}

impl Works {
    fn take(&mut self, frame: &Frame<'_>) -> Result<(), PipelineError> {
        let metrics = self.stream.metrics();
        metrics.count_capture();
        metrics.replaced.fetch_add(frame.number.saturating_sub(self.next_number), Relaxed);
        self.next_number = frame.number + 1;
        self.captured = frame.captured;
        let changed = self.stages.take(frame, metrics)?;
        if changed.is_empty() {
            metrics.unchanged.fetch_add(1, Relaxed);
        } else {
            metrics.note_change(frame.captured);
            self.encoders.damage(changed);
        }
        Ok(())
    }

    /// Encodes the last picture once more where that is due while nothing changes: for who joins or resumes, where the
    /// ceiling made it coarser than it should be, and where an encoder had failed.
    fn repeat(&mut self) -> Result<(), PipelineError> {
        let time = now();
        let idr_due = self.stream.next_idr_at().is_some_and(|at| at <= time);
        let stream = &self.stream;
        if self.encoders.wake(time, |slot| is_taken(stream, slot, time)) || idr_due {
            return self.encode(time);
        }
        // What was captured while nobody took anything, now that somebody does.
        let left_out =
            |slot: &Slot| self.encoders.is_behind(*slot) && self.stream.demand(*slot, time) == Demand::Encode;
        if Slot::ALL.iter().any(left_out) { self.encode(self.captured) } else { Ok(()) }
    }

    /// When [`Works::repeat`] has something to do by itself.
    fn repeat_at(&self) -> Option<Pts> {
        self.stages.picture()?;
        let at = self
            .stream
            .next_idr_at()
            .into_iter()
            .chain(self.encoders.due_at(|slot| is_taken(&self.stream, slot, now())))
            .min()?;
        Some(self.encoders.rest_until(now()).map_or(at, |rested| at.max(rested)))
    }

    /// Encodes the last picture, captured at `captured`, for each slot that is in demand and behind.
    fn encode(&mut self, captured: Pts) -> Result<(), PipelineError> {
        let Some(picture) = self.stages.picture() else { return Ok(()) };
        let mut pts = None;
        for (slot, share) in self.stream.slots().into_iter().zip([Share::Full, Share::Quarter]) {
            let keyframe = match self.stream.demand(slot, now()) {
                Demand::Idle => {
                    self.encoders.close(slot);
                    continue;
                }
                Demand::Wait => continue,
                Demand::Encode if !self.encoders.is_behind(slot) => continue,
                Demand::Encode => Keyframe::Auto,
                Demand::Idr(_) => Keyframe::Force,
            };
            // A subscriber may have come here with the unit of the slot before.
            self.encoders.limit(slot, self.stream.ceiling(slot));
            if self.encoders.open(slot, picture)? {
                self.stream.restart(slot);
            }
            let pts = *pts.get_or_insert_with(|| self.stamper.stamp(captured));
            encode_one(&self.stream, &mut self.encoders, (slot, share), (picture, pts, keyframe))?;
        }
        Ok(())
    }
}

/// Whether somebody takes what an encoder makes. A pipeline that waits for who does not is woken by who does.
fn is_taken(stream: &Stream, slot: Slot, time: Pts) -> bool {
    matches!(stream.demand(slot, time), Demand::Encode | Demand::Idr(_))
}

fn encode_one(
    stream: &Stream,
    encoders: &mut Encoders,
    (slot, share): (Slot, Share),
    (picture, pts, keyframe): (&Picture, Pts, Keyframe),
) -> Result<(), PipelineError> {
    let metrics = stream.metrics();
    let started = now();
    match encoders.encode(slot, share, picture, pts, keyframe) {
        Ok(Coded::Nothing) => Ok(()),
        Ok(Coded::Failed) => {
            metrics.failed.fetch_add(1, Relaxed);
            Ok(())
        }
        Ok(Coded::Unit(unit)) => {
            let encoded = now();
            metrics.encode.observe_time(encoded.since(started));
            let idr = stream.publish(slot, &unit, encoded);
            metrics.count_unit(&unit, now(), idr);
            Ok(())
        }
        Err(error) => {
            metrics.failed.fetch_add(1, Relaxed);
            Err(error.into())
        }
    }
}
