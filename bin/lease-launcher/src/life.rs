//! Watches a desktop that is up, and does what it is asked to.
//!
//! ```text
//!   bring up ─▶ first picture ─▶ ┌─ a part ended ─────▶ reason
//!                                ├─ asked to stop ────▶ Asked
//!                                ├─ asked to resize ──▶ another size, within a limit
//!                                └─ every second: does the picture move when it must?
//! ```

use std::path::PathBuf;
use std::time::Duration;

use lunette_desktop::{CompositorKind, Ending, Phase, Reason, Resize, Seen, Stillness, Verdict};
use lunette_frame::Size;
use lunette_screen::Standing;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout, timeout_at};

use crate::control::Asked;
use crate::desktop::{Desktop, Ended, Task};
use crate::host::Host;
use crate::reporter::{Reporter, now_ms};

/// How often pictures are asked for.
const LOOK: Duration = Duration::from_secs(1);
/// While the first picture, or one of another size, is awaited.
const LOOK_CLOSELY: Duration = Duration::from_millis(50);
/// How long another size may take, all tries and waits together. A command that is then to be killed takes a little
/// longer, and hydra waits 30 s for an answer.
const RESIZE_LIMIT: Duration = Duration::from_secs(12);
/// Of one command that changes a compositor's size.
const COMMAND_LIMIT: Duration = Duration::from_secs(10);
/// Between two of them.
const COMMAND_PAUSE: Duration = Duration::from_millis(500);
/// A pixel to the right and back.
const NUDGE: [&str; 2] = [r#"{"type":"mouse_move_rel","dx":1,"dy":0}"#, r#"{"type":"mouse_move_rel","dx":-1,"dy":0}"#];

/// Lives until the desktop ends; why it did, and who waits for it to be gone.
pub(crate) async fn live(
    desktop: &mut Desktop,
    reporter: &Reporter,
    tasks: &mut mpsc::Receiver<Asked>,
    grace: Duration,
) -> (Reason, Option<oneshot::Sender<()>>) {
    let started = tokio::select! {
        started = start(desktop, reporter) => started,
        done = refuse_until_stop(tasks) => return (Reason::Asked, Some(done)),
    };
    if let Err(reason) = started {
        return (reason, None);
    }
    reporter.note(|report| report.first_picture_ms = Some(now_ms().saturating_sub(desktop.order.ordered_at_ms)));
    reporter.enter(Phase::Running, None);
    desktop.start_bridge(reporter);
    let mut watch = Watch::new(desktop).await;
    // A host that does not answer keeps nothing else waiting.
    let (seeing, mut seen) = mpsc::channel(1);
    let _looking = Task(tokio::spawn(look_on(desktop.host(), seeing)));
    loop {
        tokio::select! {
            ended = desktop.ended() => return (reason(desktop, ended), None),
            Some(standing) = seen.recv() => watch.look(desktop, reporter, standing).await,
            task = tasks.recv() => match task {
                Some(Asked::Stop(done)) => return (Reason::Asked, Some(done)),
                Some(Asked::Resize(size, done)) => {
                    let resized = resize(desktop, reporter, size, grace).await;
                    watch = Watch::new(desktop).await;
                    let failed = resized.as_ref().err().cloned();
                    let _ = done.send(resized.map_err(|failure| failure.why().to_owned()));
                    if let Some(Failure::Fatal(reason)) = failed {
                        return (reason, None);
                    }
                }
                None => return (Reason::Asked, None),
            },
        }
    }
}

/// A desktop without a picture has no size to change yet.
async fn refuse_until_stop(tasks: &mut mpsc::Receiver<Asked>) -> oneshot::Sender<()> {
    loop {
        match tasks.recv().await {
            Some(Asked::Stop(done)) => return done,
            Some(Asked::Resize(_, done)) => {
                let _ = done.send(Err("it is still starting".to_owned()));
            }
            None => std::future::pending().await,
        }
    }
}

/// Brings everything up, and waits for the first picture.
async fn start(desktop: &mut Desktop, reporter: &Reporter) -> Result<(), Reason> {
    desktop.start(reporter).await?;
    let limit = desktop.order.profile.start_limit_s;
    let until = Instant::now() + Duration::from_secs(limit.into());
    if desktop.order.profile.compositor.kind == CompositorKind::Headless {
        return Ok(());
    }
    let wanted = desktop.size();
    loop {
        tokio::select! {
            ended = desktop.ended() => return Err(reason(desktop, ended)),
            () = sleep(LOOK_CLOSELY) => {}
        }
        let host = desktop.host();
        let standing = tokio::select! {
            ended = desktop.ended() => return Err(reason(desktop, ended)),
            standing = standing(host) => standing,
        };
        // Before a compositor sets a mode there is no picture of this size.
        if standing.is_some_and(|standing| standing.pictures > 0 && standing.size == Some(wanted)) {
            return Ok(());
        }
        if Instant::now() >= until {
            return Err(Reason::NoPicture { after_s: limit });
        }
    }
}

async fn standing(host: Option<Host>) -> Option<Standing> {
    match host?.standing().await {
        Ok(standing) => Some(standing),
        Err(error) => {
            tracing::debug!(%error, "the host does not say how the desktop is doing");
            None
        }
    }
}

fn reason(desktop: &Desktop, ended: Ended) -> Reason {
    match ended {
        Ended::Other(reason) => reason,
        Ended::Container(exit) if exit.out_of_memory => {
            Reason::OutOfMemory { limit_mib: desktop.order.limits.memory_mib }
        }
        // The first process tells of its child's signal as shells do.
        Ended::Container(exit) => Reason::CompositorEnded {
            ending: match exit.ending {
                Ending::Status(status) => Ending::of_told_status(status),
                signal @ Ending::Signal(_) => signal,
            },
        },
    }
}

/// Asks the host once a second.
async fn look_on(host: Option<Host>, seeing: mpsc::Sender<Standing>) {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        // A host that is away says nothing about the desktop.
        let Some(standing) = standing(host.clone()).await else { continue };
        if seeing.send(standing).await.is_err() {
            return;
        }
    }
}

