//! The life of one desktop as hydra sees it.
//!
//! ```text
//!              Spawned              Report               final Report
//!   Spawning ──────────▶ Launching ────────▶ Alive ──────────────────▶ Leaving
//!    ▲    │                  │    ╲            │  ╲ Stop                │
//!    │    │ SpawnFailed      │     ╲ Stop      │   ▼          too long  │
//!    │    │                  │      ╲──────────┼▶ Asked ───────────┐    │
//!    │    │                  │ too long        │                   ▼    ▼
//!    │    │                  └─────────────────┼──────────────▶ Killed (SIGKILL)
//!    │    ▼                                    │ LauncherEnded        │
//!    │  Sweeping ◀─────────────────────────────┴──── from any ────────┘
//!    │    │ ╲ SweepFailed: it stays there, and says why
//!    │    │ Swept
//!    │    ├──▶ Over
//!    └── Resting (restart policy)
//! ```
//!
//! A desktop is over only when it is swept: its slot and its id are free from then on, not before.

use std::collections::VecDeque;
use std::time::Duration;

use crate::{BridgeReport, DesktopId, Order, Phase, Reason, Report, Restarts};

/// From its start to a launcher's first word.
const FIRST_WORD: Duration = Duration::from_secs(30);
/// A launcher gives up by itself when there is no picture; it gets this much longer.
const START_MARGIN: Duration = Duration::from_secs(60);
/// A launcher that was asked to stop. Together with a sweep this stays below a minute.
const STOPPING: Duration = Duration::from_secs(20);
/// From a final report to the launcher's end.
const LEAVING: Duration = Duration::from_secs(10);

/// Two clocks: one that never jumps, and one for people.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Since some origin.
    pub steady: Duration,
    /// Milliseconds since 1970.
    pub wall_ms: u64,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Input {
    /// The launcher runs.
    Spawned {
        /// Its process.
        pid: i32,
    },
    /// It does not.
    SpawnFailed {
        /// What was being done.
        step: String,
        /// Why.
        cause: String,
    },
    /// The launcher says something.
    Report(Report),
    /// The launcher's process is gone.
    LauncherEnded {
        /// The report that it left.
        last: Option<Report>,
    },
    /// Nothing of the desktop is left but its log.
    Swept,
    /// Something of it is left; it is swept again.
    SweepFailed {
        /// Why.
        cause: String,
    },
    /// Somebody wants it stopped.
    Stop,
    /// It is time for something.
    Tick,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Start a launcher; `Spawned` or `SpawnFailed` follows.
    Spawn,
    /// Ask the launcher to stop.
    AskStop,
    /// End the launcher at once; `LauncherEnded` follows.
    Kill,
    /// Remove what is left until nothing is; `Swept` follows, and before it `SweepFailed` while that takes long.
    Sweep,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Spawning,
    Launching { give_up: Duration },
    Alive { give_up: Option<Duration> },
    Asked { kill: Duration },
    Leaving { kill: Duration },
    Killed,
    Sweeping,
    Resting { until: Duration },
    Over,
}

/// One desktop.
#[derive(Debug)]
pub struct Life {
    id: DesktopId,
    start_limit: Duration,
    stage: Stage,
    stop_wanted: bool,
    /// Why it is being ended, when that is known before its end.
    verdict: Option<Reason>,
    restarts: Restarts,
    view: Report,
    actions: VecDeque<Action>,
}

impl Life {
    /// A desktop that was just ordered.
    #[must_use]
    pub fn ordered(order: &Order, now: Moment) -> Self {
        let mut life = Self::at(order, Stage::Spawning, first_view(order, now));
        life.actions.push_back(Action::Spawn);
        life
    }

    /// A desktop whose launcher lives already, with the report that it left.
    #[must_use]
    pub fn adopted(order: &Order, report: Option<Report>, pid: i32, now: Moment) -> Self {
        let view = report.filter(|report| report.id == order.id).unwrap_or_else(|| first_view(order, now));
        let stage = Stage::Launching { give_up: now.steady + FIRST_WORD };
        Self::at(order, stage, Report { launcher_pid: pid, ..view })
    }

