//! One desktop: its folder, its launcher, and the task that keeps both in step with its life.
//!
//! ```text
//!   Registry ──Command──▶ Keeper ──Action──▶ Launcher (process), sweep
//!      ▲                  (Life)  ◀──Input── link (control.sock), pidfd, clock
//!      └──── view: watch ───┘
//! ```

pub(crate) mod folder;
mod keeper;
mod launcher;
pub(crate) mod leftover;
pub(crate) mod link;

use std::sync::Arc;
use std::time::Duration;

use lunette_desktop::{Life, Order, Phase, Reason, Report};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use crate::bridge;
use crate::exec::Execs;

pub(crate) use keeper::{Command, Common, Keeper};
pub(crate) use launcher::Launcher;

/// A desktop, for whoever asks about it.
pub(crate) struct Desktop {
    pub(crate) order: Order,
    pub(crate) execs: Execs,
    /// Connections to its bridge.
    pub(crate) bridge: bridge::Places,
    commands: mpsc::Sender<Command>,
    view: watch::Receiver<Report>,
}

impl Desktop {
    /// A new one.
    pub(crate) fn order(common: &Arc<Common>, order: Order) -> Arc<Self> {
        let life = Life::ordered(&order, common.clock.now());
        Self::keep(common, order, life, None)
    }

    /// One that an earlier hydra ordered, with its launcher or without.
    pub(crate) fn adopt(
        common: &Arc<Common>,
        order: Order,
        report: Option<Report>,
        found: Option<Launcher>,
    ) -> Arc<Self> {
        let now = common.clock.now();
        let life = match &found {
            Some(launcher) => Life::adopted(&order, report, launcher.pid(), now),
            None => Life::orphaned(&order, report, now),
        };
        Self::keep(common, order, life, found)
    }

    /// One that was over before we started.
    pub(crate) fn ended(order: Order, report: Report) -> Arc<Self> {
        let (commands, view) = (mpsc::channel(1).0, watch::channel(report).1);
        Arc::new(Self { order, execs: Execs::default(), bridge: bridge::Places::default(), commands, view })
    }

    fn keep(common: &Arc<Common>, order: Order, life: Life, launcher: Option<Launcher>) -> Arc<Self> {
        let (commands, commanded) = mpsc::channel(8);
        let (showing, view) = watch::channel(life.report().clone());
        let mut keeper = Keeper::new(Arc::clone(common), order.clone(), life, commanded, showing);
        if let Some(launcher) = launcher {
            keeper.adopt(launcher);
        }
        tokio::spawn(keeper.run());
        Arc::new(Self { order, execs: Execs::default(), bridge: bridge::Places::default(), commands, view })
    }

    pub(crate) fn report(&self) -> Report {
        self.view.borrow().clone()
    }

    pub(crate) fn is_over(&self) -> bool {
        self.view.borrow().phase.is_over()
    }

    /// Asks for its end.
    pub(crate) async fn stop(&self) {
        // Its keeper is gone when it is over.
        let _ = self.commands.send(Command::Stop).await;
    }

    /// Leaves it to itself, and waits until nobody keeps it.
    pub(crate) async fn detach(&self) {
        let _ = self.commands.send(Command::Detach).await;
        self.commands.closed().await;
    }

    /// What to say while it is not over although it should be.
    pub(crate) fn unended(&self) -> String {
        let report = self.report();
        let why = report.reason.as_ref().filter(|_| is_stuck(&report)).map(|reason| format!(": {reason}"));
        format!("desktop {} does not end{}", self.order.id, why.unwrap_or_default())
    }

    /// Waits until it is over; whether it is. Nobody waits for one whose remains cannot be removed.
    pub(crate) async fn over_within(&self, limit: Duration) -> bool {
        self.until(limit, |report| report.phase.is_over() || is_stuck(report)).await && self.is_over()
    }

    /// Waits until it runs, or never will.
    pub(crate) async fn settled_within(&self, limit: Duration) -> bool {
        self.until(limit, |report| !matches!(report.phase, Phase::Starting | Phase::Stopping)).await
    }

    async fn until(&self, limit: Duration, reached: impl Fn(&Report) -> bool) -> bool {
        let mut view = self.view.clone();
        // The result borrows from the view.
        let waited = timeout(limit, view.wait_for(reached)).await;
        matches!(waited, Ok(Ok(_)))
    }
}

fn is_stuck(report: &Report) -> bool {
    report.phase == Phase::Stopping && matches!(report.reason, Some(Reason::NotSwept { .. }))
}
