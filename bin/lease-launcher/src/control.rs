//! Takes hydra's requests on `control.sock`.

use std::future::Future;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lunette_desktop::Report;
use lunette_desktop::control::{Answer, LONGEST_LINE, Request};
use lunette_frame::Size;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot, watch};

/// Connections at once: hydra's, and one of a person who looks.
const CONNECTIONS: usize = 8;
/// How long an answer may wait for its reader.
const WRITE_WITHIN: Duration = Duration::from_secs(5);

/// What the desktop's loop is asked to do; it answers when it is done.
#[derive(Debug)]
pub(crate) enum Asked {
    Resize(Size, oneshot::Sender<Result<(), String>>),
    Stop(oneshot::Sender<()>),
}

/// The socket; gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Control {
    listener: UnixListener,
    path: PathBuf,
}

impl Control {
    /// The folder is hydra's own, so nobody else can reach the socket. A launcher that died may have left one.
    pub(crate) fn bind(path: &Path) -> io::Result<Self> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self { listener, path: path.to_owned() })
    }

    /// Serves until it is dropped.
    pub(crate) async fn serve(self, tasks: mpsc::Sender<Asked>, reports: watch::Receiver<Report>) {
        let places = std::sync::Arc::new(tokio::sync::Semaphore::new(CONNECTIONS));
        loop {
            let Ok((stream, _)) = self.listener.accept().await else {
                // Out of descriptors, most likely; others may close some.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let Ok(place) = places.clone().try_acquire_owned() else { continue };
            let (tasks, reports) = (tasks.clone(), reports.clone());
            tokio::spawn(async move {
                if let Err(error) = connection(stream, tasks, reports).await {
                    tracing::debug!(%error, "a control connection ended");
                }
                drop(place);
            });
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn connection(
    stream: UnixStream,
    tasks: mpsc::Sender<Asked>,
    reports: watch::Receiver<Report>,
) -> io::Result<()> {
    let (reading, writing) = stream.into_split();
    // One writer: reports and answers never mix within a line.
    let (answers, queue) = mpsc::channel(16);
    let writer = tokio::spawn(write(writing, queue));
    let read = read(reading, &tasks, reports, answers).await;
    // What was answered is still written.
    let _ = writer.await;
    read
}

async fn read(
    reading: OwnedReadHalf,
    tasks: &mpsc::Sender<Asked>,
    reports: watch::Receiver<Report>,
    answers: mpsc::Sender<Answer>,
) -> io::Result<()> {
    let mut lines = BufReader::new(reading);
    let mut watching = None;
    loop {
        let mut line = Vec::new();
        let cap = u64::try_from(LONGEST_LINE).unwrap_or(u64::MAX);
        if (&mut lines).take(cap).read_until(b'\n', &mut line).await? == 0 {
            break;
        }
        let answer = match serde_json::from_slice(&line) {
            Err(error) => Answer::Refused { why: format!("not a request: {error}") },
            Ok(Request::Watch) => {
                watching.get_or_insert_with(|| tokio::spawn(follow(reports.clone(), answers.clone())));
                continue;
            }
            Ok(Request::Resize { size }) => match ask(tasks, |done| Asked::Resize(size, done)).await {
                Some(Ok(())) => Answer::Done,
                Some(Err(why)) => Answer::Refused { why },
                None => ending(),
            },
            Ok(Request::Stop) => ask(tasks, Asked::Stop).await.map_or_else(ending, |()| Answer::Done),
        };
        // What was done is known before that it was.
        let report = reports.borrow().clone();
        let _ = answers.send(Answer::Report(Box::new(report))).await;
        if answers.send(answer).await.is_err() {
            break;
        }
    }
    if let Some(task) = watching {
        task.abort();
    }
    Ok(())
}

fn ending() -> Answer {
    Answer::Refused { why: "the desktop is ending".to_owned() }
}

fn ask<T>(
    tasks: &mpsc::Sender<Asked>,
    task: impl FnOnce(oneshot::Sender<T>) -> Asked,
) -> impl Future<Output = Option<T>> {
    let (done, outcome) = oneshot::channel();
    let task = task(done);
    async move {
        tasks.send(task).await.ok()?;
        outcome.await.ok()
    }
}

/// The report now, and at every change; of several quick changes the last.
async fn follow(mut reports: watch::Receiver<Report>, answers: mpsc::Sender<Answer>) {
    loop {
        let report = reports.borrow_and_update().clone();
        if answers.send(Answer::Report(Box::new(report))).await.is_err() || reports.changed().await.is_err() {
            return;
        }
    }
}

async fn write(mut writing: OwnedWriteHalf, mut queue: mpsc::Receiver<Answer>) -> io::Result<()> {
    while let Some(answer) = queue.recv().await {
        let mut line = serde_json::to_vec(&answer).map_err(io::Error::other)?;
        line.push(b'\n');
        tokio::time::timeout(WRITE_WITHIN, writing.write_all(&line)).await??;
    }
    Ok(())
}