    /// A desktop without a launcher, that an earlier hydra left behind: what is left of it goes.
    #[must_use]
    pub fn orphaned(order: &Order, report: Option<Report>, now: Moment) -> Self {
        let mut life = Self::adopted(order, report.clone(), 0, now);
        life.handle(now, Input::LauncherEnded { last: report });
        life
    }

    fn at(order: &Order, stage: Stage, view: Report) -> Self {
        Self {
            id: order.id.clone(),
            start_limit: Duration::from_secs(order.profile.start_limit_s.into()),
            stage,
            stop_wanted: false,
            verdict: None,
            restarts: Restarts::resumed(order.restart, order.restarts),
            view,
            actions: VecDeque::new(),
        }
    }

    /// Takes what happened.
    pub fn handle(&mut self, now: Moment, input: Input) {
        match (self.stage, input) {
            (Stage::Spawning, Input::Spawned { pid }) => self.spawned(now, pid),
            (Stage::Spawning, Input::SpawnFailed { step, cause }) => {
                self.verdict = Some(Reason::StartFailed { step, cause });
                self.sweep();
            }
            (Stage::Launching { .. } | Stage::Alive { .. } | Stage::Asked { .. }, Input::Report(report)) => {
                self.reported(now, report);
            }
            (stage, Input::LauncherEnded { last }) if stage.has_launcher() => self.launcher_ended(last),
            (Stage::Sweeping, Input::Swept) => self.swept(now),
            (Stage::Sweeping, Input::SweepFailed { cause }) => self.view.reason = Some(Reason::NotSwept { cause }),
            (_, Input::Stop) => self.stop(now),
            (Stage::Launching { give_up }, Input::Tick) if now.steady >= give_up => {
                let cause = format!("nothing within {} s", FIRST_WORD.as_secs());
                self.kill(Reason::StartFailed { step: "hear of its launcher".to_owned(), cause });
            }
            (Stage::Alive { give_up: Some(give_up) }, Input::Tick) if now.steady >= give_up => {
                let after_s = u32::try_from(self.start_limit.as_secs()).unwrap_or(u32::MAX);
                self.kill(Reason::NoPicture { after_s });
            }
            (Stage::Asked { kill }, Input::Tick) if now.steady >= kill => self.kill(Reason::Asked),
            (Stage::Leaving { kill }, Input::Tick) if now.steady >= kill => {
                self.actions.push_back(Action::Kill);
                self.stage = Stage::Killed;
            }
            (Stage::Resting { until }, Input::Tick) if now.steady >= until => {
                self.view.since_ms = now.wall_ms;
                self.actions.push_back(Action::Spawn);
                self.stage = Stage::Spawning;
            }
            _ => {}
        }
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When to call with [`Input::Tick`], on the steady clock.
    #[must_use]
    pub fn next_tick(&self) -> Option<Duration> {
        match self.stage {
            Stage::Launching { give_up } => Some(give_up),
            Stage::Alive { give_up } => give_up,
            Stage::Asked { kill } | Stage::Leaving { kill } => Some(kill),
            Stage::Resting { until } => Some(until),
            Stage::Spawning | Stage::Killed | Stage::Sweeping | Stage::Over => None,
        }
    }

    /// What to tell about it. It is over in here only when nothing of it is left.
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.view
    }

    /// How often it was started again, for the next order.
    #[must_use]
    pub const fn restarts(&self) -> u32 {
        self.restarts.total()
    }

    fn spawned(&mut self, now: Moment, pid: i32) {
        self.view.launcher_pid = pid;
        self.stage = Stage::Launching { give_up: now.steady + FIRST_WORD };
        if self.stop_wanted {
            self.ask(now);
        }
    }

