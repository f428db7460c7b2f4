//! Drives one desktop's life: carries out what it says, tells it what happened.

use std::sync::Arc;
use std::time::Duration;

use lunette_desktop::{Action, Input, Life, Order, Places, Report};
use rustix::process::Signal;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{AbortHandle, spawn_blocking};
use tokio::time::{Instant, sleep_until, timeout};

use super::launcher::Launcher;
use super::{folder, link};
use crate::clock::Clock;
use crate::config::Config;
use crate::engine::Engine;

/// For one attempt to sweep.
const SWEEP: Duration = Duration::from_secs(30);
/// Between attempts, at first and at most.
const SWEEP_PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// What prevents a sweep for less long is only in the log: processes that are still dying, most likely.
const MENDING: Duration = Duration::from_secs(3);

/// What everything here shares.
pub(crate) struct Common {
    pub(crate) config: Config,
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) clock: Clock,
}

/// What a keeper is told.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Command {
    /// End the desktop.
    Stop,
    /// Leave it to itself.
    Detach,
}

pub(crate) struct Keeper {
    common: Arc<Common>,
    order: Order,
    places: Places,
    life: Life,
    launcher: Option<Launcher>,
    /// Tasks that talk about the present launcher.
    watching: Vec<AbortHandle>,
    happened: mpsc::Receiver<Input>,
    telling: mpsc::Sender<Input>,
    commands: mpsc::Receiver<Command>,
    view: watch::Sender<Report>,
    /// Whoever asks for its end again has perhaps removed what was in the way.
    asked_again: Arc<Notify>,
}

impl Keeper {
    pub(crate) fn new(
        common: Arc<Common>,
        order: Order,
        life: Life,
        commands: mpsc::Receiver<Command>,
        view: watch::Sender<Report>,
    ) -> Self {
        let (telling, happened) = mpsc::channel(16);
        let places = Places::new(&common.config.dir, &order.id);
        let (watching, asked_again) = (Vec::new(), Arc::default());
        Self { common, order, places, life, launcher: None, watching, happened, telling, commands, view, asked_again }
    }

    /// Takes a launcher over that runs already.
    pub(crate) fn adopt(&mut self, launcher: Launcher) {
        self.follow(launcher);
    }

    /// Until the desktop is over, or to be left to itself.
    pub(crate) async fn run(mut self) {
        loop {
            while let Some(action) = self.life.poll_action() {
                self.carry_out(action).await;
            }
            if self.life.report().phase.is_over() {
                break self.close().await;
            }
            self.publish();
            let due = self.life.next_tick().map(|due| self.common.clock.at(due));
            let input = tokio::select! {
                command = self.commands.recv() => match command {
                    Some(Command::Stop) => {
                        self.asked_again.notify_waiters();
                        Input::Stop
                    }
                    Some(Command::Detach) | None => break self.unfollow(),
                },
                Some(input) = self.happened.recv() => input,
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => Input::Tick,
            };
            self.handle(input);
        }
    }

    fn handle(&mut self, input: Input) {
        if matches!(input, Input::LauncherEnded { .. }) {
            self.unfollow();
        }
        self.life.handle(self.common.clock.now(), input);
    }

    async fn carry_out(&mut self, action: Action) {
        match action {
            Action::Spawn => {
                let spawned = self.spawn().await;
                self.handle(spawned);
            }
            Action::AskStop => self.signal(Signal::TERM),
            Action::Kill => self.signal(Signal::KILL),
            Action::Sweep => {
                let (common, order, telling) = (Arc::clone(&self.common), self.order.clone(), self.telling.clone());
                tokio::spawn(sweep(common, order, telling, Arc::clone(&self.asked_again)));
            }
        }
    }

