//! What a viewer watches, wherever it comes from.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use lunette_frame::{AccessUnit, BitRate, FrameRate, Pts, ScanoutId, Size};
use lunette_session::{Counters, Flow, SubscriberId, Totals};
use lunette_wire::stream::HopReport;

/// A future that is owned.
pub type Waiting<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One encoded picture on its way to one viewer.
#[derive(Debug, Clone)]
pub struct Unit {
    /// The picture.
    pub unit: AccessUnit,
    /// Whether it was there before the viewer was: it catches up.
    pub replay: bool,
    /// When it was encoded, on the clock of its capture time; `None` where nobody knows.
    pub encoded: Option<Pts>,
}

/// What a stream is before its first picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StreamFacts {
    /// Size of the pictures, where that is known already.
    pub size: Option<Size>,
    /// The most pictures per second.
    pub fps: Option<FrameRate>,
    /// Whether the desktop can be asked for another size.
    pub resizable: bool,
}

/// How a stream is doing, in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoStats {
    /// Which scanout it shows.
    pub scanout: ScanoutId,
    /// Whether pictures can come.
    pub running: bool,
    /// Whether it only goes on for a while, in case that somebody comes back.
    pub pending_stop: bool,
    /// What went through so far.
    pub totals: Totals,
    /// Pictures that are kept for those who join.
    pub kept_units: usize,
    /// Pictures that may wait for a subscriber.
    pub queue_units: usize,
    /// What happened to each subscriber that is there.
    pub subscribers: Vec<(SubscriberId, Counters)>,
}

impl VideoStats {
    /// Numbers of a stream that nobody has ever watched.
    #[must_use]
    pub fn unwatched(scanout: ScanoutId) -> Self {
        Self {
            scanout,
            running: false,
            pending_stop: false,
            totals: Totals::default(),
            kept_units: 0,
            queue_units: 0,
            subscribers: Vec::new(),
        }
    }
}

/// Why there is no stream, or none any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct NoVideo {
    /// For a person.
    pub reason: String,
    /// What was seen; may be empty.
    pub detail: String,
}

/// One desktop's pictures. Everybody who joins shares one encode.
pub trait Video: Send + Sync + 'static {
    /// Joins; the first unit is one that a decoder can start at.
    ///
    /// # Errors
    /// When there are no pictures to be had.
    fn join(&self) -> Result<Box<dyn Watching>, NoVideo>;

    /// Joins to look at some pictures only: as far as possible, viewers notice nothing of it.
    ///
    /// # Errors
    /// As for [`Video::join`].
    fn look(&self) -> Result<Box<dyn Watching>, NoVideo>;

    /// What is known of the stream now.
    fn facts(&self) -> StreamFacts;

    /// How each part between the desktop and here is doing.
    fn hops(&self) -> Vec<HopReport>;

    /// How the stream is doing, in numbers.
    fn stats(&self) -> VideoStats;

    /// Time on the clock of the pictures' capture times; `None` where that is not known.
    fn clock(&self) -> Option<Pts>;

    /// Asks the desktop for another size.
    ///
    /// # Errors
    /// When it refuses, or cannot.
    fn resize(&self, size: Size) -> Waiting<'_, Result<(), NoVideo>>;
}

/// One viewer's place at a stream. Dropping it leaves.
pub trait Watching: Send {
    /// Which subscriber of [`Video::stats`] it is.
    fn subscriber(&self) -> SubscriberId;

    /// Waits for the next unit. Dropping the future loses nothing.
    fn next(&mut self) -> Waiting<'_, Result<Unit, NoVideo>>;

    /// How long the oldest unit has been waiting for [`Watching::next`].
    fn queued_for(&self) -> Duration;

    /// What waits is too old: the next unit will be a newer one that a decoder can start at.
    fn fall_behind(&mut self);

    /// Whether this viewer takes pictures now: what nobody takes is not encoded, so that the next one is new.
    fn hold(&mut self, flow: Flow);

    /// What this viewer's link carries; `None` is no limit.
    fn set_rate(&mut self, rate: Option<BitRate>);
}
