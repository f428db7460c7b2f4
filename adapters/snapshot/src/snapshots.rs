//! The handle: pictures of one stream for any number of callers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use lunette_frame::Rect;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use crate::SnapshotError;
use crate::feed::Feed;
use crate::history::Changed;
use crate::pump::{self, Owner};
use crate::shot::Shot;
use crate::state::{Failure, Shared, State};

/// Pictures of one stream. Clones share everything.
///
/// Decoding starts with the first call and ends [`Snapshots::IDLE`] after the last one. Every call has a deadline.
#[derive(Clone)]
pub struct Snapshots {
    inner: Arc<Inner>,
}

/// What came of waiting for a change.
#[derive(Debug, Clone)]
pub struct ChangeWait {
    /// The newest picture.
    pub shot: Shot,
    /// What changed; nothing when the time ran out.
    pub changed: Changed,
}

/// What came of waiting for a quiet screen.
#[derive(Debug, Clone)]
pub struct StableWait {
    /// The newest picture.
    pub shot: Shot,
    /// Whether it was quiet for long enough; `false` when the time ran out.
    pub stable: bool,
}

type MakeFeed = dyn Fn() -> Result<Box<dyn Feed>, String> + Send + Sync;

struct Inner {
    make_feed: Box<MakeFeed>,
    idle: Duration,
    shared: Arc<Shared>,
    /// Entered by callers on any thread, for as long as it takes to count them.
    run: Mutex<Run>,
}

struct Run {
    users: usize,
    last_use: Instant,
    task: Option<JoinHandle<()>>,
}

/// Somebody who looks; decoding goes on as long as there is one.
struct User<'a>(&'a Inner);

/// What a look at the state says.
enum Look<T> {
    Found(T),
    /// Not before something changes.
    Later,
    /// At this time, unless something changes.
    At(Instant),
}

impl Snapshots {
    /// How long decoding goes on when nobody looks.
    pub const IDLE: Duration = Duration::from_secs(30);

    /// Pictures of the stream that `make_feed` subscribes to. Subscribes to nothing yet.
    pub fn new(make_feed: impl Fn() -> Result<Box<dyn Feed>, String> + Send + Sync + 'static) -> Self {
        Self::with_idle(Self::IDLE, make_feed)
    }

    /// The same, with another time until decoding ends.
    pub fn with_idle(
        idle: Duration,
        make_feed: impl Fn() -> Result<Box<dyn Feed>, String> + Send + Sync + 'static,
    ) -> Self {
        let run = Mutex::new(Run { users: 0, last_use: Instant::now(), task: None });
        Self { inner: Arc::new(Inner { make_feed: Box::new(make_feed), idle, shared: Arc::new(Shared::new()), run }) }
    }

    /// The newest picture.
    ///
    /// # Errors
    /// When the stream gives none until `deadline`.
    pub async fn shot(&self, deadline: Instant) -> Result<Shot, SnapshotError> {
        let found = self.until(deadline, |state, _| found(state.live_shot())).await?;
        found.ok_or(SnapshotError::NoPicture)
    }

    /// The newest picture, and what changed in it since picture `since`.
    ///
    /// # Errors
    /// As [`Snapshots::shot`].
    pub async fn changed_since(
        &self,
        since: u64,
        region: Option<Rect>,
        deadline: Instant,
    ) -> Result<(Shot, Changed), SnapshotError> {
        let look = |state: &State, _| found(state.live_shot().zip(state.history.changed_since(since, region)));
        self.until(deadline, look).await?.ok_or(SnapshotError::NoPicture)
    }

    /// Whether what is in `region` is what picture `frame` showed there: the check before acting on it.
    ///
    /// # Errors
    /// As [`Snapshots::shot`]; the inner result tells what changed, or that nobody knows.
    pub async fn unchanged_since(
        &self,
        frame: u64,
        region: Rect,
        deadline: Instant,
    ) -> Result<Result<(), Changed>, SnapshotError> {
        let (_, changed) = self.changed_since(frame, Some(region), deadline).await?;
        Ok(if changed.is_nothing() { Ok(()) } else { Err(changed) })
    }

    /// Waits until something in `region`, or anywhere, differs from picture `since`.
    ///
    /// # Errors
    /// As [`Snapshots::shot`]. A deadline that passes without a change is no error.
    pub async fn wait_change(
        &self,
        since: u64,
        region: Option<Rect>,
        deadline: Instant,
    ) -> Result<ChangeWait, SnapshotError> {
        let now = |state: &State| state.live_shot().zip(state.history.changed_since(since, region));
        let look = |state: &State, _| found(now(state).filter(|(_, changed)| !changed.is_nothing()));
        let found = self.until(deadline, look).await?.or_else(|| now(&self.inner.shared.state()));
        let (shot, changed) = found.ok_or(SnapshotError::NoPicture)?;
        Ok(ChangeWait { shot, changed })
    }

