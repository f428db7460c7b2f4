//! Runs a program and writes down what it prints.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lunette_desktop::Ending;
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::{ExecError, Execs, Finished, Record, State};
use crate::clock::wall_ms;
use crate::engine::{Process, Program};

/// From a program's end to the end of what it printed: a child of it may hold its pipes for ever.
const DRAIN: Duration = Duration::from_secs(2);
const SIGKILL: i32 = 9;

/// What was asked for.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Shape {
    pub(crate) cmd: String,
    pub(crate) args: Vec<String>,
    pub(crate) cwd: String,
    pub(crate) sudo: bool,
    pub(crate) detached: bool,
}

impl Shape {
    /// What to run: a single word with characters that mean something to a shell is a line for one.
    pub(crate) fn program(&self, environment: Vec<(String, String)>) -> Program {
        let shell = self.args.is_empty() && self.cmd.contains(|char| " \t\n|&;<>()$`\\\"'*?[]#~=%{}".contains(char));
        let argv = if shell {
            vec!["/bin/sh".to_owned(), "-c".to_owned(), self.cmd.clone()]
        } else {
            std::iter::once(self.cmd.clone()).chain(self.args.iter().cloned()).collect()
        };
        let cwd = Some(self.cwd.clone()).filter(|cwd| !cwd.is_empty());
        Program { argv, environment, cwd, root: self.sudo }
    }
}

/// Remembers the program under `id`, and lets it run; `starting` starts it.
pub(crate) fn run(
    execs: &Execs,
    id: String,
    shape: Shape,
    limit: Option<Duration>,
    starting: impl Future<Output = Result<Process, String>> + Send + 'static,
) -> Result<Arc<Record>, ExecError> {
    let (signals, signalled) = mpsc::channel(8);
    let record = Arc::new(Record {
        id,
        shape,
        started_ms: wall_ms(),
        state: Mutex::<State>::default(),
        changes: watch::channel(0).0,
        signals,
    });
    execs.add(Arc::clone(&record))?;
    tokio::spawn(attend(Arc::clone(&record), starting, signalled, limit));
    Ok(record)
}

async fn attend(
    record: Arc<Record>,
    starting: impl Future<Output = Result<Process, String>>,
    signals: mpsc::Receiver<i32>,
    limit: Option<Duration>,
) {
    let (how, timed_out) = match starting.await {
        Ok(process) => follow(&record, process, signals, limit).await,
        Err(cause) => (Err(cause), false),
    };
    record.change(|state| state.finished = Some(Finished { at_ms: wall_ms(), how, timed_out }));
}

async fn follow(
    record: &Arc<Record>,
    process: Process,
    mut signals: mpsc::Receiver<i32>,
    limit: Option<Duration>,
) -> (Result<Ending, String>, bool) {
    let Process { stdin, stdout, stderr, mut ended, signal } = process;
    drop(stdin);
    let stdout = tokio::spawn(copy(stdout, Arc::clone(record), |state, bytes| state.stdout.push(bytes)));
    let stderr = tokio::spawn(copy(stderr, Arc::clone(record), |state, bytes| state.stderr.push(bytes)));
    let mut due = limit.map(|limit| Instant::now() + limit);
    let mut timed_out = false;
    let how = loop {
        tokio::select! {
            how = &mut ended => break how,
            Some(number) = signals.recv() => send(&*signal, number).await,
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                (due, timed_out) = (None, true);
                send(&*signal, SIGKILL).await;
            }
        }
    };
    let (ending_out, ending_err) = (stdout.abort_handle(), stderr.abort_handle());
    let drained = async { (stdout.await.is_ok(), stderr.await.is_ok()) };
    if timeout(DRAIN, drained).await.is_err() {
        ending_out.abort();
        ending_err.abort();
    }
    (how, timed_out)
}

async fn send(signal: &(impl Fn(i32) -> crate::engine::Pending<Result<(), String>> + ?Sized), number: i32) {
    if let Err(cause) = signal(number).await {
        tracing::debug!(cause, number, "a signal did not arrive");
    }
}

async fn copy(
    mut from: std::pin::Pin<Box<dyn AsyncRead + Send>>,
    record: Arc<Record>,
    take: impl Fn(&mut State, &[u8]),
) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(len @ 1..) = from.read(&mut bytes).await {
        record.change(|state| take(state, &bytes[..len]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_single_word_is_a_line_for_a_shell() {
        let argv = |cmd: &str, args: &[&str]| {
            let args = args.iter().map(|arg| (*arg).to_owned()).collect();
            Shape { cmd: cmd.into(), args, cwd: String::new(), sudo: false, detached: false }.program(Vec::new()).argv
        };
        assert_eq!(argv("ls -l | wc", &[]), ["/bin/sh", "-c", "ls -l | wc"]);
        assert_eq!(argv("ls", &[]), ["ls"]);
        assert_eq!(argv("echo $HOME", &["a b"]), ["echo $HOME", "a b"]);
    }
}