    async fn spawn(&mut self) -> Input {
        self.order.restarts = self.life.restarts();
        self.order.size = self.life.report().size;
        let (common, places, order) = (Arc::clone(&self.common), self.places.clone(), self.order.clone());
        let spawning = spawn_blocking(move || {
            let failed = |step: &str, error: std::io::Error| (step.to_owned(), error.to_string());
            folder::prepare(&places, &order).map_err(|error| failed("write its order", error))?;
            let program = common.config.launcher.display();
            Launcher::spawn(&common.config, &places, &order).map_err(|error| failed(&format!("start {program}"), error))
        });
        match spawning.await {
            Ok(Ok(launcher)) => {
                let pid = launcher.pid();
                tracing::info!(id = %self.order.id, pid, restarts = self.order.restarts, "launcher started");
                self.follow(launcher);
                Input::Spawned { pid }
            }
            Ok(Err((step, cause))) => Input::SpawnFailed { step, cause },
            Err(error) => Input::SpawnFailed { step: "start its launcher".to_owned(), cause: error.to_string() },
        }
    }

    fn follow(&mut self, launcher: Launcher) {
        let watching = tokio::spawn(link::watch(self.places.control(), self.telling.clone()));
        let (telling, places, ending) = (self.telling.clone(), self.places.clone(), launcher.clone());
        let waiting = tokio::spawn(async move {
            ending.ended().await;
            let last = spawn_blocking(move || folder::report(&places)).await.ok().flatten();
            // The keeper may have been told to leave the desktop to itself.
            let _ = telling.send(Input::LauncherEnded { last }).await;
        });
        self.watching = vec![watching.abort_handle(), waiting.abort_handle()];
        self.launcher = Some(launcher);
    }

    fn unfollow(&mut self) {
        self.launcher = None;
        self.watching.drain(..).for_each(|task| task.abort());
    }

    fn signal(&self, signal: Signal) {
        if let Some(launcher) = &self.launcher {
            launcher.signal(signal);
        }
    }

    fn publish(&self) {
        let report = self.life.report();
        self.view.send_if_modified(|view| {
            let changed = view != report;
            if changed {
                log(report);
                view.clone_from(report);
            }
            changed
        });
    }

    async fn close(&mut self) {
        let (places, order, report) = (self.places.clone(), self.order.clone(), self.life.report().clone());
        let kept = spawn_blocking(move || folder::keep(&places, &order, &report)).await;
        if let Ok(Err(error)) = kept {
            tracing::warn!(%error, id = %self.order.id, "cannot keep its last report");
        }
        self.publish();
    }
}

fn log(report: &Report) {
    let reason = report.reason.as_ref().map(ToString::to_string);
    tracing::info!(id = %report.id, phase = ?report.phase, scanout = report.scanout, reason, "desktop");
}

/// Sweeps until nothing is left, and at once when it is `asked` again. It ends before only with its keeper, which may
/// leave the desktop to itself.
async fn sweep(common: Arc<Common>, order: Order, telling: mpsc::Sender<Input>, asked: Arc<Notify>) {
    let began = Instant::now();
    let mut known = String::new();
    for pause in pauses() {
        let cause = match timeout(SWEEP, common.engine.sweep(&order)).await {
            Ok(Ok(())) => break,
            Ok(Err(cause)) => cause,
            Err(_) => format!("not done within {} s", SWEEP.as_secs()),
        };
        if cause != known {
            tracing::error!(id = %order.id, cause, "cannot remove what is left of a desktop; it is tried until it works");
            known.clone_from(&cause);
        }
        if began.elapsed() >= MENDING && telling.send(Input::SweepFailed { cause }).await.is_err() {
            return;
        }
        let _ = timeout(pause, asked.notified()).await;
    }
    // As above.
    let _ = telling.send(Input::Swept).await;
}

fn pauses() -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(SWEEP_PAUSES.0), |pause| Some((2 * *pause).min(SWEEP_PAUSES.1)))
}

#[cfg(test)]
mod tests {
    use super::pauses;

    #[test]
    fn pauses_between_sweeps_double_up_to_a_minute() {
        let seconds: Vec<u64> = pauses().take(8).map(|pause| pause.as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
    }
}
