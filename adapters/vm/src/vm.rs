//! A running machine.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use lunette_qmp::{Events, Notice, Qmp, QmpError};
use serde_json::Value;

use crate::accelerator::Accelerator;
use crate::error::VmError;
use crate::events::{EventQueue, QUEUE, SharedLife, VmEvent};
use crate::guard::{Guard, Link, Plan, Report, tail};
use crate::machine::{FirmwareFile, HostOs, Label, MachineConfig, Placement};
use crate::qemu::Qemu;
use crate::rundir::{RunDir, RunPaths};
use crate::secret;
use crate::shell::Shell;
use crate::stop::{Stopped, stop};

/// What a guest writes to its console when its daemons can be used.
pub const READY_LINE: &str = "lunette: ready";

/// How long QEMU may take until it listens for orders.
const QMP_LIMIT: Duration = Duration::from_secs(30);

/// How long one attempt to reach QEMU lasts; between two it is seen whether QEMU still runs.
const QMP_ATTEMPT: Duration = Duration::from_millis(200);

/// How much of a log an error or event quotes.
const TAIL: u64 = 2000;

/// A machine to be started.
#[derive(Debug, Clone)]
pub struct VmConfig {
    /// What it is called.
    pub name: Label,
    /// What it is made of.
    pub machine: MachineConfig,
    /// What runs it.
    pub qemu: Qemu,
    /// What runs its code.
    pub accelerator: Accelerator,
    /// Who sees to it that nothing is left behind.
    pub guard: Guard,
    /// Where its sockets are; `None` for [`RunPaths::named`].
    pub run_dir: Option<PathBuf>,
    /// Where the console's log goes; `None` for the run directory, with which it disappears.
    pub console_log: Option<PathBuf>,
}

/// A running machine. Dropping it ends QEMU at once; see [`Vm::powerdown`].
#[derive(Debug)]
pub struct Vm {
    // In this order: the guard ends QEMU, then our end of its control closes, then the lock goes.
    link: Link,
    qmp: Qmp,
    events: EventQueue,
    console_log: PathBuf,
    run: RunDir,
}

impl Vm {
    /// Starts a machine; returns when QEMU obeys, which is before the guest is ready.
    ///
    /// # Errors
    /// When the name is in use, a file cannot be made, or QEMU refuses.
    pub fn start(config: &VmConfig) -> Result<Self, VmError> {
        let paths = config.run_dir.as_ref().map_or_else(|| RunPaths::named(&config.name), RunPaths::new);
        let run = RunDir::claim(paths)?;
        let paths = run.paths().clone();
        secret::create(&paths.secret())?;
        let console_log = config.console_log.clone().unwrap_or_else(|| paths.console_log());
        let plan = Plan {
            program: config.qemu.program.clone(),
            arguments: arguments(config, &paths)?,
            run_dir: paths.root().to_owned(),
            console_log: console_log.clone(),
            complaints_log: paths.qemu_log(),
            ready_line: READY_LINE.to_owned(),
        };
        tracing::debug!(program = %plan.program.display(), arguments = ?plan.arguments, "starting QEMU");
        let life = Arc::new(SharedLife::default());
        let (sender, queue) = sync_channel(QUEUE);
        let events = EventQueue { queue, life: life.clone() };
        let link = Link::start(&config.guard, &plan, run.share_lock()?, reporter(life.clone(), sender.clone()))?;
        let (qmp, notices) = reach(&life, &paths)?;
        let forward = move || forward(&notices, &sender, &life);
        let spawned = thread::Builder::new().name("vm-events".to_owned()).spawn(forward);
        spawned.map_err(|error| VmError::Guard(error.to_string()))?;
        Ok(Self { link, qmp, events, console_log, run })
    }

    /// Where its sockets are.
    pub fn paths(&self) -> &RunPaths {
        self.run.paths()
    }

    /// QEMU's process.
    pub fn pid(&self) -> Option<u32> {
        self.events.life.lock().pid
    }

    /// QEMU's control.
    pub fn qmp(&self) -> &Qmp {
        &self.qmp
    }

    /// Waits for the next event; `None` when none came in time. The last is [`VmEvent::Stopped`] or
    /// [`VmEvent::Died`], again and again.
    pub fn next_event(&self, limit: Duration) -> Option<VmEvent> {
        self.events.next(limit, || self.last_lines())
    }

    /// Waits until the guest is ready; after a reset, until it is again.
    ///
    /// # Errors
    /// When it is not in time, or the machine ends.
    pub fn wait_ready(&self, limit: Duration) -> Result<(), VmError> {
        let settled = self.events.life.wait(limit, |life| life.ready || life.ended.is_some());
        let life = self.events.life.lock();
        match &life.ended {
            _ if life.ready => Ok(()),
            Some(ended) if settled => Err(VmError::Died { status: ended.status.clone(), log: self.last_lines() }),
            _ => Err(VmError::TimedOut { what: "the guest's start", limit, log: self.console_tail(TAIL) }),
        }
    }

