//! How the compositor gets its devices: a seat socket, or logind on the desktop's own bus.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use lunette_desktop::{Ending, IdRange, Order, Places};
use lunette_input::InputReaders;
use lunette_seat::{CardName, Device, DeviceNumber, EventName, Policy};
use lunette_seat_server::{BindError, Config, Dialect, IdRange as Users, Owner, SeatServer};
use lunette_sys_process::{Lifetime, Spawn};
use tokio::io::unix::AsyncFd;

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
        let own = Own { lease, readers: Arc::clone(&devices.readers) };
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

/// What is given out: descriptors that are open already.
struct Own {
    lease: Option<OwnedFd>,
    readers: Arc<InputReaders>,
}

impl lunette_seat_server::Devices for Own {
    fn open(&self, device: Device) -> io::Result<OwnedFd> {
        let missing = || io::Error::from(rustix::io::Errno::NODEV);
        match device {
            // A copy shares the open file, and with it the lease's own DRM master.
            Device::Lease => self.lease.as_ref().ok_or_else(missing)?.try_clone(),
            Device::Input(name) => self.readers.open(&name.to_string()).ok_or_else(missing)?,
            Device::Render(_) => Err(missing()),
        }
    }
}

fn policy(devices: &Devices) -> Policy {
    let card = devices.card.as_ref();
    let name = |card: &str| card.rsplit('/').next()?.parse::<CardName>().ok();
    Policy {
        card: card.and_then(|card| name(&card.node)),
        card_number: card.map(|card| DeviceNumber { major: card.number.major, minor: card.number.minor }),
        render: None,
        inputs: devices.inputs.iter().filter_map(|input| input.node.event.parse::<EventName>().ok()).collect(),
    }
}

/// A logind of the desktop's own; killed when this is dropped.
pub(crate) struct Logind {
    child: std::process::Child,
    ended: AsyncFd<OwnedFd>,
}

impl Logind {
    /// Starts it. It waits for the bus, which the desktop makes.
    #[allow(deprecated, reason = "what is unsound for some types is sound for an owned descriptor")]
    pub(crate) fn start(
        program: &Path,
        order: &Order,
        places: &Places,
        ids: IdRange,
        devices: &Devices,
        lease: OwnedFd,
    ) -> io::Result<Self> {
        let mut command = Command::new(program);
        let mut inherited = vec![lease];
        let mut inputs = Vec::new();
        for input in &devices.inputs {
            let event = &input.node.event;
            let heard = devices.readers.open(event).ok_or(io::ErrorKind::NotFound)??;
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
        let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
        let pid = pid.expect("a child's id is one");
        let flags = rustix::process::PidfdFlags::NONBLOCK;
        let ended = AsyncFd::new(rustix::process::pidfd_open(pid, flags)?)?;
        Ok(Self { child, ended })
    }

    /// Waits until it ends.
    pub(crate) async fn ended(&mut self) -> io::Result<Ending> {
        use std::os::unix::process::ExitStatusExt;

        drop(self.ended.readable().await?);
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
