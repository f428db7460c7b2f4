//! What the desktop has of the machine's devices: its part of the card, its input devices, and what udev would say.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lunette_containers::Node;
use lunette_desktop::{CompositorKind, IdRange, Order, Places};
use lunette_gpu::DeviceSet;
use lunette_input::{InputDevice, InputDevices, InputReaders, Sink};
use lunette_sys_kms::Card;
use lunette_sys_uinput::{Event, UinputError};
use lunette_udev::{CardDevice, Database, Passage, UdevError, devpath, make_node};
use lunette_uevent::{DeviceNumber, Entry, InputKind};

use crate::leasing::Lease;

/// What the desktop has; the input devices themselves are with whoever feeds them.
pub(crate) struct Devices {
    pub(crate) inputs: Vec<InputDevice>,
    pub(crate) card: Option<CardDevice>,
    /// Nodes that can be opened.
    pub(crate) nodes: Vec<Node>,
    /// What the input devices say; nobody else hears it, so that no key reaches the machine's own console.
    pub(crate) readers: InputReaders,
    connector: Option<u32>,
    entries: Vec<Entry>,
}

/// Counts what is fed to a desktop.
pub(crate) struct Counted {
    devices: InputDevices,
    events: Arc<AtomicU64>,
}

impl Counted {
    pub(crate) fn new(devices: InputDevices) -> (Self, Arc<AtomicU64>) {
        let events = Arc::new(AtomicU64::new(0));
        (Self { devices, events: Arc::clone(&events) }, events)
    }
}

impl Sink for Counted {
    fn emit(&mut self, device: InputKind, events: &[Event]) -> Result<(), UinputError> {
        self.events.fetch_add(1, Ordering::Relaxed);
        self.devices.emit(device, events)
    }
}

impl Devices {
    /// Looks the card up, and writes the desktop's udev database and nodes.
    pub(crate) fn describe(
        order: &Order,
        places: &Places,
        inputs: &InputDevices,
        lease: Option<&Lease>,
        set: &DeviceSet,
    ) -> Result<Self, UdevError> {
        let now = uptime_usec();
        let card = lease.map(card_of).transpose()?;
        let heard = |source| UdevError::Socket { what: "hear its own input devices", source };
        let readers = inputs.readers().map_err(heard)?;
        let inputs = inputs.list();
        let mut entries: Vec<Entry> = inputs.iter().flat_map(|input| input.entries(now)).collect();
        entries.extend(card.as_ref().map(|card| Entry::card(card.number, now)));
        let devices = Self {
            nodes: openable(order.profile.compositor.kind, card.as_ref(), set),
            connector: lease.and_then(connector_of),
            readers,
            inputs,
            card,
            entries,
        };
        let database = Database::open(&places.udev())?;
        devices.entries.iter().try_for_each(|entry| database.put(entry))?;
        devices.make_nodes(places)?;
        Ok(devices)
    }

    fn make_nodes(&self, places: &Places) -> Result<(), UdevError> {
        for input in &self.inputs {
            make_node(&places.nodes().join("input").join(&input.node.event), input.number())?;
        }
        match &self.card {
            Some(card) if !self.is_openable(card) => make_node(&places.nodes().join(&card.node), card.number),
            _ => Ok(()),
        }
    }

    fn is_openable(&self, card: &CardDevice) -> bool {
        self.nodes.iter().any(|node| node.path == Path::new("/dev").join(&card.node))
    }

    /// Folders of nodes to look at, outside and inside.
    pub(crate) fn folders(&self, places: &Places) -> impl Iterator<Item = (PathBuf, &'static str)> {
        let folders = [("input", "/dev/input"), ("dri", "/dev/dri")];
        let nodes = places.nodes();
        folders.into_iter().map(move |(name, inside)| (nodes.join(name), inside)).filter(|(folder, _)| folder.exists())
    }

    /// The input devices in sysfs.
    pub(crate) fn sysfs(&self) -> Vec<PathBuf> {
        self.inputs.iter().map(|input| PathBuf::from(format!("/sys{}", input.node.devpath()))).collect()
    }

    /// Paths of all nodes that the desktop sees.
    pub(crate) fn paths(&self) -> Vec<String> {
        let card = self.card.iter().map(|card| format!("/dev/{}", card.node));
        let others = self.nodes.iter().map(|node| node.path.display().to_string());
        let inputs = self.inputs.iter().map(|input| input.node.path().display().to_string());
        let all: BTreeSet<String> = card.chain(others).chain(inputs).collect();
        all.into_iter().collect()
    }

    /// Which of the machine's events are the desktop's.
    pub(crate) fn passage(&self) -> Passage {
        let inputs = self.inputs.iter().map(|input| input.node.devpath()).collect();
        Passage::new(self.card.clone(), self.connector, inputs, self.entries.clone())
    }
}

/// Nodes of other cards that were asked for; and the leased card's own for wlroots, which insists on opening it and
/// then makes no use of that.
fn openable(kind: CompositorKind, card: Option<&CardDevice>, set: &DeviceSet) -> Vec<Node> {
    let own = card.filter(|_| kind == CompositorKind::Wlroots).map(|card| (card.node.as_str(), card.number));
    let all = set.nodes.iter().map(|node| (node.name.as_str(), node.number)).chain(own);
    let node = |(name, number): (&str, DeviceNumber)| Node {
        path: Path::new("/dev").join(name),
        major: number.major,
        minor: number.minor,
    };
    all.map(node).collect()
}

fn card_of(lease: &Lease) -> Result<CardDevice, UdevError> {
    let failed = |source: io::Error| UdevError::Socket { what: "tell which card the lease is of", source };
    let found = rustix::fs::fstat(lease.card()).map_err(|errno| failed(errno.into()))?;
    let number = DeviceNumber { major: rustix::fs::major(found.st_rdev), minor: rustix::fs::minor(found.st_rdev) };
    let devpath = devpath(Path::new("/sys"), number)?;
    let name = devpath.rsplit('/').next().unwrap_or_default();
    Ok(CardDevice { node: format!("dri/{name}"), devpath, number })
}

/// A lessee sees its own connector only.
fn connector_of(lease: &Lease) -> Option<u32> {
    let card = Card::from_fd(lease.card().as_fd().try_clone_to_owned().ok()?);
    card.connectors().ok()?.first().map(|connector| connector.get())
}

fn uptime_usec() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    u64::try_from(now.tv_sec).unwrap_or_default() * 1_000_000 + u64::try_from(now.tv_nsec).unwrap_or_default() / 1000
}

/// A folder whose files the desktop may look at, or make if it is given to its user.
pub(crate) fn folder(path: &Path, user: Option<IdRange>) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    if let Some(ids) = user {
        let owner = Some(ids.first + crate::inside::UID);
        chown(path, owner, owner)?;
    }
    Ok(())
}
