//! How the compositor gets its devices: a seat socket, or logind on the desktop's own bus.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use lunette_desktop::{Ending, IdRange, Order, Places};
use lunette_input::InputDevice;
use lunette_seat::{CardName, DeviceNumber, EventName, Policy};
use lunette_seat_server::{BindError, Config, Dialect, IdRange as Users, OwnDevices, Owner, SeatServer};
use lunette_sys_process::{Held, Lifetime, Spawn};

use crate::desktop::Task;
use crate::devices::Devices;
use crate::inside;

/// A seat that is served until this is dropped.
pub(crate) struct Seat(Task);

impl Seat {
    pub(crate) fn serve(
        places: &Places,
        ids: IdRange,
        devices: &Devices,
        heard: Vec<Heard>,
        lease: Option<OwnedFd>,
    ) -> Result<Self, BindError> {
        let user = ids.first + inside::UID;
        let config = Config {
            policy: policy(devices),
            allowed: Users { first: ids.first, count: ids.count },
            owner: Some(Owner { uid: user, gid: user }),
            seat: "seat0".parse().expect("a seat's name"),
            dialect: Dialect::Answering,
        };
        let mut own = OwnDevices::new(lease);
        for (event, heard) in heard {
            own = own.with_input(event, heard);
        }
        let server = SeatServer::bind(&places.seat().join("seat.sock"), config, Arc::new(own))?;
        Ok(Self(Task(tokio::spawn(server.serve(std::future::pending())))))
    }
}

impl Seat {
    /// What serves it.
    pub(crate) fn task(&mut self) -> &mut Task {
        &mut self.0
    }
}

fn policy(devices: &Devices) -> Policy {
    let card = devices.card.as_ref();
    let name = |card: &str| card.rsplit('/').next()?.parse::<CardName>().ok();
    Policy {
        card: card.and_then(|card| name(&card.node)),
        card_number: card.map(|card| DeviceNumber { major: card.number.major, minor: card.number.minor }),
        render: None,
        inputs: devices.inputs.iter().filter_map(event_name).collect(),
    }
}

fn event_name(input: &InputDevice) -> Option<EventName> {
    input.node.event.parse().ok()
}

/// An input device that is open already, so that nobody else hears of it.
pub(crate) type Heard = (EventName, OwnedFd);

/// The desktop's input devices, once more each.
pub(crate) fn heard(devices: &Devices) -> io::Result<Vec<Heard>> {
    let open = |input| {
        let name = event_name(input)?;
        Some(devices.readers.open(&input.node.event)?.map(|heard| (name, heard)))
    };
    devices.inputs.iter().filter_map(open).collect()
}

/// A logind of the desktop's own; killed when this is dropped.
pub(crate) struct Logind {
    child: std::process::Child,
    held: Held,
}

impl Logind {
    /// Starts it. It waits for the bus, which the desktop makes.
    pub(crate) fn start(
        program: &Path,
        order: &Order,
        places: &Places,
        ids: IdRange,
        heard: Vec<Heard>,
        lease: OwnedFd,
    ) -> io::Result<Self> {
        let mut command = Command::new(program);
        let mut inherited = vec![lease];
        let mut inputs = Vec::new();
        for (event, heard) in heard {
            inputs.push(format!("{event}={}", heard.as_raw_fd()));
            inherited.push(heard);
        }
        command
            .arg("--bus")
            .arg(format!("unix:path={}", places.bus().join("system").display()))
            .args(["--connect-as", &format!("{0}:{0}", ids.first + inside::UID)])
            .args(["--uid", &inside::UID.to_string(), "--user", inside::USER, "--seat", "seat0"])
            .args(["--desktop", order.profile.name.as_str(), "--input", &inputs.join(",")])
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command.arg("--lease-fd").arg(inherited[0].as_raw_fd().to_string());
        let mut spawn = Spawn::new(command, Lifetime::SpawningThread);
        for descriptor in inherited {
            spawn.inherit(descriptor);
        }
        let child = spawn.spawn()?;
        let held = Held::open(rustix::process::Pid::from_child(&child))?;
        Ok(Self { child, held })
    }

    /// Waits until it ends.
    pub(crate) async fn ended(&mut self) -> io::Result<Ending> {
        use std::os::unix::process::ExitStatusExt;

        self.held.ended().await?;
        let status = self.child.wait()?;
        Ok(status.code().map_or_else(|| Ending::Signal(status.signal().unwrap_or_default()), Ending::Status))
    }
}

impl Drop for Logind {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program beside this one, unless it is named.
pub(crate) fn logind_program(named: Option<&Path>) -> io::Result<PathBuf> {
    match named {
        Some(path) => Ok(path.to_owned()),
        None => Ok(std::env::current_exe()?.with_file_name("logind-stub")),
    }
}
