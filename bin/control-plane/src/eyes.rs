//! Small pictures of desktops: at most two a second, only of what changed, and only while somebody looks.
//!
//! ```text
//!   frame-export ◀─HXFR─▶ Hub ─▶ Snapshots: decode ─▶ task "eye": scale, JPEG ─▶ Thumb ─▶ walls
//! ```
//! A picture is asked for when the last one has been shown for half a second, and what nobody asks for is not encoded.
//! So a busy desktop costs two pictures a second here, and a still one nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use lunette_desktop::DesktopId;
use lunette_frame::ScanoutId;
use lunette_snapshot::{Encoding, Feed, Next, Scale, Shot, SnapshotError, Snapshots, View};
use lunette_viewer::{Hub, Uplink, Video, Watching};
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, sleep, sleep_until};

use crate::app::Host;
use crate::pictures::{Reached, Spot};

/// Between two pictures.
const PACE: Duration = Duration::from_millis(500);
/// Pixels of a row; the usual shape of a screen has whole rows then.
const WIDTH: u32 = 320;
const QUALITY: u8 = 70;
/// How long a subscription outlives the last who looks, and an eye too.
const GRACE: Duration = Duration::from_secs(5);
/// After an error.
const PAUSE: Duration = Duration::from_secs(2);

/// A small picture.
#[derive(Debug, Clone)]
pub(crate) struct Thumb {
    /// The number of what it shows.
    pub(crate) frame: u64,
    /// A JPEG file.
    pub(crate) jpeg: Bytes,
}

/// What is seen of a desktop now: a picture, or why there is none.
pub(crate) type Sight = Result<Thumb, String>;

/// Every desktop that is looked at.
#[derive(Default)]
pub(crate) struct Eyes {
    // Entered when somebody begins to look.
    open: Mutex<HashMap<DesktopId, Eye>>,
}

struct Eye {
    place: Place,
    sight: watch::Receiver<Option<Sight>>,
    snapshots: Snapshots,
    task: JoinHandle<()>,
}

/// Where a desktop's picture is.
#[derive(Clone, PartialEq, Eq)]
struct Place {
    spot: Spot,
    scanout: u16,
}

impl Drop for Eye {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Eyes {
    /// Begins, or goes on, to look at a desktop that is at this scanout of its host. It is looked at as long as somebody has
    /// what is returned.
    pub(crate) fn look(
        &self,
        id: &DesktopId,
        host: &Host,
        scanout: u16,
    ) -> Result<watch::Receiver<Option<Sight>>, String> {
        self.eye(id, host, scanout, |eye| eye.sight.clone())
    }

    /// The newest picture of a desktop, whole.
    pub(crate) async fn shot(
        &self,
        id: &DesktopId,
        host: &Host,
        scanout: u16,
        limit: Duration,
    ) -> Result<Shot, String> {
        let snapshots = self.eye(id, host, scanout, |eye| eye.snapshots.clone())?;
        snapshots.shot(Instant::now() + limit).await.map_err(|error| lunette_cause::chain(&error))
    }

    fn eye<T>(&self, id: &DesktopId, host: &Host, scanout: u16, take: impl Fn(&Eye) -> T) -> Result<T, String> {
        let Reached { route, token, spot } = host.pictures.reach()?;
        let place = Place { spot, scanout };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, eye| !eye.task.is_finished());
        if let Some(eye) = open.get(id).filter(|eye| eye.place == place) {
            return Ok(take(eye));
        }
        let eye = Eye::open(place, &Uplink { route, scanout: ScanoutId::new(scanout), token });
        let taken = take(&eye);
        open.insert(id.clone(), eye);
        Ok(taken)
    }

    /// Looks no more.
    pub(crate) fn close(&self, id: &DesktopId) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

impl Eye {
    fn open(place: Place, uplink: &Uplink) -> Self {
        let hub = Arc::new(Hub::new(uplink, GRACE, None));
        let snapshots = Snapshots::with_idle(GRACE, move || slowly(&hub));
        let (seen, sight) = watch::channel(None);
        let task = tokio::spawn(show(snapshots.clone(), seen));
        Self { place, sight, snapshots, task }
    }
}

/// Makes small pictures while somebody looks; ends when nobody has for a while.
async fn show(snapshots: Snapshots, seen: watch::Sender<Option<Sight>>) {
    let mut last = None;
    loop {
        // The one that is kept for others does not look itself.
        while seen.receiver_count() <= 1 {
            if tokio::time::timeout(GRACE, looked_at(&seen)).await.is_err() {
                return;
            }
        }
        let began = Instant::now();
        match next(&snapshots, last).await {
            Ok(Some(thumb)) => {
                last = Some(thumb.frame);
                seen.send_replace(Some(Ok(thumb)));
                sleep_until(began + PACE).await;
            }
            // Nothing changed.
            Ok(None) => {}
            Err(error) => {
                last = None;
                seen.send_replace(Some(Err(lunette_cause::chain(&error))));
                sleep(PAUSE).await;
            }
        }
    }
}

/// Somebody looks. There is nothing that tells of it, so it is looked for; a wall that opens is not kept waiting.
async fn looked_at(seen: &watch::Sender<Option<Sight>>) {
    while seen.receiver_count() <= 1 {
        sleep(Duration::from_millis(50)).await;
    }
}

async fn next(snapshots: &Snapshots, last: Option<u64>) -> Result<Option<Thumb>, SnapshotError> {
    let shot = match last {
        None => snapshots.shot(Instant::now() + Duration::from_secs(10)).await?,
        Some(last) => {
            let waited = snapshots.wait_change(last, None, Instant::now() + Duration::from_secs(5)).await?;
            if waited.changed.is_nothing() {
                return Ok(None);
            }
            waited.shot
        }
    };
    let frame = shot.frame();
    let made = spawn_blocking(move || small(&shot)).await;
    let jpeg = made.map_err(|error| SnapshotError::Feed(error.to_string()))??;
    Ok(Some(Thumb { frame, jpeg: jpeg.into() }))
}

fn small(shot: &Shot) -> Result<Vec<u8>, SnapshotError> {
    let share = f64::from(WIDTH) / f64::from(shot.size().width.max(WIDTH));
    let scale = Scale::new(share.max(Scale::LEAST)).unwrap_or_default();
    shot.render(&View { scale, ..View::default() })?.encode(Encoding::Jpeg(QUALITY))
}

/// The stream, at our pace.
fn slowly(hub: &Hub) -> Result<Box<dyn Feed>, String> {
    let watching = hub.join().map_err(|none| none.reason)?;
    Ok(Box::new(Slowly { watching, due: Instant::now() }))
}

struct Slowly {
    watching: Box<dyn Watching>,
    due: Instant,
}

impl Feed for Slowly {
    fn next(&mut self) -> Next<'_> {
        Box::pin(async move {
            sleep_until(self.due).await;
            let unit = self.watching.next().await.map_err(|none| none.reason)?.unit;
            // What follows within a moment belongs to it: a start is several units that are there already.
            self.due = Instant::now() + if self.watching.queued_for().is_zero() { PACE } else { Duration::ZERO };
            Ok((unit.pts.as_nanos() / 1000, unit))
        })
    }
}
