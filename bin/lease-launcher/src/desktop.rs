//! One desktop, from its lease to its container.
//!
//! ```text
//!   lease ─▶ input devices ─▶ udev data ─▶ seat or logind ─▶ container made ─▶ events relayed ─▶ container runs ─▶ picture ─▶ bridge
//!     ▲                                                            │
//!     └──────────── taken down from right to left ─────────────────┘
//! ```

use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lunette_cause::chain;
use lunette_containers::{Backend, Container, Exit, sweep};
use lunette_desktop::{BridgeState, CompositorKind, Ending, IdRange, Order, Places, Reason};
use lunette_frame::Size;
use lunette_gpu::{DeviceSet, Vendor, choose};
use lunette_gpus::Roots;
use lunette_input::InputDevices;
use lunette_sys_mount::{Flags, tmpfs};
use lunette_udev::{Hotplug, Relay, forward};
use tokio::net::UnixListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::bridge::{self, Bridge};
use crate::command::Commands;
use crate::devices::{Counted, Devices, folder};
use crate::host::Host;
use crate::inlet::Inlet;
use crate::leasing::Lease;
use crate::reporter::Reporter;
use crate::seat::{Logind, Seat, heard, logind_program};
use crate::session::Session;
use crate::step::{Step, blocking};
use crate::{Settings, container, environment};

/// Sockets take nothing; this is the least that there is.
const SOCKETS_MIB: u32 = 1;

/// What is up of a desktop. Dropping it takes down everything but the container.
pub(crate) struct Desktop {
    pub(crate) order: Order,
    places: Places,
    settings: Settings,
    backend: Backend,
    size: watch::Sender<Size>,
    /// What its programs are told of graphics cards.
    variables: BTreeMap<String, String>,
    commands: Commands,
    // From here on in the order in which they are taken down.
    bridge: Option<Bridge>,
    container: Option<Container>,
    events: Option<Task>,
    logind: Option<Logind>,
    seat: Option<Seat>,
    session: Option<Session>,
    devices: Option<Devices>,
    inlet: Option<Inlet>,
    input: Option<Task>,
    fed: Arc<AtomicU64>,
    host: Option<Host>,
    lease: Option<Lease>,
}

/// A task that ends when this is dropped.
pub(crate) struct Task(pub(crate) JoinHandle<()>);

