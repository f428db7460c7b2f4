//! Runs what is allowed.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lunette_sys_process::{Lifetime, Spawn, wait_without_reaping};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{ChildStderr, ChildStdout};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::timeout;

use super::Executor;
use super::policy::Order;
use super::tail::Tail;

/// From a program's end to the end of what it printed: a child that left its group may hold its pipes for ever.
const DRAIN: Duration = Duration::from_secs(2);

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its process.
    pub pid: u32,
    /// What it printed, the end of it.
    pub output: String,
    /// What it complained about, the end of it.
    pub errors: String,
    /// Whether the beginning of either is missing.
    pub cut: bool,
    /// How it ended; 128 and the signal's number when one ended it. `None` in the background.
    pub exit_code: Option<i32>,
    /// Whether it was killed because its time was over.
    pub timed_out: bool,
}

/// Why it was not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Too many run already.
    #[error("{} programs run already", Executor::RUNNING)]
    TooMany,
    /// It cannot be started.
    #[error("cannot start {program:?}")]
    Start {
        /// The file.
        program: std::path::PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Variables of the bridge's that a program of the desktop needs. Tokens are not among them.
const INHERITED: [&str; 14] = [
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "TZ",
    "XDG_RUNTIME_DIR",
    "XDG_CURRENT_DESKTOP",
    "XDG_SESSION_TYPE",
    "WAYLAND_DISPLAY",
    "DISPLAY",
    "XAUTHORITY",
    "DBUS_SESSION_BUS_ADDRESS",
    "SWAYSOCK",
];
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

impl Executor {
    /// Runs it to its end, or until `limit`. What is left of its process group is killed then, or when nobody waits any
    /// more.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn run(&self, order: Order, limit: Duration) -> Result<Outcome, RunError> {
        let Started { pid, stdout, stderr, mut ended, group } = self.start(order, Mode::Foreground).await?;
        let group = KillOnDrop(group);
        let (output, errors) = (Mutex::default(), Mutex::default());
        let stdout = stdout.and_then(|pipe| ChildStdout::from_std(pipe).ok());
        let stderr = stderr.and_then(|pipe| ChildStderr::from_std(pipe).ok());
        let reading = async { tokio::join!(read(stdout, &output), read(stderr, &errors)) };
        let ending = async {
            if let Ok(code) = timeout(limit, &mut ended).await {
                return (code, false);
            }
            group.0.kill();
            (ended.await, true)
        };
        let (code, timed_out) = {
            let (mut reading, mut ending) = (std::pin::pin!(reading), std::pin::pin!(ending));
            tokio::select! {
                end = &mut ending => {
                    // What is in the pipes is there at once; who else holds them is not waited for.
                    _ = timeout(DRAIN, reading).await;
                    end
                }
                // It closed its pipes and goes on.
                _ = &mut reading => ending.await,
            }
        };
        let (mut output, mut errors) = (taken(output), taken(errors));
        let (cut, output, errors) = (output.is_cut() || errors.is_cut(), output.text(), errors.text());
        Ok(Outcome { pid, output, errors, cut, exit_code: code.ok().flatten(), timed_out })
    }

    /// Starts it and lets it run; it is reaped when it ends, and killed when the bridge ends.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn start_in_background(&self, order: Order) -> Result<Outcome, RunError> {
        let pid = self.start(order, Mode::Background).await?.pid;
        let (output, errors) = (String::new(), String::new());
        Ok(Outcome { pid, output, errors, cut: false, exit_code: None, timed_out: false })
    }

    async fn start(&self, order: Order, mode: Mode) -> Result<Started, RunError> {
        let place = Arc::clone(&self.running).try_acquire_owned().map_err(|_| RunError::TooMany)?;
        let program = order.program.clone();
        let (told, heard) = oneshot::channel();
        // A thread for each: the kernel ends a child with the thread that started it, and this one waits for it.
        let attend = move || attend(&order, mode, told, place);
        let started = match std::thread::Builder::new().name("exec".to_owned()).spawn(attend) {
            Ok(_) => heard.await.unwrap_or_else(|_| Err(io::Error::other("the thread that starts it ended"))),
            Err(error) => Err(error),
        };
        started.map_err(|source| RunError::Start { program, source })
    }
}

/// Whether somebody waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// What it leaves behind ends with it.
    Foreground,
    /// What it prints is not kept.
    Background,
}

impl Mode {
    fn pipe(self) -> Stdio {
        match self {
            Self::Foreground => Stdio::piped(),
            Self::Background => Stdio::null(),
        }
    }
}

/// A program that runs.
struct Started {
    pid: u32,
    stdout: Option<std::process::ChildStdout>,
    stderr: Option<std::process::ChildStderr>,
    ended: oneshot::Receiver<Option<i32>>,
    group: Group,
}

/// A process group, until its leader is reaped: after that its number may be a stranger's.
///
/// The lock is held for the length of a system call, by the thread that waits and by whoever kills.
#[derive(Clone)]
struct Group(Arc<Mutex<Option<Pid>>>);

impl Group {
    fn kill(&self) {
        let leader = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(leader) = *leader {
            // A group that is gone needs no signal.
            _ = kill_process_group(leader, Signal::KILL);
        }
    }

    fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

struct KillOnDrop(Group);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        self.0.kill();
    }
}

/// On a thread of its own, from start to end.
fn attend(order: &Order, mode: Mode, told: oneshot::Sender<io::Result<Started>>, place: OwnedSemaphorePermit) {
    let mut command = command(order);
    command.stdin(Stdio::null()).stdout(mode.pipe()).stderr(mode.pipe());
    let mut child = match Spawn::new(command, Lifetime::SpawningThread).spawn() {
        Ok(child) => child,
        Err(error) => {
            // Nobody listens when the request is gone.
            _ = told.send(Err(error));
            return;
        }
    };
    let pid = child.id();
    let group = Group(Arc::new(Mutex::new(i32::try_from(pid).ok().and_then(Pid::from_raw))));
    let (done, ended) = oneshot::channel();
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    if told.send(Ok(Started { pid, stdout, stderr, ended, group: group.clone() })).is_err() {
        group.kill();
    }
    let waited = wait_without_reaping(pid);
    if mode == Mode::Foreground {
        group.kill();
    }
    group.forget();
    let code = waited.and_then(|()| child.wait()).ok().map(code);
    drop(place);
    // As above.
    _ = done.send(code);
}

fn command(order: &Order) -> Command {
    let mut command = Command::new(&order.program);
    command.args(&order.arguments).env_clear().env("PATH", PATH);
    for name in INHERITED {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    command.envs(&order.environment);
    let folder = order.folder.clone().or_else(|| std::env::var_os("HOME").map(Into::into));
    command.current_dir(folder.filter(|folder| folder.is_dir()).unwrap_or_else(|| "/".into()));
    command
}

fn code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
}

async fn read(pipe: Option<impl AsyncRead + Unpin>, tail: &Mutex<Tail>) {
    let Some(mut pipe) = pipe else { return };
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(len @ 1..) = pipe.read(&mut bytes).await {
        tail.lock().unwrap_or_else(PoisonError::into_inner).push(&bytes[..len]);
    }
}

fn taken(tail: Mutex<Tail>) -> Tail {
    tail.into_inner().unwrap_or_else(PoisonError::into_inner)
}
