//! The talk with a launcher, over `control.sock`.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lunette_desktop::control::{Answer, LONGEST_LINE, Request};
use lunette_desktop::{Input, Report};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

/// Between attempts to connect, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));
/// For a request to be taken and answered.
const ANSWER: Duration = Duration::from_secs(30);

/// Passes the launcher's reports on, and connects again when the connection ends; until it is aborted.
pub(crate) async fn watch(control: PathBuf, reports: mpsc::Sender<Input>) {
    let mut pause = PAUSES.0;
    loop {
        match follow(&control, &reports).await {
            Ok(true) => pause = PAUSES.0,
            Ok(false) => {}
            Err(error) => tracing::debug!(%error, control = %control.display(), "no control connection"),
        }
        sleep(pause).await;
        pause = (2 * pause).min(PAUSES.1);
    }
}

/// Whether it said anything.
async fn follow(control: &Path, reports: &mpsc::Sender<Input>) -> io::Result<bool> {
    let mut lines = Lines::open(control, &Request::Watch).await?;
    let mut heard = false;
    while let Some(answer) = lines.next().await? {
        if let Answer::Report(report) = answer {
            heard = true;
            if reports.send(Input::Report(*report)).await.is_err() {
                break;
            }
        }
    }
    Ok(heard)
}

/// Makes one request on a connection of its own, so that a slow answer keeps nothing else waiting; what the launcher
/// says of its desktop then.
///
/// # Errors
/// Why it was not done.
pub(crate) async fn ask(control: &Path, request: Request) -> Result<Option<Report>, String> {
    let asking = async {
        let mut lines = Lines::open(control, &request).await?;
        let mut newest = None;
        loop {
            match lines.next().await? {
                Some(Answer::Done) => return Ok(Ok(newest)),
                Some(Answer::Refused { why }) => return Ok(Err(why)),
                Some(Answer::Report(report)) => newest = Some(*report),
                None => return Ok(Err("its launcher hung up".to_owned())),
            }
        }
    };
    match timeout(ANSWER, asking).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => Err(io::Error::to_string(&error)),
        Err(_) => Err(format!("its launcher did not answer within {} s", ANSWER.as_secs())),
    }
}

struct Lines(BufReader<UnixStream>);

impl Lines {
    async fn open(control: &Path, request: &Request) -> io::Result<Self> {
        let mut stream = UnixStream::connect(control).await?;
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        stream.write_all(&line).await?;
        Ok(Self(BufReader::new(stream)))
    }

    async fn next(&mut self) -> io::Result<Option<Answer>> {
        let mut line = Vec::new();
        let cap = u64::try_from(LONGEST_LINE).unwrap_or(u64::MAX);
        if (&mut self.0).take(cap).read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        Ok(Some(serde_json::from_slice(&line)?))
    }
}
