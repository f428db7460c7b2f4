//! The machine's scanouts, from the side of whoever switches and watches them.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use lunette_frame::{ScanoutId, Size};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::config::{QemuConfig, Timings};
use super::error::QemuError;
use super::lifeline::{self, Lifeline};
use super::machine::{Command, Machine, Switch};
use super::outputs::Outputs;
use super::source::QemuSource;
use super::state::ScanoutState;
use super::{MachineEvent, Observer};
use crate::{ControlError, Doorbell, Mode, ScanoutControl, ScanoutInfo, ScanoutStatus, Source, connector_name};

/// Requests that wait for the thread that talks to QEMU.
const COMMANDS: usize = 64;

/// The scanouts of a QEMU, which need not run yet: it is looked for until it is found, and again when it is lost.
#[derive(Debug)]
pub struct QemuScreens {
    outputs: Arc<Outputs>,
    observer: Arc<Observer>,
    timings: Timings,
    /// `None` while it is dropped.
    commands: Option<mpsc::Sender<Command>>,
    thread: Option<JoinHandle<()>>,
}

impl QemuScreens {
    /// Starts the thread that looks for QEMU and listens to it.
    ///
    /// # Errors
    /// When the system has no thread.
    pub fn new(config: QemuConfig) -> Result<Self, QemuError> {
        let (sender, commands) = mpsc::channel(COMMANDS);
        let outputs = Arc::new(Outputs::new(config.memory));
        let observer = Arc::<Observer>::default();
        let timings = config.timings;
        let runtime = runtime().map_err(QemuError::Thread)?;
        let lifeline = match config.lifeline.clone() {
            Some(program) => {
                let wanted = Arc::default();
                runtime.spawn(lifeline::keep(program, Arc::clone(&wanted)));
                Lifeline::new(wanted)
            }
            None => Lifeline::default(),
        };
        let machine =
            Machine { config, outputs: Arc::clone(&outputs), observer: Arc::clone(&observer), commands, lifeline };
        let thread = std::thread::Builder::new().name("qemu-display".to_owned());
        let thread = thread.spawn(move || {
            runtime.block_on(machine.run());
            // Dialling may be under way: it ends by itself, and nobody waits for it.
            runtime.shutdown_background();
        });
        let thread = Some(thread.map_err(QemuError::Thread)?);
        Ok(Self { outputs, observer, timings, commands: Some(sender), thread })
    }

    /// Has `observer` told what happens to the machine, from the thread that talks to QEMU: it must return at once.
    /// Replaces an earlier one.
    pub fn on_event(&self, observer: Box<dyn Fn(MachineEvent) + Send + Sync>) {
        self.observer.set(observer);
    }

    /// Why QEMU cannot be reached; `None` while it can.
    #[must_use]
    pub fn unreachable(&self) -> Option<String> {
        self.outputs.lost()
    }

    /// What every scanout that is, or was meant to be, captured says about itself.
    #[must_use]
    pub fn states(&self) -> Vec<ScanoutState> {
        let now = crate::now();
        let state = |(id, store): (ScanoutId, Arc<super::store::Store>)| {
            let glance = store.glance();
            store.counters.state(id, glance, now)
        };
        self.outputs.stores().into_iter().map(state).collect()
    }

    fn send(&self, command: Command) -> Result<(), ControlError> {
        use mpsc::error::TrySendError;
        let sent = self.commands.as_ref().map(|commands| commands.try_send(command));
        match sent {
            Some(Ok(())) => Ok(()),
            Some(Err(TrySendError::Full(_))) => Err(ControlError::Busy),
            Some(Err(TrySendError::Closed(_))) | None => Err(self.gone()),
        }
    }

    fn gone(&self) -> ControlError {
        let reason = self.outputs.lost().unwrap_or_else(|| "the request was dropped, since the guest was reset".into());
        ControlError::Unreachable { reason }
    }

    /// Switches an output and waits until QEMU has done so.
    fn switch(&self, id: ScanoutId, size: Option<Size>) -> Result<(), ControlError> {
        let (done, answer) = sync_channel(1);
        self.send(Command::Switch(Switch { id, size, done: Some(done) }))?;
        match answer.recv_timeout(self.patience()) {
            Ok(result) => result.map_err(|source| ControlError::Switch { id, source: Box::new(source) }),
            Err(RecvTimeoutError::Disconnected) => Err(self.gone()),
            Err(RecvTimeoutError::Timeout) => Err(ControlError::Busy),
        }
    }

    /// How long a switch may take: those before it keep their distance, and QEMU has its time for an answer.
    fn patience(&self) -> Duration {
        let queued = u32::try_from(COMMANDS).unwrap_or(u32::MAX);
        self.timings.spacing.saturating_mul(queued) + self.timings.answer
    }
}

/// The runtime of the one thread that talks to QEMU.
fn runtime() -> io::Result<Runtime> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    // Every task may have a picture to copy: timers and sockets are looked at after 16 of them, not 61.
    builder.enable_all().event_interval(16).build()
}

impl ScanoutControl for QemuScreens {
    fn enable(&self, id: ScanoutId, mode: Mode) -> Result<String, ControlError> {
        self.outputs.begin_enabling(id, mode.size)?;
        let switched = self.switch(id, Some(mode.size));
        if switched.is_err() {
            self.outputs.not_switched(id);
        }
        switched.map(|()| connector_name(id))
    }

    fn disable(&self, id: ScanoutId) -> Result<(), ControlError> {
        self.outputs.begin_disabling(id)?;
        self.switch(id, None)
    }

    fn scanouts(&self) -> Vec<ScanoutInfo> {
        self.outputs.list()
    }

    fn status(&self, id: ScanoutId) -> ScanoutStatus {
        self.outputs.status(id)
    }

    fn open(&self, id: ScanoutId, doorbell: &Arc<Doorbell>) -> Result<Box<dyn Source>, ControlError> {
        let store = self.outputs.store(id)?;
        let commands = self.commands.as_ref().map(mpsc::Sender::downgrade).ok_or_else(|| self.gone())?;
        let source = QemuSource::new(id, store, doorbell, commands);
        self.send(Command::Watched(id))?;
        Ok(Box::new(source))
    }
}

impl Drop for QemuScreens {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that talks to QEMU had panicked");
        }
    }
}
