//! One desktop's life, from its order to its last report.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow};
use lunette_cause::chain;
use lunette_desktop::{Order, Phase, Places, Reason};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};

use crate::control::{Asked, Control};
use crate::desktop::Desktop;
use crate::life;
use crate::reporter::Reporter;

/// What every desktop of this machine has in common.
#[derive(Debug, Clone)]
pub struct Settings {
    /// hydra's folder.
    pub hydra: PathBuf,
    /// Where drm-manager hands out leases.
    pub lease_socket: PathBuf,
    /// Where frame-export listens.
    pub host: String,
    /// The program that is logind.
    pub logind: Option<PathBuf>,
    /// The program that is every desktop's bridge.
    pub bridge: Option<PathBuf>,
    /// Where the Docker daemon listens.
    pub docker: PathBuf,
    /// How long programs have to end.
    pub grace: Duration,
}

/// Brings the desktop up, watches it, and takes it down; why it ended.
///
/// # Errors
/// When there is no order, or nobody could be told what becomes of it.
pub async fn run(folder: &Path, settings: Settings) -> anyhow::Result<Reason> {
    let places = Places::at(folder.to_owned());
    let order = read(&places.order())?;
    let reporter = Reporter::new(&order, &places);
    let (asking, mut tasks) = mpsc::channel(16);
    let control = Control::bind(&places.control()).context("cannot listen for hydra")?;
    let served = tokio::spawn(control.serve(asking.clone(), reporter.watch()));
    tokio::spawn(stop_on_signals(asking).context("cannot wait for signals")?);

    let grace = settings.grace;
    let mut desktop = Desktop::new(order, places, settings);
    let (reason, waiting) = life::live(&mut desktop, &reporter, &mut tasks, grace).await;
    tracing::info!(%reason, "the desktop ends");
    reporter.enter(Phase::Stopping, Some(reason.clone()));
    let mut left = Ok(());
    if let Err(error) = desktop.take_down(grace).await {
        left = Err(anyhow!("something of it is left: {}", chain(&error)));
    }
    let phase = if reason == Reason::Asked { Phase::Stopped } else { Phase::Failed };
    reporter.enter(phase, Some(reason.clone()));
    answer(waiting, tasks).await;
    // hydra reads the last report before the connection ends.
    tokio::time::sleep(Duration::from_millis(50)).await;
    served.abort();
    left.map(|()| reason)
}

/// Everybody who waits for the end hears of it.
async fn answer(waiting: Option<oneshot::Sender<()>>, mut tasks: mpsc::Receiver<Asked>) {
    tasks.close();
    if let Some(waiting) = waiting {
        let _ = waiting.send(());
    }
    while let Some(task) = tasks.recv().await {
        if let Asked::Stop(done) = task {
            let _ = done.send(());
        }
    }
}

fn read(path: &Path) -> anyhow::Result<Order> {
    let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is no order", path.display()))
}

/// SIGTERM and SIGINT stop the desktop.
fn stop_on_signals(asking: mpsc::Sender<Asked>) -> std::io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        let (done, gone) = oneshot::channel();
        if asking.send(Asked::Stop(done)).await.is_ok() {
            let _ = gone.await;
        }
    })
}
