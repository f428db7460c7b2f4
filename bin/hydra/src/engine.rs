//! What hydra wants of containers; behind a trait so that tests run without any.

use std::pin::Pin;
use std::time::Duration;

use lunette_desktop::{Ending, Order};
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite};

/// Something that takes a while.
pub type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What to run inside of a desktop.
#[derive(Debug, Clone)]
pub struct Program {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Variables besides the desktop's own.
    pub environment: Vec<(String, String)>,
    /// Where; the user's home otherwise.
    pub cwd: Option<String>,
    /// Whether as the container's root, which is nobody outside.
    pub root: bool,
}

/// A program that runs inside of a desktop.
pub struct Process {
    /// What it reads; dropped, it reads the end.
    pub stdin: Option<Pin<Box<dyn AsyncWrite + Send>>>,
    /// What it prints.
    pub stdout: Pin<Box<dyn AsyncRead + Send>>,
    /// What it complains.
    pub stderr: Pin<Box<dyn AsyncRead + Send>>,
    /// Its end.
    pub ended: Pending<Result<Ending, String>>,
    /// Sends it a signal.
    pub signal: Box<dyn Fn(i32) -> Pending<Result<(), String>> + Send + Sync>,
}

impl std::fmt::Debug for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Process").finish_non_exhaustive()
    }
}

/// What a desktop uses.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Usage {
    /// Time on processors.
    #[serde(rename = "cpu_us", serialize_with = "microseconds")]
    pub cpu: Duration,
    /// Bytes, its files in memory among them.
    pub memory_bytes: u64,
    /// Processes and threads.
    pub pids: u64,
    /// Processes that ended for lack of memory.
    pub oom_kills: u64,
    /// Bytes from disks.
    pub read_bytes: u64,
    /// Bytes to disks.
    pub write_bytes: u64,
}

fn microseconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

/// Who runs containers.
pub trait Engine: Send + Sync + 'static {
    /// Removes everything of a desktop that has no launcher, except its logs. Doing it again does nothing.
    fn sweep(&self, order: &Order) -> Pending<Result<(), String>>;
    /// Runs a program in a desktop that lives.
    fn exec(&self, order: &Order, program: Program) -> Pending<Result<Process, String>>;
    /// What a desktop uses.
    fn usage(&self, order: &Order) -> Pending<Result<Usage, String>>;
}
