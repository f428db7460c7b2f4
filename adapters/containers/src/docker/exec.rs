//! Processes brought into a container by the daemon.

use std::path::Path;

use lunette_desktop::{DesktopId, Ending};
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncReadExt, DuplexStream, duplex};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::client::Client;
use super::{name, stream};
use crate::Error;
use crate::plan::USER;
use crate::running::{Engine, Exec, Running, START_LIMIT, User};

/// Between the daemon and whoever reads.
const BUFFER: usize = 64 << 10;

/// A process as the daemon knows it.
pub(crate) struct RunningExec {
    client: Client,
    id: String,
    ended: Option<oneshot::Receiver<()>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Created {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct State {
    running: bool,
    pid: i32,
    exit_code: Option<i32>,
}

/// Starts a process in a running container.
pub(crate) async fn exec(socket: &Path, desktop: &DesktopId, exec: &Exec) -> Result<Running, Error> {
    let step = "run a process in a desktop";
    let client = Client::new(socket).await?;
    let (user, home) = match exec.user {
        User::Desktop => (format!("{USER}:{USER}"), None),
        User::Root => ("0:0".to_owned(), Some("HOME=/root".to_owned())),
    };
    let own = exec.env.iter().map(|(key, value)| format!("{key}={value}"));
    let body = json!({
        "AttachStdin": true, "AttachStdout": true, "AttachStderr": true, "Tty": false,
        "Cmd": exec.argv, "User": user, "Env": home.into_iter().chain(own).collect::<Vec<_>>(),
        "WorkingDir": exec.cwd.as_deref().unwrap_or("/"),
    });
    let created: Created = client.post(step, &format!("/containers/{}/exec", name(desktop)), Some(&body)).await?;
    let body = json!({"Detach": false, "Tty": false});
    let io = client.hijack(step, &format!("/exec/{}/start", created.id), Some(&body)).await?;
    let (from, mut to) = tokio::io::split(io);
    let (stdin, mut input) = duplex(BUFFER);
    let (stdout, out) = duplex(BUFFER);
    let (stderr, err) = duplex(BUFFER);
    let (tell, ended) = oneshot::channel();
    tokio::spawn(async move {
        let _ = tokio::io::copy(&mut input, &mut to).await;
        let _ = tokio::io::AsyncWriteExt::shutdown(&mut to).await;
    });
    tokio::spawn(async move {
        let _ = stream::divide(from, out, err).await;
        let _ = tell.send(());
    });
    Ok(Running {
        stdin: Some(Box::pin(stdin)),
        stdout: Some(Box::pin(stdout)),
        stderr: Some(Box::pin(stderr)),
        engine: Engine::Docker(RunningExec { client, id: created.id, ended: Some(ended) }),
    })
}

impl RunningExec {
    pub(crate) async fn wait(&mut self) -> Result<Ending, Error> {
        if let Some(ended) = self.ended.take() {
            let _ = ended.await;
        }
        // The streams end a moment before the daemon has the status.
        loop {
            if let Some(code) = self.state().await?.exit_code {
                return Ok(Ending::of_told_status(code));
            }
            sleep(super::PATIENCE).await;
        }
    }

    /// The process's number; 0 once it has ended.
    pub(crate) async fn pid(&self) -> Result<i32, Error> {
        let until = Instant::now() + START_LIMIT;
        loop {
            let state = self.state().await?;
            // What a process prints may be here before the daemon has written its number down.
            if state.pid != 0 || !state.running {
                return Ok(state.pid);
            }
            if Instant::now() >= until {
                return Err(Error::Late { what: "the start of a process", limit: START_LIMIT });
            }
            sleep(super::PATIENCE).await;
        }
    }

    async fn state(&self) -> Result<State, Error> {
        self.client.get("look at a process", &format!("/exec/{}/json", self.id)).await
    }
}

/// Reads a stream of a process in pieces, for a thread that blocks.
pub(super) struct Blocking {
    pub(super) stream: DuplexStream,
    pub(super) runtime: tokio::runtime::Handle,
}

impl std::io::Read for Blocking {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.runtime.block_on(self.stream.read(buffer))
    }
}
