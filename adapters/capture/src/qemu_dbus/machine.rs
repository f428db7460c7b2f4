//! The one task that talks to QEMU: connects, switches outputs one after the other, starts and ends listeners.
//!
//! ```text
//!          dial fails: wait 50 ms, 100 ms … 1 s
//!         ┌──────┐
//!         ▼      │        consoles listed
//!     ┌─ Lost ───┴──────────────────────────────▶ Connected ─┐ reset: end and unplug every output but the console
//!     │   ▲                                           │  ▲───┘
//!     │   └── the socket or QEMU is gone: all end ────┘
//!     └─▶ stopped, when nobody holds the screens any more
//! ```

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use lunette_frame::{ScanoutId, Size};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use super::canvas::Canvas;
use super::config::QemuConfig;
use super::console::Console;
use super::error::QemuError;
use super::lifeline::Lifeline;
use super::link::{Link, Notice, dial};
use super::outputs::{Outputs, Room};
use super::watch::Watch;
use super::{MachineEvent, Observer, vm};

/// What the task is asked to do.
#[derive(Debug)]
pub(super) enum Command {
    Switch(Switch),
    /// A source was opened.
    Watched(ScanoutId),
    /// The last source of a scanout was closed.
    Unwatched(ScanoutId),
}

/// An output to be switched.
#[derive(Debug)]
pub(super) struct Switch {
    pub(super) id: ScanoutId,
    /// `None` switches it off.
    pub(super) size: Option<Size>,
    /// Who waits for it; dropped unanswered when QEMU is lost or the guest was reset.
    pub(super) done: Option<SyncSender<Result<(), QemuError>>>,
}

type Switching = Pin<Box<dyn Future<Output = (Switch, Result<(), QemuError>)> + Send>>;

/// The task's state.
pub(super) struct Machine {
    pub(super) config: QemuConfig,
    pub(super) outputs: Arc<Outputs>,
    pub(super) observer: Arc<Observer>,
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) lifeline: Lifeline,
}

/// Why a connection is over.
enum Over {
    Lost(String),
    Stopped,
}

impl Machine {
    /// Runs until nobody holds the other end of the commands.
    pub(super) async fn run(mut self) {
        let mut retries = self.config.timings.retries();
        loop {
            let over = match self.connect().await {
                None => return,
                Some(Ok((link, consoles))) => {
                    retries.reset();
                    self.outputs.found(&consoles);
                    tracing::info!(scanouts = consoles.len(), "connected to QEMU's display");
                    self.observer.tell(MachineEvent::Connected);
                    Connected::new(&mut self, link).run().await
                }
                Some(Err(error)) => Over::Lost(lunette_cause::chain(&error)),
            };
            match over {
                Over::Stopped => return self.outputs.lose("it is not captured any more".to_owned()),
                Over::Lost(reason) => self.lose(reason),
            }
            if !self.refuse_during(sleep(retries.next())).await {
                return;
            }
        }
    }

    fn lose(&self, reason: String) {
        let known = self.outputs.lost();
        if known.as_ref() != Some(&reason) {
            tracing::warn!(reason, "QEMU's display cannot be reached; trying again");
        }
        self.outputs.lose(reason);
        if known.is_none() {
            self.observer.tell(MachineEvent::Lost);
        }
    }

    /// Connects and lists the consoles; `None` when it is to stop.
    async fn connect(&mut self) -> Option<Result<(Link, BTreeMap<ScanoutId, super::console::ConsoleInfo>), QemuError>> {
        let (address, timings) = (self.config.address.clone(), self.config.timings);
        let mut connected = None;
        let dialling = async {
            connected = Some(match dial(&address, &timings).await {
                Ok(link) => vm::scanouts(&link.display).await.map(|consoles| (link, consoles)),
                Err(error) => Err(error),
            });
        };
        if self.refuse_during(dialling).await { connected } else { None }
    }

    /// Refuses whatever is asked until `event`; `false` when it is to stop.
    async fn refuse_during(&mut self, event: impl Future<Output = ()>) -> bool {
        tokio::pin!(event);
        loop {
            tokio::select! {
                () = &mut event => return true,
                // A switch is refused by dropping it: whoever waits then looks up why.
                command = self.commands.recv() => if command.is_none() { return false },
            }
        }
    }
}

/// One connection's work.
struct Connected<'a> {
    machine: &'a mut Machine,
    link: Link,
    watches: BTreeMap<ScanoutId, RunningWatch>,
    queue: VecDeque<Switch>,
    switching: Option<Switching>,
    /// When an output of a device may be plugged in or changed next.
    rested: BTreeMap<Arc<str>, Instant>,
}

struct RunningWatch(JoinHandle<()>);

