//! The guard's side.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use lunette_sys_process::{Lifetime, Spawn, wait_without_reaping};
use rustix::process::{Pid, Signal, kill_process};

use crate::guard::log::{CappedLog, LOG_CAP, LineWatch};
use crate::guard::plan::{KILL, LINE_CAP, Plan, TERM, Told};
use crate::rundir;

/// How long QEMU may take to end by itself when nobody supervises it any more.
const GRACE: Duration = Duration::from_millis(400);

/// How long is waited for the last words of a QEMU that has ended.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Why a guard could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// The plan did not arrive whole.
    #[error("the guard got no plan")]
    Plan(#[source] io::Error),
    /// The plan was none.
    #[error("the guard's plan is not understood")]
    NoPlan(#[from] serde_json::Error),
    /// A log or a thread could not be made.
    #[error("the guard lacks a resource")]
    Resource(#[source] io::Error),
    /// The child could not be waited for.
    #[error("the guard lost its child")]
    Child(#[source] io::Error),
}

/// Guards one QEMU: reads a plan and orders from `orders`, writes reports to `reports`, and returns when `orders` has
/// ended, QEMU has ended, and the run directory is gone. Must be called on a thread that lives as long as QEMU may,
/// because QEMU dies with it.
///
/// # Errors
/// When there is no plan, or the system lacks resources. QEMU does not run any more then.
pub fn run(orders: impl Read + Send + 'static, mut reports: impl Write) -> Result<(), GuardError> {
    let mut orders = BufReader::new(orders);
    let plan = read_plan(&mut orders)?;
    let outcome = guard(&plan, orders, &mut reports);
    // Before the reports end, which the supervisor takes for the end of everything.
    rundir::remove(&plan.run_dir);
    drop(reports);
    outcome
}

fn read_plan(orders: &mut impl BufRead) -> Result<Plan, GuardError> {
    let mut line = String::new();
    orders.take(LINE_CAP).read_line(&mut line).map_err(GuardError::Plan)?;
    Ok(serde_json::from_str(&line)?)
}

/// What can happen to a guard.
#[derive(Debug)]
enum Happening {
    Term,
    Kill,
    Released,
    Ready,
    ConsoleEnded,
    ChildEnded,
}

fn guard(plan: &Plan, orders: impl Read + Send + 'static, reports: &mut impl Write) -> Result<(), GuardError> {
    let console = CappedLog::create(&plan.console_log, LOG_CAP).map_err(GuardError::Resource)?;
    let complaints = CappedLog::create(&plan.complaints_log, LOG_CAP).map_err(GuardError::Resource)?;
    let (sender, happenings) = sync_channel(16);
    let mut child = match spawn(plan) {
        Ok(child) => Ward(child),
        Err(error) => {
            tell(reports, &Told::Failed(error.to_string()));
            return Ok(());
        }
    };
    tell(reports, &Told::Started(child.0.id()));
    child.watch(plan, console, complaints, &sender)?;
    start("guard-orders", move || read_orders(orders, &sender))?;
    child.attend(&happenings, reports)
}

fn spawn(plan: &Plan) -> io::Result<Child> {
    let mut command = Command::new(&plan.program);
    command.args(&plan.arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Spawn::new(command, Lifetime::SpawningThread).spawn()
}

/// The child. It does not outlive this value.
struct Ward(Child);

impl Drop for Ward {
    fn drop(&mut self) {
        // Both fail when it has been waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Ward {
    fn watch(
        &mut self,
        plan: &Plan,
        mut console: CappedLog,
        mut complaints: CappedLog,
        sender: &SyncSender<Happening>,
    ) -> Result<(), GuardError> {
        if let Some(stdout) = self.0.stdout.take() {
            let (mut watch, sender) = (LineWatch::new(&plan.ready_line), sender.clone());
            start("guard-console", move || {
                pump(stdout, &mut console, |bytes| {
                    for _ in 0..watch.take(bytes) {
                        let _ = sender.send(Happening::Ready);
                    }
                });
                let _ = sender.send(Happening::ConsoleEnded);
            })?;
        }
        if let Some(stderr) = self.0.stderr.take() {
            start("guard-stderr", move || pump(stderr, &mut complaints, |_| {}))?;
        }
        let (id, sender) = (self.0.id(), sender.clone());
        start("guard-wait", move || {
            if let Err(error) = wait_without_reaping(id) {
                tracing::error!(%error, "the guard cannot wait for its child");
            }
            let _ = sender.send(Happening::ChildEnded);
        })
    }

    /// Obeys until released.
    fn attend(mut self, happenings: &Receiver<Happening>, reports: &mut impl Write) -> Result<(), GuardError> {
        let (mut console_ended, mut running) = (false, true);
        loop {
            match next(happenings, None) {
                Some(Happening::Term) if running => self.signal(Signal::TERM),
                Some(Happening::Kill) if running => self.signal(Signal::KILL),
                Some(Happening::Term | Happening::Kill) => {}
                Some(Happening::Ready) => tell(reports, &Told::Ready),
                Some(Happening::ConsoleEnded) => console_ended = true,
                Some(Happening::ChildEnded) => {
                    while !console_ended {
                        match next(happenings, Some(LAST_WORDS)) {
                            Some(Happening::Ready) => tell(reports, &Told::Ready),
                            Some(Happening::Term | Happening::Kill | Happening::ChildEnded) => {}
                            Some(Happening::Released) => return self.reap(reports),
                            Some(Happening::ConsoleEnded) | None => console_ended = true,
                        }
                    }
                    running = false;
                    self.reap(reports)?;
                }
                Some(Happening::Released) | None if running => return self.end(happenings),
                Some(Happening::Released) | None => return Ok(()),
            }
        }
    }

    /// Ends a child that nobody supervises.
    fn end(&self, happenings: &Receiver<Happening>) -> Result<(), GuardError> {
        self.signal(Signal::TERM);
        loop {
            match next(happenings, Some(GRACE)) {
                Some(Happening::ChildEnded) | None => return Ok(()),
                Some(_) => {}
            }
        }
    }

    fn reap(&mut self, reports: &mut impl Write) -> Result<(), GuardError> {
        let status: ExitStatus = self.0.wait().map_err(GuardError::Child)?;
        tell(reports, &Told::Exited { code: status.code(), signal: status.signal() });
        Ok(())
    }

    /// Only before it is waited for: after that its number may be somebody else's.
    fn signal(&self, signal: Signal) {
        if let Some(pid) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            // It may have ended by itself, which the waiting thread tells.
            let _ = kill_process(pid, signal);
        }
    }
}

fn next(happenings: &Receiver<Happening>, limit: Option<Duration>) -> Option<Happening> {
    match limit {
        None => happenings.recv().ok(),
        Some(limit) => happenings.recv_timeout(limit).ok(),
    }
}

fn read_orders(mut orders: impl Read, sender: &SyncSender<Happening>) {
    let mut order = [0];
    loop {
        let happening = match orders.read(&mut order) {
            Ok(1) if order[0] == TERM => Happening::Term,
            Ok(1) if order[0] == KILL => Happening::Kill,
            Ok(1) => continue,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Ok(_) | Err(_) => Happening::Released,
        };
        let last = matches!(happening, Happening::Released);
        if sender.send(happening).is_err() || last {
            return;
        }
    }
}

/// Reads to the end whatever happens to the log, because a full pipe would stop QEMU.
fn pump(mut from: impl Read, log: &mut CappedLog, mut seen: impl FnMut(&[u8])) {
    let mut buffer = [0; 8192];
    let mut failed = false;
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(read) => {
                seen(&buffer[..read]);
                if let Err(error) = log.write(&buffer[..read])
                    && !std::mem::replace(&mut failed, true)
                {
                    tracing::warn!(%error, "a log of the machine has gaps");
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

fn tell(reports: &mut impl Write, told: &Told) {
    let Ok(mut line) = serde_json::to_vec(told) else { return };
    line.push(b'\n');
    // A supervisor that is gone is noticed by the end of its orders.
    let _ = reports.write_all(&line).and_then(|()| reports.flush());
}

fn start(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), GuardError> {
    thread::Builder::new().name(name.to_owned()).spawn(work).map(drop).map_err(GuardError::Resource)
}
