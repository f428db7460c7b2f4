//! A synthetic desktop, captured and encoded in this process by frame-export's own pipeline.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use frame_export::config::EncoderSettings;
use frame_export::stream::{Subscription, Wishes};
use frame_export::streams::Streams;
use lunette_capture::pattern::{PatternConfig, PatternScreens};
use lunette_capture::{Mode, ScanoutControl};
use lunette_cause::chain;
use lunette_encode::Choice;
use lunette_frame::{BitRate, FrameRate, Pts, Quality, ScanoutId, Size};
use lunette_net::{StreamEnd, StreamHandle, Units};
use lunette_session::{Entry, Flow, Limits, SubscriberId};
use lunette_viewer::{NoVideo, StreamFacts, Unit, Video, VideoStats, Waiting, Watching};
use lunette_wire::stream::{Hop, HopReport, HopState};

use crate::cli::Args;

const SCANOUT: ScanoutId = ScanoutId::new(0);
const CEILING: BitRate = BitRate::from_bits_per_second(20_000_000);

/// A synthetic desktop.
pub struct PatternVideo {
    control: Arc<dyn ScanoutControl>,
    streams: Arc<Streams>,
    fps: FrameRate,
}

impl PatternVideo {
    /// What the flags ask for.
    ///
    /// # Errors
    /// When such a picture is not possible.
    pub fn new(args: &Args) -> anyhow::Result<Self> {
        let config = PatternConfig { kind: args.pattern, scanouts: 1, size: args.size, fps: args.fps };
        let screens = PatternScreens::new(config).context("cannot make the synthetic desktop")?;
        Self::of(Arc::new(screens), FrameRate::new(args.fps, 1).context("--fps")?)
    }

    fn of(control: Arc<dyn ScanoutControl>, fps: FrameRate) -> anyhow::Result<Self> {
        let settings =
            EncoderSettings { choice: Choice::Auto, quality: Quality::DEFAULT, max_bitrate: CEILING, fps, threads: 1 };
        let streams = Arc::new(Streams::new(Arc::clone(&control), settings, Limits::default()));
        Ok(Self { control, streams, fps })
    }

    fn enter(&self, entry: Entry) -> Result<Box<dyn Watching>, NoVideo> {
        let (subscription, wishes) = self.streams.subscribe(SCANOUT, entry).map_err(|error| NoVideo {
            reason: "This desktop's picture cannot be had.".to_owned(),
            detail: chain(&error),
        })?;
        Ok(Box::new(PatternSeat { subscription, wishes }))
    }

    fn size(&self) -> Option<Size> {
        self.control.scanouts().into_iter().find(|scanout| scanout.id == SCANOUT).map(|scanout| scanout.size)
    }
}

impl Video for PatternVideo {
    fn join(&self) -> Result<Box<dyn Watching>, NoVideo> {
        self.enter(Entry::Live)
    }

    fn look(&self) -> Result<Box<dyn Watching>, NoVideo> {
        self.enter(Entry::Onlooker)
    }

    fn facts(&self) -> StreamFacts {
        StreamFacts { size: self.size(), fps: Some(self.fps), resizable: true }
    }

    fn hops(&self) -> Vec<HopReport> {
        let status = self.control.status(SCANOUT);
        let now = lunette_capture::now();
        let age = status.newest.map(|newest| u64::try_from(now.since(newest).as_millis()).unwrap_or(u64::MAX));
        let state = if age.is_some_and(|age| age < 1000) { HopState::Ok } else { HopState::Still };
        let report = |hop, state| HopReport { hop, state, frame: Some(status.pictures), age_ms: age, why: None };
        vec![report(Hop::Desktop, HopState::Ok), report(Hop::Capture, state), report(Hop::Encoder, state)]
    }

    /// The pipeline, and its numbers with it, is there while somebody watches.
    fn stats(&self) -> VideoStats {
        let Some(stream) = self.streams.find(SCANOUT) else { return VideoStats::unwatched(SCANOUT) };
        let (kept_units, queue_units) = stream.kept_and_queue_units();
        VideoStats {
            scanout: SCANOUT,
            running: true,
            pending_stop: false,
            totals: stream.totals(),
            kept_units,
            queue_units,
            subscribers: stream.subscribers(),
        }
    }

    fn clock(&self) -> Option<Pts> {
        Some(lunette_capture::now())
    }

    fn resize(&self, size: Size) -> Waiting<'_, Result<(), NoVideo>> {
        Box::pin(async move {
            let enabled = self.control.enable(SCANOUT, Mode { size, refresh_hz: 60 });
            let refused = |error| NoVideo { reason: chain(&error), detail: String::new() };
            enabled.map(drop).map_err(refused)
        })
    }
}

struct PatternSeat {
    subscription: Subscription,
    wishes: Wishes,
}

impl Watching for PatternSeat {
    fn subscriber(&self) -> SubscriberId {
        self.wishes.id()
    }

    fn next(&mut self) -> Waiting<'_, Result<Unit, NoVideo>> {
        Box::pin(async move {
            let unit = self.subscription.next().await.map_err(ended)?;
            let passage = self.wishes.passage();
            let replay = passage.is_some_and(|passage| passage.replay);
            // The time that a replayed one was encoded at is not kept.
            let queued = passage.filter(|passage| !passage.replay).map(|passage| passage.queued);
            let encoded = queued.map(|queued| Pts::from_nanos(u64::try_from(queued.as_nanos()).unwrap_or(u64::MAX)));
            Ok(Unit { unit, replay, encoded })
        })
    }

    fn queued_for(&self) -> Duration {
        self.wishes.queued_age().unwrap_or_default()
    }

    fn fall_behind(&mut self) {
        self.wishes.fall_behind();
    }

    fn hold(&mut self, flow: Flow) {
        StreamHandle::hold(&self.wishes, flow);
    }

    fn set_rate(&mut self, rate: Option<BitRate>) {
        self.wishes.set_rate(rate);
    }
}

fn ended(end: StreamEnd) -> NoVideo {
    NoVideo { reason: "This desktop's picture has ended.".to_owned(), detail: end.reason }
}