    /// The end of what the console showed, whole lines of at most so many bytes.
    pub fn console_tail(&self, most: u64) -> String {
        tail(&self.console_log, most)
    }

    /// Resets the machine.
    ///
    /// # Errors
    /// When QEMU does not obey.
    pub fn reset(&self) -> Result<(), VmError> {
        self.events.life.change(|life| life.ready = false);
        Ok(self.qmp.execute("system_reset", ()).map(drop)?)
    }

    /// Ends the machine: the guest has `limit` to do it, then QEMU quits, then it is killed.
    ///
    /// # Errors
    /// When QEMU survives even that.
    pub fn powerdown(&mut self, limit: Duration) -> Result<Stopped, VmError> {
        stop(&self.events.life, Some(&self.qmp), &mut self.link, limit)
    }

    /// The guest's shell on the port `lunette.shell.N`, as a test image has it.
    ///
    /// # Errors
    /// When the machine has no such port.
    pub fn shell(&self, number: u8) -> Result<Shell, VmError> {
        Shell::open(&self.paths().port(&format!("lunette.shell.{number}").parse()?))
    }

    fn last_lines(&self) -> String {
        last_lines(&self.run.paths().qemu_log(), &self.console_log)
    }
}

fn last_lines(complaints: &std::path::Path, console: &std::path::Path) -> String {
    format!("{}{}", tail(complaints, TAIL), tail(console, TAIL)).trim().to_owned()
}

fn arguments(config: &VmConfig, paths: &RunPaths) -> Result<Vec<String>, VmError> {
    let mut machine = config.machine.clone();
    machine.firmware_files.push(FirmwareFile { name: "secret".parse()?, path: paths.secret() });
    machine.arguments(&Placement {
        name: &config.name,
        host: HostOs::current(),
        features: config.qemu.features,
        accelerator: config.accelerator,
        paths,
    })
}

/// Notes what the guard tells, and passes it on as events.
fn reporter(life: Arc<SharedLife>, sender: SyncSender<VmEvent>) -> impl FnMut(Report) + Send + 'static {
    let mut sender = Some(sender);
    move |report| {
        life.note(&report);
        match report {
            Report::Started { .. } => {}
            Report::Ready => {
                if let Some(sender) = &sender {
                    let _ = sender.try_send(VmEvent::Ready);
                }
            }
            Report::Failed(_) | Report::Exited { .. } => sender = None,
            Report::GuardGone => {
                sender = None;
                end_orphan(&life);
            }
        }
    }
}

/// Ends a QEMU whose guard was killed.
fn end_orphan(life: &SharedLife) {
    // Linux has done it already, and the number may be somebody else's by now.
    if HostOs::current() == HostOs::Linux {
        return;
    }
    let pid = life.lock().pid.and_then(|pid| i32::try_from(pid).ok()).and_then(rustix::process::Pid::from_raw);
    if let Some(pid) = pid {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
}

/// Connects to QEMU as soon as it listens, or tells why it ended.
fn reach(life: &SharedLife, paths: &RunPaths) -> Result<(Qmp, Events), VmError> {
    let start = Instant::now();
    loop {
        match Qmp::connect(&paths.qmp(), QMP_ATTEMPT) {
            Err(QmpError::Connect { .. }) if start.elapsed() < QMP_LIMIT => {}
            Err(QmpError::Silent { .. }) if start.elapsed() < QMP_LIMIT => {}
            Err(error) if life.lock().ended.is_none() => return Err(error.into()),
            Err(_) => {}
            Ok(connected) => return Ok(connected),
        }
        if let Some(ended) = &life.lock().ended {
            let log = last_lines(&paths.qemu_log(), &paths.console_log());
            return Err(VmError::Died { status: ended.status.clone(), log });
        }
    }
}

fn forward(notices: &Events, sender: &SyncSender<VmEvent>, life: &SharedLife) {
    loop {
        let Some(notice) = notices.next(Duration::from_secs(3600)) else { continue };
        if let Notice::Event(event) = &notice
            && event.data != Value::Null
        {
            tracing::debug!(name = event.name, data = %event.data, "machine event");
        }
        if let Some(event) = VmEvent::of(&notice) {
            if let VmEvent::Reset { .. } = event {
                life.change(|life| life.ready = false);
            }
            // A reader who takes nothing loses what is new; the end is told in any case.
            let _ = sender.try_send(event);
        }
        if matches!(notice, Notice::Closed(_)) {
            return;
        }
    }
}
