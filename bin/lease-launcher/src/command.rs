//! Commands that run inside of the container, as the desktop's user: one at a time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lunette_cause::chain;
use lunette_containers::{Desktop, Exec, Output, Running, User};
use lunette_desktop::Ending;
use tokio::io::AsyncReadExt;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

/// How much longer than its limit a command is waited for once it is killed.
const KILL_LIMIT: Duration = Duration::from_secs(3);
/// How long the output of a command that has ended may take to end.
const LAST_WORDS: Duration = Duration::from_millis(500);
const SIGKILL: i32 = rustix::process::Signal::KILL.as_raw();

/// Runs commands in the containers of a desktop.
#[derive(Debug, Default)]
pub(crate) struct Commands {
    /// Held until a command is really gone, and not only as long as somebody waits for it.
    turn: Arc<Mutex<()>>,
}

impl Commands {
    /// Runs a command; one that does not end within `limit` is killed.
    pub(crate) async fn run(&self, desktop: Desktop, argv: Vec<String>, limit: Duration) -> Result<(), String> {
        let turn = Arc::clone(&self.turn).try_lock_owned();
        let turn = turn.map_err(|_| "the command before it has not ended, though killed".to_owned())?;
        let name = argv[0].clone();
        let attending = tokio::spawn(async move {
            let _turn = turn;
            attend(&desktop, argv, limit).await
        });
        match timeout(limit + KILL_LIMIT, attending).await {
            Ok(outcome) => outcome.unwrap_or_else(|error| Err(error.to_string())),
            Err(_) => Err(format!("{name} does not end, though killed after {limit:?}")),
        }
    }
}

async fn attend(desktop: &Desktop, argv: Vec<String>, limit: Duration) -> Result<(), String> {
    let until = Instant::now() + limit;
    let exec = Exec { argv, env: BTreeMap::new(), cwd: None, user: User::Desktop };
    let late = format!("{} did not end within {limit:?}", exec.argv[0]);
    // Not given up when it is late: it may have started all the same.
    let mut running = desktop.exec(&exec).await.map_err(|error| chain(&error))?;
    running.stdin = None;
    let (out, err) = (tokio::spawn(keep(running.stdout.take())), tokio::spawn(keep(running.stderr.take())));
    let Ok(ending) = timeout_at(until, running.wait()).await else {
        kill(running).await;
        return Err(late);
    };
    let (out, err) = (said(out).await, said(err).await);
    match ending.map_err(|error| chain(&error))? {
        Ending::Status(0) => Ok(()),
        ending => Err(format!("{} {ending}: {}", exec.argv[0], (out + &err).trim())),
    }
}

/// What a command that has ended said; what it left running may hold on to its output.
async fn said(mut reader: JoinHandle<String>) -> String {
    match timeout(LAST_WORDS, &mut reader).await {
        Ok(text) => text.unwrap_or_default(),
        Err(_) => {
            reader.abort();
            String::new()
        }
    }
}

/// Until it is gone, however long that takes.
async fn kill(mut running: Running) {
    if let Err(error) = running.signal(SIGKILL).await {
        tracing::debug!(error = chain(&error), "a command ended just now, or cannot be killed");
    }
    if let Err(error) = running.wait().await {
        tracing::warn!(error = chain(&error), "cannot wait for a command that was killed");
    }
}

async fn keep(stream: Option<Output>) -> String {
    const KEPT: u64 = 4096;
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        let mut beginning = stream.take(KEPT);
        let _ = beginning.read_to_end(&mut bytes).await;
        // The rest is read too, or the process would stand still.
        let _ = tokio::io::copy(&mut beginning.into_inner(), &mut tokio::io::sink()).await;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests;
