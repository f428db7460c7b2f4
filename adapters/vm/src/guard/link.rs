//! The supervisor's side.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use lunette_sys_process::{Lifetime, Spawn};

use crate::error::VmError;
use crate::guard::plan::{KILL, LINE_CAP, Plan, TERM, Told};
use crate::guard::{Guard, process};

/// How long a guard that was released may take; its own limits are shorter.
const RELEASE_LIMIT: Duration = Duration::from_secs(3);

/// What became of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Report {
    /// QEMU runs.
    Started { pid: u32 },
    /// QEMU could not be started.
    Failed(String),
    /// The awaited line was seen.
    Ready,
    /// QEMU ended.
    Exited { code: Option<i32>, signal: Option<i32> },
    /// The guard ended, and QEMU with it.
    GuardGone,
}

/// A connection to a guard. Dropping it ends QEMU and the guard, and removes the run directory.
#[derive(Debug)]
pub(crate) struct Link {
    orders: Option<Box<dyn Orders>>,
    ended: Receiver<()>,
    process: Option<Child>,
}

trait Orders: Write + Send + Sync + std::fmt::Debug {}
impl<T: Write + Send + Sync + std::fmt::Debug> Orders for T {}

impl Link {
    /// Starts a guard, which holds `lock` as long as it lives. `on_report` is called on a thread of the link.
    pub(crate) fn start(
        guard: &Guard,
        plan: &Plan,
        lock: OwnedFd,
        on_report: impl FnMut(Report) + Send + 'static,
    ) -> Result<Self, VmError> {
        let failed = |error: io::Error| VmError::Guard(error.to_string());
        let line = serde_json::to_string(plan).map_err(|error| VmError::Guard(error.to_string()))?;
        let (sender, ended) = sync_channel(1);
        let (mut orders, reports, process) = match guard {
            Guard::Program { program, arguments } => {
                start_process(Command::new(program).args(arguments), lock).map_err(failed)?
            }
            Guard::Thread => start_thread(lock).map_err(failed)?,
        };
        orders.write_all(format!("{line}\n").as_bytes()).map_err(failed)?;
        let link = Self { orders: Some(orders), ended, process };
        let read = move || {
            read_reports(reports, on_report);
            let _ = sender.send(());
        };
        thread::Builder::new().name("vm-reports".to_owned()).spawn(read).map_err(failed)?;
        Ok(link)
    }

    /// Sends QEMU a SIGTERM.
    pub(crate) fn term(&mut self) {
        self.order(TERM);
    }

    /// Sends QEMU a SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.order(KILL);
    }

    fn order(&mut self, order: u8) {
        if let Some(orders) = &mut self.orders {
            // A guard that is gone has taken QEMU with it.
            let _ = orders.write_all(&[order]);
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.orders = None;
        if self.ended.recv_timeout(RELEASE_LIMIT) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("a machine's guard does not end, it is killed");
        }
        if let Some(mut process) = self.process.take() {
            // A guard that has closed its reports is ending; killing it takes QEMU along in any case.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

type Started = (Box<dyn Orders>, Box<dyn Read + Send>, Option<Child>);

fn start_process(command: &mut Command, lock: OwnedFd) -> io::Result<Started> {
    let mut owned = Command::new(command.get_program());
    owned.args(command.get_args()).stdin(Stdio::piped()).stdout(Stdio::piped());
    // Of its own: it has work to do when this process is dead.
    let mut spawn = Spawn::new(owned, Lifetime::Independent);
    spawn.inherit(lock);
    let mut child = spawn.spawn()?;
    match (child.stdin.take(), child.stdout.take()) {
        (Some(orders), Some(reports)) => Ok((Box::new(orders), Box::new(reports), Some(child))),
        _ => Err(io::ErrorKind::BrokenPipe.into()),
    }
}

fn start_thread(lock: OwnedFd) -> io::Result<Started> {
    let (orders, orders_end) = UnixStream::pair()?;
    let (reports, reports_end) = io::pipe()?;
    let work = move || {
        if let Err(error) = process::run(orders_end, reports_end) {
            tracing::error!(%error, "a machine's guard failed");
        }
        drop(lock);
    };
    thread::Builder::new().name("vm-guard".to_owned()).spawn(work)?;
    Ok((Box::new(orders), Box::new(reports), None))
}

fn read_reports(reports: impl Read, mut on_report: impl FnMut(Report)) {
    let mut reports = BufReader::new(reports);
    let mut exited = false;
    loop {
        let mut line = String::new();
        match (&mut reports).take(LINE_CAP).read_line(&mut line) {
            Ok(read) if read > 0 => {}
            _ => break,
        }
        let report = match serde_json::from_str(&line) {
            Ok(Told::Started(pid)) => Report::Started { pid },
            Ok(Told::Failed(why)) => Report::Failed(why),
            Ok(Told::Ready) => Report::Ready,
            Ok(Told::Exited { code, signal }) => Report::Exited { code, signal },
            Err(error) => {
                tracing::warn!(%error, "a machine's guard says what is not understood");
                continue;
            }
        };
        exited |= matches!(report, Report::Failed(_) | Report::Exited { .. });
        on_report(report);
    }
    if !exited {
        on_report(Report::GuardGone);
    }
}