/// Waits until a task that should go on has ended.
async fn finished(task: Option<&mut Task>, service: &str) -> Reason {
    let ended = match task {
        Some(Task(handle)) => handle.await,
        None => std::future::pending().await,
    };
    let ending = if ended.is_ok() { Ending::Status(0) } else { Ending::Status(101) };
    Reason::ServiceEnded { service: service.to_owned(), ending }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A part that ended by itself, and with it the desktop.
pub(crate) enum Ended {
    Container(Exit),
    Other(Reason),
}

impl Desktop {
    pub(crate) fn new(order: Order, places: Places, settings: Settings) -> Self {
        let backend = container::backend(&order, &settings.docker);
        let size = watch::Sender::new(order.size);
        Self {
            order,
            places,
            settings,
            backend,
            size,
            variables: BTreeMap::new(),
            commands: Commands::default(),
            bridge: None,
            container: None,
            events: None,
            logind: None,
            seat: None,
            session: None,
            devices: None,
            inlet: None,
            input: None,
            fed: Arc::default(),
            host: None,
            lease: None,
        }
    }

    /// Brings everything up. May be given up at any point: what is up is then taken down as ever.
    pub(crate) async fn start(&mut self, reporter: &Reporter) -> Result<(), Reason> {
        let ids = self.backend.ids(self.order.slot).await.step("ask for user ids")?;
        if self.order.profile.compositor.kind != CompositorKind::Headless {
            self.take_lease(reporter).await?;
        }
        let set = self.choose_devices()?;
        self.make_devices(reporter, &set).await?;
        self.variables = set.environment;
        self.prepare_session(ids)?;
        self.serve_seat(ids)?;
        self.start_container(reporter, ids).await
    }

    fn choose_devices(&self) -> Result<DeviceSet, Reason> {
        let machine = lunette_gpus::read(&Roots::default(), Some(&self.settings.lease_socket));
        let machine = machine.step("look for graphics cards")?;
        let vendor = Vendor::of_name(&self.order.gpu_vendor);
        choose(&machine, vendor, self.order.gpu_index).step("choose a graphics card")
    }

    async fn take_lease(&mut self, reporter: &Reporter) -> Result<(), Reason> {
        let lease = Lease::take(self.settings.lease_socket.clone(), self.order.size).await?;
        self.host = lease.token.map(|token| Host::new(self.settings.host.clone(), token, lease.scanout));
        reporter.note(|report| {
            report.scanout = Some(lease.scanout.get());
            report.connector = Some(lease.connector.clone());
        });
        self.lease = Some(lease);
        Ok(())
    }

    async fn make_devices(&mut self, reporter: &Reporter, set: &DeviceSet) -> Result<(), Reason> {
        let id = self.order.id.clone();
        // evdev's nodes may take a moment.
        let inputs = blocking(move || InputDevices::create(&id)).await.step("make input devices")?;
        let lease = self.lease.as_ref();
        let devices = Devices::describe(&self.order, &self.places, &inputs, lease, set).step("describe its devices")?;
        reporter.note(|report| report.devices = devices.paths());
        let (counted, fed) = Counted::new(inputs);
        self.fed = fed;
        let path = self.places.input();
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).step("listen for input")?;
        let size = self.size.subscribe();
        self.input = Some(Task(tokio::spawn(async move {
            if let Err(error) = lunette_input::serve(listener, counted, size, std::future::pending()).await {
                tracing::error!(error = chain(&error), "input is not taken any more");
            }
        })));
        self.devices = Some(devices);
        Ok(())
    }

    fn prepare_session(&mut self, ids: IdRange) -> Result<(), Reason> {
        folder(&self.places.seat(), None).step("make the seat's folder")?;
        self.make_writable_folders(ids)?;
        let inlet = Inlet::open(&self.places.seat().join("input.sock"), ids, self.places.input());
        self.inlet = Some(inlet.step("listen for input from inside")?);
        let session = Session::write(&self.order, &self.places, ids, self.lease.as_ref());
        self.session = Some(session.step("write the session's files")?);
        Ok(())
    }

    /// The only folders outside that the desktop writes to, for sockets: small, so that it cannot take the machine's
    /// memory with them.
    fn make_writable_folders(&self, ids: IdRange) -> Result<(), Reason> {
        let flags = Flags { no_devices: true, no_exec: true, ..Flags::default() };
        for (path, make, mount, give) in [
            (self.places.bus(), "make the bus' folder", "mount the bus' folder", "give the bus' folder to its user"),
            (self.places.bridge(), "make its bridge's folder", "mount its bridge's folder", "give its bridge a folder"),
        ] {
            folder(&path, None).step(make)?;
            tmpfs(&path, SOCKETS_MIB, 0o755, flags).step(mount)?;
            folder(&path, Some(ids)).step(give)?;
        }
        Ok(())
    }

    fn serve_seat(&mut self, ids: IdRange) -> Result<(), Reason> {
        let lease = self.lease.as_ref().map(Lease::copy).transpose().step("copy the lease")?;
        let devices = self.devices.as_ref().expect("devices come first");
        let heard = heard(devices).step("hear its own input devices")?;
        match (self.order.profile.compositor.kind, lease) {
            (CompositorKind::Weston | CompositorKind::Wlroots, lease) => {
                self.seat = Some(Seat::serve(&self.places, ids, devices, heard, lease).step("serve its seat")?);
            }
            (CompositorKind::Mutter, Some(lease)) => {
                let program = logind_program(self.settings.logind.as_deref()).step("find logind-stub")?;
                let started = Logind::start(&program, &self.order, &self.places, ids, heard, lease);
                self.logind = Some(started.step("start logind-stub")?);
            }
            (CompositorKind::Mutter | CompositorKind::Headless, _) => {}
        }
        Ok(())
    }

    async fn start_container(&mut self, reporter: &Reporter, ids: IdRange) -> Result<(), Reason> {
        let devices = self.devices.as_ref().expect("devices come first");
        let session = self.session.as_ref().expect("the session comes first");
        let output = self.lease.as_ref().map(|lease| environment::Output {
            scanout: lease.scanout,
            connector: lease.connector.clone(),
            host: self.settings.host.clone(),
        });
        let mut order = self.order.clone();
        order.size = *self.size.borrow();
        let variables = environment::of(&order, output.as_ref(), &self.variables);
        let export = self.settings.host.parse::<SocketAddrV4>().ok();
        let bridge = bridge::program(self.settings.bridge.as_deref());
        let program = bridge.as_ref().ok().map(PathBuf::as_path);
        let plan = container::plan(&order, &self.settings.hydra, variables, session, devices, export, program);
        let passage = devices.passage();
        let prepared = Container::prepare(plan, &self.backend).await.step("put its files together")?;
        let container = self.container.insert(prepared);
        let pid = container.create().await.step("make its container")?;
        let address = self.order.slot.subnet().desktop;
        reporter.note(|report| {
            report.container_pid = Some(pid);
            report.address = Some(address.map(|byte| byte.to_string()).join("."));
        });
        let namespace = container.network_namespace().step("enter its network")?;
        let relay = Relay::into(&namespace, ids).step("reach its udev clients")?;
        let hotplug = Hotplug::listen().step("listen to the kernel")?;
        self.events = Some(Task(tokio::spawn(async move {
            if let Err(error) = forward(hotplug, passage, &relay, std::future::pending()).await {
                tracing::error!(error = chain(&error), "the desktop hears of no more devices");
            }
        })));
        container.start().await.step("start its session")?;
        reporter.note(|report| match bridge {
            Ok(_) => report.bridge.state = BridgeState::Starting,
            Err(why) => report.bridge.why = Some(why),
        });
        Ok(())
    }

    /// Brings its bridge in, unless it has one. It looks for its compositor once, so that has to be there.
    pub(crate) fn start_bridge(&mut self, reporter: &Reporter) {
        let Some(container) = self.container.as_ref().filter(|_| self.bridge.is_none()) else { return };
        if reporter.watch().borrow().bridge.state == BridgeState::Absent {
            return;
        }
        let scanout = self.lease.as_ref().map(|lease| lease.scanout.get());
        let plan = bridge::Plan::new(&self.order, &self.places, &self.settings.host, scanout);
        self.bridge = Some(Bridge::keep(container.desktop().clone(), plan, reporter.clone()));
    }

    /// Waits until a part ends that the desktop cannot be without.
    pub(crate) async fn ended(&mut self) -> Ended {
        let Self { container, logind, lease, events, seat, input, .. } = self;
        let events = finished(events.as_mut(), "udev relay");
        let seat = finished(seat.as_mut().map(Seat::task), "seat");
        let input = finished(input.as_mut(), "input socket");
        let container = async {
            match container {
                Some(container) => container.wait().await,
                None => std::future::pending().await,
            }
        };
        let logind = async {
            match logind {
                Some(logind) => logind.ended().await,
                None => std::future::pending().await,
            }
        };
        let lease = async {
            match lease {
                Some(lease) => lease.ended().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            exit = container => match exit {
                Ok(exit) => Ended::Container(exit),
                Err(error) => Ended::Other(Reason::StartFailed { step: "wait for its container".to_owned(), cause: chain(&error) }),
            },
            ending = logind => {
                let ending = ending.unwrap_or(Ending::Status(-1));
                Ended::Other(Reason::ServiceEnded { service: "logind-stub".to_owned(), ending })
            }
            reason = lease => Ended::Other(reason),
            reason = events => Ended::Other(reason),
            reason = seat => Ended::Other(reason),
            reason = input => Ended::Other(reason),
        }
    }

    /// Whom to ask about its pictures.
    pub(crate) fn host(&self) -> Option<Host> {
        self.host.clone()
    }

    /// Frames of events that it was fed.
    pub(crate) fn fed(&self) -> u64 {
        self.fed.load(Ordering::Relaxed)
    }

    /// Where it takes input.
    pub(crate) fn input_socket(&self) -> PathBuf {
        self.places.input()
    }

    /// Processor time that it used.
    pub(crate) async fn cpu(&self) -> Duration {
        match &self.container {
            Some(container) => {
                container.desktop().stats().await.map_or(Duration::ZERO, |stats| Duration::from_micros(stats.cpu_usec))
            }
            None => Duration::ZERO,
        }
    }

    /// The size that its compositor was given last.
    pub(crate) fn size(&self) -> Size {
        *self.size.borrow()
    }

    /// From now on positions are pixels of a screen of this size.
    pub(crate) fn set_size(&self, size: Size) {
        self.size.send_replace(size);
    }

    /// Runs a command in it, as its user; one that does not end within `limit` is killed.
    pub(crate) async fn run(&self, argv: Vec<String>, limit: Duration) -> Result<(), String> {
        let container = self.container.as_ref().ok_or("it has no container")?;
        self.commands.run(container.desktop().clone(), argv, limit).await
    }

    /// Ends its container and starts another on the same lease.
    pub(crate) async fn restart(&mut self, reporter: &Reporter, grace: Duration) -> Result<(), Reason> {
        let ids = self.backend.ids(self.order.slot).await.step("ask for user ids")?;
        self.events = None;
        self.end_container(grace).await.step("end its container")?;
        // Their mounts went with the container's.
        self.make_writable_folders(ids)?;
        self.start_container(reporter, ids).await
    }

    async fn end_container(&mut self, grace: Duration) -> Result<(), lunette_containers::Error> {
        self.bridge = None;
        let Some(container) = self.container.take() else { return Ok(()) };
        let asked = Instant::now();
        if container.signal(SIGTERM).await.is_ok() {
            let _ = timeout(grace, container.wait()).await;
        }
        let swept = container.remove().await?;
        tracing::info!(after = ?asked.elapsed(), %swept, "the container is gone");
        Ok(())
    }

    /// Takes everything down. The output is free at once, whatever the container's programs still have to do.
    pub(crate) async fn take_down(mut self, grace: Duration) -> Result<(), lunette_containers::Error> {
        // First what says whose the output is, then the output.
        self.session = None;
        (self.host, self.lease) = (None, None);
        self.events = None;
        self.end_container(grace).await?;
        let (hydra, id) = (self.settings.hydra.clone(), self.order.id.clone());
        // Before what is left in the folder.
        drop(self);
        let swept = sweep(&hydra, &id).await?;
        tracing::debug!(%swept, "the desktop is gone");
        Ok(())
    }
}

const SIGTERM: i32 = rustix::process::Signal::TERM.as_raw();

#[cfg(test)]
mod tests;