    fn reported(&mut self, now: Moment, report: Report) {
        if report.id != self.id {
            return;
        }
        let phase = report.phase;
        let reason = report.reason.clone().or_else(|| self.view.reason.take());
        let pid = self.view.launcher_pid;
        self.view = Report { launcher_pid: pid, restarts: self.restarts.total(), reason, ..report };
        if phase.is_over() {
            self.verdict = self.view.reason.clone().filter(|_| phase == Phase::Failed).or(Some(Reason::Asked));
            self.view.phase = Phase::Stopping;
            self.stage = Stage::Leaving { kill: now.steady + LEAVING };
            return;
        }
        self.stage = match (self.stage, phase) {
            (Stage::Asked { kill }, _) => {
                self.view.phase = Phase::Stopping;
                Stage::Asked { kill }
            }
            (Stage::Alive { give_up: Some(give_up) }, Phase::Starting) => Stage::Alive { give_up: Some(give_up) },
            (_, Phase::Starting) => {
                Stage::Alive { give_up: Some(now.steady + self.start_limit.saturating_add(START_MARGIN)) }
            }
            _ => Stage::Alive { give_up: None },
        };
    }

    fn launcher_ended(&mut self, last: Option<Report>) {
        let last = last.filter(|last| last.id == self.id && last.phase.is_over());
        // What we killed it for says more than what it wrote down at last.
        let known = self.verdict.take().or(match last {
            Some(Report { phase: Phase::Failed, reason: Some(reason), .. }) => Some(reason),
            Some(Report { phase: Phase::Stopped, .. }) => Some(Reason::Asked),
            _ => None,
        });
        self.verdict = known.or(Some(if self.stop_wanted { Reason::Asked } else { Reason::LauncherDied }));
        self.sweep();
    }

    fn swept(&mut self, now: Moment) {
        let reason = self.verdict.take().unwrap_or(Reason::LauncherDied);
        let asked = self.stop_wanted || reason == Reason::Asked;
        let rest = if asked { None } else { self.restarts.failed(now.steady) };
        self.view.restarts = self.restarts.total();
        self.view.reason = Some(if asked { Reason::Asked } else { reason });
        match rest {
            Some(rest) => {
                self.forget_places(Phase::Starting, now);
                self.stage = Stage::Resting { until: now.steady + rest };
            }
            None => self.over(now),
        }
    }

    fn over(&mut self, now: Moment) {
        let asked = self.view.reason == Some(Reason::Asked);
        self.forget_places(if asked { Phase::Stopped } else { Phase::Failed }, now);
        self.stage = Stage::Over;
    }

    /// None of these is its any more.
    fn forget_places(&mut self, phase: Phase, now: Moment) {
        self.view = Report {
            phase,
            since_ms: now.wall_ms,
            launcher_pid: 0,
            container_pid: None,
            scanout: None,
            connector: None,
            devices: Vec::new(),
            address: None,
            bridge: BridgeReport::default(),
            ..self.view.clone()
        };
    }

    fn stop(&mut self, now: Moment) {
        self.stop_wanted = true;
        match self.stage {
            Stage::Launching { .. } | Stage::Alive { .. } => self.ask(now),
            Stage::Resting { .. } => {
                self.view.reason = Some(Reason::Asked);
                self.over(now);
            }
            Stage::Over => {}
            _ => self.view.phase = Phase::Stopping,
        }
    }

    fn ask(&mut self, now: Moment) {
        self.view.phase = Phase::Stopping;
        self.actions.push_back(Action::AskStop);
        self.stage = Stage::Asked { kill: now.steady + STOPPING };
    }

    fn kill(&mut self, verdict: Reason) {
        self.verdict = Some(verdict);
        self.view.phase = Phase::Stopping;
        self.actions.push_back(Action::Kill);
        self.stage = Stage::Killed;
    }

    fn sweep(&mut self) {
        self.view.phase = Phase::Stopping;
        self.actions.push_back(Action::Sweep);
        self.stage = Stage::Sweeping;
    }
}

impl Stage {
    const fn has_launcher(self) -> bool {
        matches!(
            self,
            Self::Launching { .. } | Self::Alive { .. } | Self::Asked { .. } | Self::Leaving { .. } | Self::Killed
        )
    }
}

fn first_view(order: &Order, now: Moment) -> Report {
    Report {
        id: order.id.clone(),
        phase: Phase::Starting,
        since_ms: now.wall_ms,
        reason: None,
        launcher_pid: 0,
        container_pid: None,
        scanout: None,
        connector: None,
        size: order.size,
        first_picture_ms: None,
        restarts: order.restarts,
        devices: Vec::new(),
        address: None,
        bridge: BridgeReport::default(),
    }
}

#[cfg(test)]
mod tests;
