//! The engine of real desktops: runc or Docker, as each order says.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use lunette_containers::{Desktop, Error, Exec, User, sweep};
use lunette_desktop::{DesktopId, Ending, Order, SESSION};
use tokio::sync::{mpsc, oneshot};

use crate::engine::{Engine, Pending, Process, Program, Usage};
use lunette_cause::chain;

/// Where a user's programs begin.
const HOME: &str = "/home/user";

/// Containers below hydra's folder.
#[derive(Debug, Clone)]
pub struct Containers {
    hydra: PathBuf,
}

/// A signal, and where to tell what came of it.
type Signalling = (i32, oneshot::Sender<Result<(), String>>);

impl Containers {
    /// Those of the hydra with this folder.
    #[must_use]
    pub fn new(hydra: PathBuf) -> Self {
        Self { hydra }
    }
}

impl Engine for Containers {
    fn sweep(&self, order: &Order) -> Pending<Result<(), String>> {
        let (hydra, id) = (self.hydra.clone(), order.id.clone());
        Box::pin(async move {
            let swept = sweep(&hydra, &id).await.map_err(|error| chain(&error))?;
            tracing::debug!(%id, %swept, "swept");
            Ok(())
        })
    }

    fn exec(&self, order: &Order, program: Program) -> Pending<Result<Process, String>> {
        let (hydra, id) = (self.hydra.clone(), order.id.clone());
        Box::pin(async move { start(hydra, id, program).await.map_err(|error| chain(&error)) })
    }

    fn usage(&self, order: &Order) -> Pending<Result<Usage, String>> {
        let (hydra, id) = (self.hydra.clone(), order.id.clone());
        Box::pin(async move {
            let stats = async { Desktop::find(&hydra, &id)?.stats().await };
            let stats = stats.await.map_err(|error| chain(&error))?;
            Ok(Usage {
                cpu: Duration::from_micros(stats.cpu_usec),
                memory_bytes: stats.memory_bytes,
                pids: stats.pids,
                oom_kills: stats.oom_kills,
                read_bytes: stats.read_bytes,
                write_bytes: stats.written_bytes,
            })
        })
    }
}

async fn start(hydra: PathBuf, id: DesktopId, program: Program) -> Result<Process, Error> {
    let user = if program.root { User::Root } else { User::Desktop };
    let home = if program.root { "/root" } else { HOME };
    let mut env: BTreeMap<String, String> =
        SESSION.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    env.extend(program.environment);
    let exec = Exec { argv: program.argv, env, cwd: Some(program.cwd.unwrap_or_else(|| home.to_owned())), user };
    let mut running = Desktop::find(&hydra, &id)?.exec(&exec).await?;
    let (stdin, stdout, stderr) = (running.stdin.take(), running.stdout.take(), running.stderr.take());
    let (signalling, mut signals) = mpsc::channel::<Signalling>(8);
    let ended = async move {
        loop {
            tokio::select! {
                ended = running.wait() => return ended.map_err(|error| chain(&error)),
                Some((number, done)) = signals.recv() => {
                    let sent = running.signal(number).await.map_err(|error| chain(&error));
                    // Nobody waits for it any more.
                    let _ = done.send(sent);
                }
            }
        }
    };
    Ok(Process {
        stdin,
        stdout: stdout.unwrap_or_else(|| Box::pin(tokio::io::empty())),
        stderr: stderr.unwrap_or_else(|| Box::pin(tokio::io::empty())),
        ended: attend(ended),
        signal: Box::new(move |number| Box::pin(signal(signalling.clone(), number))),
    })
}

/// On a task, so that a signal is sent also while nobody waits for the end.
fn attend(ended: impl Future<Output = Result<Ending, String>> + Send + 'static) -> Pending<Result<Ending, String>> {
    let task = tokio::spawn(ended);
    Box::pin(async move { task.await.unwrap_or_else(|error| Err(error.to_string())) })
}

async fn signal(signalling: mpsc::Sender<Signalling>, number: i32) -> Result<(), String> {
    let ended = |_| "it has ended".to_owned();
    let (done, sent) = oneshot::channel();
    signalling.send((number, done)).await.map_err(|_| "it has ended".to_owned())?;
    sent.await.map_err(ended)?
}