impl Drop for RunningWatch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<'a> Connected<'a> {
    fn new(machine: &'a mut Machine, link: Link) -> Self {
        let (watches, queue, rested) = (BTreeMap::new(), VecDeque::new(), BTreeMap::new());
        Self { machine, link, watches, queue, switching: None, rested }
    }

    async fn run(mut self) -> Over {
        loop {
            self.start_switching();
            tokio::select! {
                () = self.link.display.closed() => return Over::Lost("the connection has ended".to_owned()),
                notice = self.link.notices.recv() => match notice {
                    Some(Notice::Reset) => self.reset(),
                    Some(Notice::Gone(reason)) => return Over::Lost(reason),
                    None => return Over::Lost("its events have ended".to_owned()),
                },
                (switch, result) = finished(&mut self.switching) => self.finish(switch, result),
                command = self.machine.commands.recv() => match command {
                    None => return Over::Stopped,
                    Some(Command::Switch(switch)) => self.queue.push_back(switch),
                    Some(Command::Watched(id)) => self.watch(id),
                    Some(Command::Unwatched(id)) => self.unwatch(id),
                },
            }
        }
    }

    /// Takes up the next switch, unless one is under way.
    fn start_switching(&mut self) {
        if self.switching.is_some() {
            return;
        }
        let now = Instant::now();
        self.rested.retain(|_, rested| *rested > now);
        let starts = self.queue.iter().map(|switch| self.start_of(switch).unwrap_or(now)).enumerate();
        let Some((place, start)) = starts.min_by_key(|(place, start)| (*start, *place)) else { return };
        let Some(switch) = self.queue.remove(place) else { return };
        let Some((console, info)) = self.machine.outputs.ui_info(switch.id, switch.size) else { return };
        let console = Console::new(Arc::clone(&self.link.display), console);
        self.switching = Some(Box::pin(async move {
            sleep_until(start).await;
            let result = console.set_ui_info(info).await;
            (switch, result)
        }));
    }

    /// When a switch may start, if not at once. A reset guest reads all outputs anew: unplugging them needs no distance.
    fn start_of(&self, switch: &Switch) -> Option<Instant> {
        switch.done.as_ref()?;
        self.rested.get(&self.machine.outputs.device(switch.id)?).copied()
    }

    fn finish(&mut self, switch: Switch, result: Result<(), QemuError>) {
        self.switching = None;
        let Switch { id, size, done } = switch;
        let outputs = &self.machine.outputs;
        if let Some(device) = outputs.device(id) {
            self.rested.insert(device, Instant::now() + self.machine.config.timings.spacing);
        }
        match &result {
            Ok(()) => outputs.switched(id, size),
            Err(_) => outputs.not_switched(id),
        }
        if outputs.is_enabled(id) {
            self.watch(id);
        } else if result.is_ok() {
            self.watches.remove(&id);
        }
        match (done, result) {
            // Nobody waits any more when this fails.
            (Some(done), result) => drop(done.try_send(result)),
            (None, Err(error)) => {
                tracing::warn!(scanout = %id, error = lunette_cause::chain(&error), "not unplugged after a reset")
            }
            (None, Ok(())) => {}
        }
    }

    fn reset(&mut self) {
        tracing::info!("the guest was reset");
        self.machine.observer.tell(MachineEvent::Resetting);
        let stale = self.machine.outputs.reset();
        self.watches.retain(|id, _| self.machine.outputs.store(*id).is_ok());
        // What the guest asked for before is void.
        self.queue.clear();
        self.queue.extend(stale.into_iter().map(|id| Switch { id, size: None, done: None }));
        self.machine.observer.tell(MachineEvent::Reset);
    }

    fn watch(&mut self, id: ScanoutId) {
        if self.watches.contains_key(&id) {
            return;
        }
        let outputs = &self.machine.outputs;
        let (Some(console), Ok(store)) = (outputs.console(id), outputs.store(id)) else { return };
        let watch = Watch {
            id,
            console: Console::new(Arc::clone(&self.link.display), console),
            canvas: Canvas::new(Arc::clone(&store), Room::new(Arc::clone(outputs), id)),
            store,
            timings: self.machine.config.timings,
            lifeline: self.machine.lifeline.clone(),
        };
        self.watches.insert(id, RunningWatch(tokio::spawn(watch.run())));
    }

    fn unwatch(&mut self, id: ScanoutId) {
        let outputs = &self.machine.outputs;
        let is_watched = outputs.store(id).is_ok_and(|store| store.is_watched());
        if !is_watched && !outputs.is_enabled(id) {
            self.watches.remove(&id);
            outputs.not_drawn(id);
        }
    }
}

/// Waits for the switch that is under way; for ever when there is none.
async fn finished(switching: &mut Option<Switching>) -> (Switch, Result<(), QemuError>) {
    match switching {
        Some(switching) => switching.await,
        None => std::future::pending().await,
    }
}