/// Tells a still desktop from a frozen one.
struct Watch {
    stillness: Stillness,
    since: Instant,
}

impl Watch {
    async fn new(desktop: &Desktop) -> Self {
        let seen = Seen { changes: 0, input: desktop.fed(), cpu: desktop.cpu().await };
        Self { stillness: Stillness::new(Duration::ZERO, seen), since: Instant::now() }
    }

    async fn look(&mut self, desktop: &Desktop, reporter: &Reporter, standing: Standing) {
        let changes = standing.pictures + standing.cursor_changes;
        let seen = Seen { changes, input: desktop.fed(), cpu: desktop.cpu().await };
        match self.stillness.look(self.since.elapsed(), seen) {
            Verdict::Fine if reporter.phase() == Phase::Frozen => {
                tracing::info!("it shows pictures again");
                reporter.enter(Phase::Running, None);
            }
            Verdict::Fine => {}
            Verdict::Nudge => drop(tokio::spawn(nudge(desktop.input_socket()))),
            Verdict::Frozen(since) if reporter.phase() != Phase::Frozen => {
                let for_s = u32::try_from(since.as_secs()).unwrap_or(u32::MAX);
                tracing::warn!(for_s, "it shows nothing although it should");
                reporter.enter(Phase::Frozen, Some(Reason::Frozen { for_s }));
            }
            Verdict::Frozen(_) => {}
        }
    }
}

/// Moves the pointer as a client of the input socket would.
async fn nudge(input: PathBuf) {
    let nudged = async {
        let mut stream = UnixStream::connect(input).await?;
        for line in NUDGE {
            stream.write_all(format!("{line}\n").as_bytes()).await?;
            // Two moves at once would be none.
            sleep(Duration::from_millis(100)).await;
        }
        stream.shutdown().await
    };
    if let Ok(Err(error)) = timeout(LOOK, nudged).await {
        tracing::warn!(%error, "the pointer cannot be moved");
    }
}

