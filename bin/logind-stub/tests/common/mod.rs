//! A bus of its own, a stub on it, and a client.

#![allow(dead_code, unreachable_pub, reason = "each test program uses some of it")]
#![allow(clippy::unwrap_used, reason = "fixtures of tests")]

use std::fs;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use logind_stub::service::{NAME, Service, ServiceError};
use logind_stub::{Identity, Nodes};
use lunette_seat::{DeviceNumber, EventName, Policy};
use lunette_seat_server::OwnDevices;
use tempfile::TempDir;
use zbus::connection::Builder;
use zbus::{Connection, DynamicType, Message};

pub const MANAGER: &str = "/org/freedesktop/login1";
pub const SESSION: &str = "/org/freedesktop/login1/session/auto";
pub const SEAT: &str = "/org/freedesktop/login1/seat/seat0";
pub const USER: &str = "/org/freedesktop/login1/user/_1000";

/// A character device that everybody has stands for the leased card.
pub const CARD: (u32, u32) = (1, 3);
const CARD_NODE: &str = "/dev/null";

/// A dbus-daemon, which ends with this.
pub struct Bus {
    pub socket: PathBuf,
    pub folder: TempDir,
    daemon: Child,
}

/// The first of the users that a container has, as this system numbers them.
pub const FIRST_ID: u32 = 1_000_000;

/// Says why, when there is no dbus-daemon.
pub fn bus() -> Option<Bus> {
    let (folder, socket) = place();
    let mut daemon = Command::new("dbus-daemon");
    daemon.args(arguments(&folder)).stdout(Stdio::piped());
    listening(daemon.spawn(), folder, socket)
}

/// A bus whose daemon is root of a user namespace, as it is in a container.
pub fn bus_in_container() -> Option<Bus> {
    let (folder, socket) = place();
    for path in [folder.path().to_owned(), socket.parent().unwrap().to_owned(), folder.path().join("bus.conf")] {
        std::os::unix::fs::chown(path, Some(FIRST_ID), Some(FIRST_ID)).unwrap();
    }
    let mut daemon = Command::new("unshare");
    let script = r#"echo; read mapped; exec setpriv --reuid 0 --regid 0 --clear-groups dbus-daemon "$@""#;
    daemon.args(["--user", "--keep-caps", "sh", "-c", script, "sh"]).args(arguments(&folder));
    let mut spawned = daemon.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    if let Ok(child) = &mut spawned {
        // A byte says that it is in its namespace; only from outside can more than one user be let in.
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        for map in ["uid_map", "gid_map"] {
            fs::write(format!("/proc/{}/{map}", child.id()), format!("0 {FIRST_ID} 65536")).unwrap();
        }
        child.stdin.take().unwrap().write_all(b"mapped\n").unwrap();
    }
    listening(spawned, folder, socket)
}

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("bus").join("system");
    fs::create_dir(socket.parent().unwrap()).unwrap();
    fs::write(folder.path().join("bus.conf"), configuration(&socket.display().to_string())).unwrap();
    (folder, socket)
}

fn arguments(folder: &TempDir) -> [String; 4] {
    let config = format!("--config-file={}", folder.path().join("bus.conf").display());
    ["--nofork".into(), "--nopidfile".into(), "--print-address=1".into(), config]
}

/// The daemon prints its address once it listens.
fn listening(spawned: io::Result<Child>, folder: TempDir, socket: PathBuf) -> Option<Bus> {
    let mut daemon = spawned.inspect_err(|error| println!("NOT RUN: on a bus: dbus-daemon: {error}")).ok()?;
    let mut address = String::new();
    BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut address).unwrap();
    assert!(address.starts_with("unix:"), "{address:?}");
    Some(Bus { socket, folder, daemon })
}

fn configuration(socket: &str) -> String {
    format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/>
<allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>"#
    )
}

impl Bus {
    pub fn address(&self) -> String {
        format!("unix:path={}", self.socket.display())
    }

    pub async fn client(&self) -> Connection {
        Builder::address(self.address().as_str()).build().await.unwrap()
    }

    /// A stub in this process.
    pub async fn stub(&self) -> Service {
        self.try_stub().await.unwrap()
    }

    pub async fn try_stub(&self) -> Result<Service, ServiceError> {
        let stream = UnixStream::connect(&self.socket).unwrap();
        Service::start(stream, identity(), self.nodes()).await
    }

    /// event3 is this desktop's, event4 is not, event5 is and is not there.
    fn nodes(&self) -> Nodes {
        let names = self.folder.path().join("names");
        let input = self.folder.path().join("dev").join("input");
        for folder in [&names, &input] {
            fs::create_dir_all(folder).unwrap();
        }
        for event in 3..6 {
            let target = format!("../../devices/virtual/input/input{event}/event{event}");
            let _ = std::os::unix::fs::symlink(target, names.join(format!("13:{}", 64 + event)));
        }
        let policy = Policy {
            card_number: Some(DeviceNumber { major: CARD.0, minor: CARD.1 }),
            inputs: [3, 5].map(EventName::new).into(),
            ..Policy::default()
        };
        let devices = OwnDevices::new(Some(card())).with_dev(self.folder.path().join("dev"));
        Nodes { policy, devices: Arc::new(devices), names }
    }

    pub fn kill(&mut self) {
        self.daemon.kill().unwrap();
        self.daemon.wait().unwrap();
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

pub fn card() -> OwnedFd {
    File::options().read(true).write(true).open(CARD_NODE).unwrap().into()
}

fn identity() -> Identity {
    // The bus is told who we are here; inside a container it would be the desktop's user.
    let uid = rustix::process::geteuid().as_raw();
    Identity { uid, gid: uid, name: "user".into(), desktop: "gnome".into(), seat: "seat0".parse().unwrap() }
}

/// Calls a member, `Interface.Member`, below logind's name.
pub async fn call<B>(client: &Connection, path: &str, member: &str, body: &B) -> zbus::Result<Message>
where
    B: zbus::export::serde::Serialize + DynamicType,
{
    let (interface, member) = member.rsplit_once('.').unwrap();
    let interface = if interface.contains('.') { interface.to_owned() } else { format!("{NAME}.{interface}") };
    client.call_method(Some(NAME), path, Some(interface.as_str()), member, body).await
}

/// The name of the error that it must be.
pub fn error_name(result: zbus::Result<Message>) -> String {
    match result.unwrap_err() {
        zbus::Error::MethodError(name, ..) => name.to_string(),
        zbus::Error::FDO(error) => zbus::DBusError::name(&*error).to_string(),
        other => panic!("{other}"),
    }
}
