//! What is behind a picture that somebody else captures: the compositor, and the programs whose windows it shows.
//!
//! ```text
//!   hops() ─▶ what was seen last     (curious for a while)──▶ task: ping the compositor, count the windows ─┐
//!      ▲                                                                                                    │
//!      └──────────────────────────────── Seen ◀─────────────────────────────────────────────────────────────┘
//! ```

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lunette_desktop_session::{Display, SessionError};
use lunette_frame::{Pts, Size};
use lunette_viewer::{NoVideo, StreamFacts, Video, VideoStats, Waiting, Watching};
use lunette_wire::stream::{Hop, HopReport, HopState};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use crate::sink::SinkState;

/// For so long after somebody asked, it is looked.
const CURIOUS: Duration = Duration::from_secs(15);
/// Between two looks.
const LOOK: Duration = Duration::from_secs(2);
/// A compositor that does not answer within this hangs.
const PING: Duration = Duration::from_secs(1);

/// A video whose hops begin in the desktop.
pub(super) struct Surrounded {
    video: Arc<dyn Video>,
    surroundings: Arc<Surroundings>,
}

/// What was seen of the desktop.
pub struct Surroundings {
    sink: Arc<SinkState>,
    // A Mutex: the task writes, whoever asks reads; both for a moment.
    seen: Mutex<Seen>,
    asked: Notify,
}

#[derive(Default)]
struct Seen {
    curious: Option<Instant>,
    compositor: Option<Result<(), SessionError>>,
    windows: Option<usize>,
}

impl Surrounded {
    pub(super) fn new(video: Arc<dyn Video>, surroundings: Arc<Surroundings>) -> Self {
        Self { video, surroundings }
    }
}

impl Surroundings {
    /// Nothing was seen yet.
    #[must_use]
    pub fn new(sink: Arc<SinkState>) -> Self {
        Self { sink, seen: Mutex::default(), asked: Notify::new() }
    }

    /// Looks as long as somebody wants to know, for ever.
    pub async fn run(&self) {
        loop {
            let curious = self.with(|seen| seen.curious.is_some_and(|asked| asked.elapsed() < CURIOUS));
            if curious {
                self.look().await;
                sleep(LOOK).await;
            } else {
                self.asked.notified().await;
            }
        }
    }

    async fn look(&self) {
        let pinged = tokio::task::spawn_blocking(|| Display::from_environment().map(|display| display.ping(PING)));
        // Without a display there is nothing to ask; a compositor may live elsewhere.
        let compositor = pinged.await.ok().and_then(Result::ok).map(|ping| ping.map(drop));
        let windows = match self.sink.parts() {
            Some(parts) => timeout(PING, parts.windows.list()).await.ok().and_then(Result::ok).map(|list| list.len()),
            None => None,
        };
        self.with(|seen| (seen.compositor, seen.windows) = (compositor, windows));
    }

    fn with<T>(&self, act: impl FnOnce(&mut Seen) -> T) -> T {
        act(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn hops(&self) -> [HopReport; 2] {
        let hops = self.with(|seen| {
            seen.curious = Some(Instant::now());
            [desktop(seen.windows), compositor(seen.compositor.as_ref())]
        });
        self.asked.notify_one();
        hops
    }
}

fn desktop(windows: Option<usize>) -> HopReport {
    let (state, why) = match windows {
        Some(0) => (HopState::Still, Some("no window is open")),
        Some(_) => (HopState::Ok, None),
        None => (HopState::Unknown, None),
    };
    HopReport { hop: Hop::Desktop, state, frame: None, age_ms: None, why: why.map(str::to_owned) }
}

fn compositor(answer: Option<&Result<(), SessionError>>) -> HopReport {
    let (state, why) = match answer {
        Some(Ok(())) => (HopState::Ok, None),
        Some(Err(error @ SessionError::Late { .. })) => (HopState::Silent, Some(lunette_cause::chain(error))),
        Some(Err(error)) => (HopState::Down, Some(lunette_cause::chain(error))),
        None => (HopState::Unknown, None),
    };
    HopReport { hop: Hop::Compositor, state, frame: None, age_ms: None, why }
}

impl Video for Surrounded {
    fn join(&self) -> Result<Box<dyn Watching>, NoVideo> {
        self.video.join()
    }

    fn look(&self) -> Result<Box<dyn Watching>, NoVideo> {
        self.video.look()
    }

    fn facts(&self) -> StreamFacts {
        self.video.facts()
    }

    fn hops(&self) -> Vec<HopReport> {
        self.surroundings.hops().into_iter().chain(self.video.hops()).collect()
    }

    fn stats(&self) -> VideoStats {
        self.video.stats()
    }

    fn clock(&self) -> Option<Pts> {
        self.video.clock()
    }

    fn resize(&self, size: Size) -> Waiting<'_, Result<(), NoVideo>> {
        self.video.resize(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compositor_that_hangs_is_silent_and_one_that_is_gone_is_down() {
        let late = SessionError::Late { what: "the compositor", limit: PING };
        let gone = SessionError::Gone { what: "the compositor", reason: "no such file".to_owned() };
        let states = [Ok(()), Err(late), Err(gone)].map(|answer| compositor(Some(&answer)).state);
        assert_eq!(states, [HopState::Ok, HopState::Silent, HopState::Down]);
        assert_eq!(compositor(None).state, HopState::Unknown);
    }

    #[test]
    fn a_desktop_without_windows_says_so() {
        assert_eq!(desktop(Some(0)).why.as_deref(), Some("no window is open"));
        assert_eq!([Some(2), None].map(|windows| desktop(windows).state), [HopState::Ok, HopState::Unknown]);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_looks_until_somebody_asks() {
        let surroundings = Surroundings::new(Arc::default());
        let silent = timeout(CURIOUS, surroundings.run()).await;
        assert!(silent.is_err());
        assert!(surroundings.with(|seen| seen.curious.is_none() && seen.compositor.is_none()));
        assert_eq!(surroundings.hops().map(|hop| hop.hop), [Hop::Desktop, Hop::Compositor]);
        assert!(surroundings.with(|seen| seen.curious.is_some()));
    }
}