    /// Waits until nothing in `region`, or anywhere, has changed for `quiet`. A screen that was still before the call
    /// counts as quiet for as long as it was watched; a stream that sends nothing because nothing changes is still.
    ///
    /// # Errors
    /// As [`Snapshots::shot`]. A deadline that passes before is no error.
    pub async fn wait_stable(
        &self,
        quiet: Duration,
        region: Option<Rect>,
        deadline: Instant,
    ) -> Result<StableWait, SnapshotError> {
        let look = |state: &State, now: Instant| {
            let (Some(shot), Some(last)) = (state.live_shot(), state.history.last_change(region)) else {
                return Look::Later;
            };
            match last.checked_add(quiet) {
                // What waits to be decoded may be a change.
                _ if state.waiting > 0 => Look::Later,
                Some(due) if due <= now => Look::Found(shot),
                Some(due) => Look::At(due),
                None => Look::Later,
            }
        };
        if let Some(shot) = self.until(deadline, look).await? {
            return Ok(StableWait { shot, stable: true });
        }
        let shot = self.inner.shared.state().live_shot().ok_or(SnapshotError::NoPicture)?;
        Ok(StableWait { shot, stable: false })
    }

    /// The number of the newest picture that was decoded, without decoding any.
    #[must_use]
    pub fn newest(&self) -> Option<u64> {
        self.inner.shared.state().history.newest()
    }

    /// Whether somebody looked lately, so that the stream is being decoded.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.inner.run().task.as_ref().is_some_and(|task| !task.is_finished())
    }

    /// Looks until something is found; `None` at the deadline.
    async fn until<T>(
        &self,
        deadline: Instant,
        mut look: impl FnMut(&State, Instant) -> Look<T>,
    ) -> Result<Option<T>, SnapshotError> {
        let mut changes = self.inner.shared.changes();
        let _user = self.enter();
        loop {
            changes.mark_unchanged();
            let now = Instant::now();
            let wake = {
                let state = self.inner.shared.state();
                if let Some(failure) = &state.failure {
                    return Err(failure.clone().into());
                }
                match look(&state, now) {
                    Look::Found(found) => return Ok(Some(found)),
                    Look::Later => deadline,
                    Look::At(at) => at.min(deadline),
                }
            };
            if now >= deadline {
                return Ok(None);
            }
            tokio::select! {
                // The sender lives as long as `self`.
                _ = changes.changed() => {}
                () = sleep_until(wake) => {}
            }
        }
    }

    /// Counts a caller, and starts decoding if it is not going on.
    fn enter(&self) -> User<'_> {
        let mut run = self.inner.run();
        run.users += 1;
        run.last_use = Instant::now();
        if run.task.as_ref().is_none_or(JoinHandle::is_finished) {
            self.inner.shared.change(State::begin);
            let owner = Arc::new(Link(Arc::downgrade(&self.inner)));
            run.task = Some(tokio::spawn(pump::run(owner, Arc::clone(&self.inner.shared))));
        }
        User(&self.inner)
    }
}

impl std::fmt::Debug for Snapshots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshots").field("newest", &self.newest()).finish_non_exhaustive()
    }
}

fn found<T>(found: Option<T>) -> Look<T> {
    found.map_or(Look::Later, Look::Found)
}

impl Inner {
    fn run(&self) -> MutexGuard<'_, Run> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for User<'_> {
    fn drop(&mut self) {
        let mut run = self.0.run();
        run.users -= 1;
        run.last_use = Instant::now();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(task) = self.run().task.take() {
            task.abort();
        }
    }
}

impl From<Failure> for SnapshotError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Feed(cause) => Self::Feed(cause),
            Failure::Decode(cause) => Self::Decode(cause),
        }
    }
}

/// What the task knows of its owner: it must not keep it alive.
struct Link(Weak<Inner>);

impl Owner for Link {
    fn subscribe(&self) -> Result<Box<dyn Feed>, String> {
        let inner = self.0.upgrade().ok_or("nobody looks any more")?;
        (inner.make_feed)()
    }

    fn wanted_until(&self, now: Instant) -> Option<Instant> {
        let inner = self.0.upgrade()?;
        let mut run = inner.run();
        let until = if run.users > 0 { now + inner.idle } else { run.last_use + inner.idle };
        if until > now {
            return Some(until);
        }
        // Under the lock, so that the next caller starts another task.
        run.task = None;
        drop(run);
        inner.shared.change(|state| state.live = false);
        None
    }
}