/// Why the size did not change.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// The desktop goes on.
    Refused(String),
    /// It does not.
    Fatal(Reason),
}

impl Failure {
    pub(crate) fn why(&self) -> String {
        match self {
            Self::Refused(why) => why.clone(),
            Self::Fatal(reason) => reason.to_string(),
        }
    }
}

async fn resize(desktop: &mut Desktop, reporter: &Reporter, size: Size, grace: Duration) -> Result<(), Failure> {
    let Some(host) = desktop.host() else {
        return Err(Failure::Refused("it has no screen of this machine".to_owned()));
    };
    let (until, before) = (Instant::now() + RESIZE_LIMIT, desktop.size());
    match timeout_at(until, host.resize(size)).await {
        Ok(offered) => offered.map_err(Failure::Refused)?,
        Err(_) => return Err(Failure::Refused(format!("the host did not offer {size} within {RESIZE_LIMIT:?}"))),
    }
    desktop.set_size(size);
    if desktop.order.profile.resize == Resize::Restart {
        let restarted = timeout_at(until, desktop.restart(reporter, grace)).await;
        restarted.unwrap_or_else(|_| Err(restarts_too_long())).map_err(Failure::Fatal)?;
    }
    let shown = shows(desktop, reporter, size, until).await;
    // One whose session started again has lost it.
    desktop.start_bridge(reporter);
    if matches!(shown, Err(Failure::Refused(_))) {
        // Positions are pixels of what is shown.
        desktop.set_size(before);
    }
    shown
}

/// What is half a container is no desktop any more.
fn restarts_too_long() -> Reason {
    let cause = format!("not done within {RESIZE_LIMIT:?}");
    Reason::StartFailed { step: "start its session again".to_owned(), cause }
}

/// Waits for a picture of this size; has the profile's command, if there is one, run until then.
pub(crate) async fn shows(
    desktop: &mut Desktop,
    reporter: &Reporter,
    size: Size,
    until: Instant,
) -> Result<(), Failure> {
    let how = desktop.order.profile.resize.clone();
    let mut said = String::new();
    let mut next_command = Instant::now();
    loop {
        let host = desktop.host();
        let shown = tokio::select! {
            ended = desktop.ended() => return Err(Failure::Fatal(reason(desktop, ended))),
            standing = timeout_at(until, standing(host)) => standing.ok().flatten().and_then(|standing| standing.size),
        };
        if shown == Some(size) {
            reporter.note(|report| report.size = size);
            return Ok(());
        }
        let now = Instant::now();
        if now >= until {
            let shown = shown.map_or_else(|| "nothing".to_owned(), |shown| shown.to_string());
            let last = if said.is_empty() { said } else { format!("; {said}") };
            return Err(Failure::Refused(format!("it shows {shown} instead of {size} after {RESIZE_LIMIT:?}{last}")));
        }
        // A compositor that has not heard of the new mode yet refuses it.
        if let Resize::Command { command } = &how
            && now >= next_command
        {
            let limit = COMMAND_LIMIT.min(until - now);
            said = desktop.run(filled(command, reporter, size), limit).await.err().unwrap_or_default();
            next_command = Instant::now() + COMMAND_PAUSE;
        }
        tokio::select! {
            ended = desktop.ended() => return Err(Failure::Fatal(reason(desktop, ended))),
            () = sleep(LOOK_CLOSELY) => {}
        }
    }
}

fn filled(command: &[String], reporter: &Reporter, size: Size) -> Vec<String> {
    let connector = reporter.watch().borrow().connector.clone().unwrap_or_default();
    let (width, height) = (size.width.to_string(), size.height.to_string());
    let fill =
        |word: &String| word.replace("{connector}", &connector).replace("{width}", &width).replace("{height}", &height);
    command.iter().map(fill).collect()
}
