//! A process that was brought into a container.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use lunette_desktop::Ending;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::process::Child;
use tokio::time::{Instant, sleep};

use crate::Error;
use crate::docker::RunningExec;
use crate::tool::RUNC;

/// An emulated machine takes seconds to start a process in a container.
pub(crate) const START_LIMIT: Duration = Duration::from_secs(15);
const PATIENCE: Duration = Duration::from_millis(10);

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exec {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Variables besides those of the desktop; they win.
    pub env: BTreeMap<String, String>,
    /// Where; the root by default.
    pub cwd: Option<String>,
    /// As whom.
    pub user: User,
}

/// Who runs it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum User {
    /// The desktop's own user, with no capability.
    #[default]
    Desktop,
    /// Root inside. By runc, who may install packages and is nobody outside; by Docker, without any capability.
    Root,
}

/// Bytes to a process.
pub type Input = Pin<Box<dyn AsyncWrite + Send>>;
/// Bytes from a process.
pub type Output = Pin<Box<dyn AsyncRead + Send>>;

/// A process with its standard streams; dropping it leaves the process alone. Take the streams before
/// [`Running::wait`], and read both outputs: a process whose output nobody reads stands still.
pub struct Running {
    /// Its standard input; dropping it is the end of file.
    pub stdin: Option<Input>,
    /// Its standard output.
    pub stdout: Option<Output>,
    /// Its standard error.
    pub stderr: Option<Output>,
    pub(crate) engine: Engine,
}

pub(crate) enum Engine {
    Runc { child: Child, files: Files },
    Docker(RunningExec),
}

/// Files that `runc exec` reads and writes.
pub(crate) struct Files {
    pub(crate) process: PathBuf,
    pub(crate) pid: PathBuf,
}

impl Files {
    /// The process, once runc has started it.
    async fn pid(&self) -> Result<i32, Error> {
        let until = Instant::now() + START_LIMIT;
        loop {
            match std::fs::read_to_string(&self.pid) {
                Ok(text) if !text.is_empty() => return Ok(text.trim().parse().unwrap_or(0)),
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(Error::file("read", &self.pid)(error));
                }
                _ if Instant::now() >= until => {
                    return Err(Error::Late { what: "the start of a process", limit: START_LIMIT });
                }
                _ => sleep(PATIENCE).await,
            }
        }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        for path in [&self.process, &self.pid] {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Running {
    /// Waits until it has ended.
    ///
    /// # Errors
    /// When the daemon is gone meanwhile.
    pub async fn wait(&mut self) -> Result<Ending, Error> {
        match &mut self.engine {
            Engine::Runc { child, .. } => {
                let status = child.wait().await.map_err(Error::process("wait for a process"))?;
                // runc itself is killed by nobody; what it reports of a signal is 128 more.
                status.code().map(Ending::of_told_status).ok_or_else(|| RUNC.refused("wait for a process", "killed"))
            }
            Engine::Docker(exec) => exec.wait().await,
        }
    }

    /// Sends a signal to it and to what it started in its own process group.
    ///
    /// # Errors
    /// When it has ended, or never began.
    pub async fn signal(&mut self, signal: i32) -> Result<(), Error> {
        let step = "signal a process";
        let pid = match &self.engine {
            Engine::Runc { files, .. } => files.pid().await?,
            Engine::Docker(exec) => exec.pid().await?,
        };
        // Either backend gives a process a session of its own, so its number is that of its group too.
        let pid = Pid::from_raw(pid).ok_or_else(|| Error::process(step)(rustix::io::Errno::SRCH))?;
        let signal = Signal::from_named_raw(signal).ok_or_else(|| Error::process(step)(rustix::io::Errno::INVAL))?;
        kill_process_group(pid, signal).map_err(Error::process(step))
    }
}
