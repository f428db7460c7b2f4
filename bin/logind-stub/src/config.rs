//! The flags, with their environment variables and help.

use std::os::fd::{OwnedFd, RawFd};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Parser;
use lunette_seat::{DeviceNumber, EventName, Policy, RenderName, SeatName};
use lunette_seat_server::OwnDevices;
use rustix::fs::{FileType, fstat, major, minor};

use crate::{BusPath, Identity, Nodes};

/// org.freedesktop.login1 for one desktop: gives its compositor the lease and the input devices.
///
/// It runs outside of the desktop's container, and connects to the system bus inside. There must be no other logind on
/// that bus. It ends when the bus does, and never connects again.
///
/// Logs go to stderr. SIGTERM and SIGINT end it cleanly.
#[derive(Debug, Clone, Parser)]
#[command(name = "logind-stub", version, verbatim_doc_comment)]
pub struct Config {
    /// Inherited descriptor of the DRM lease
    #[arg(long, value_name = "FD")]
    lease_fd: RawFd,

    /// The bus; its socket may come later
    #[arg(long, value_name = "ADDRESS", env = "DBUS_SYSTEM_BUS_ADDRESS")]
    pub bus: BusPath,

    /// How long the bus may take to come
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = clap::value_parser!(u32).range(1..=3600))]
    wait: u32,

    /// User and group, as this system numbers them, to connect as [default: who runs this]
    #[arg(long, value_name = "UID:GID", value_parser = user_and_group)]
    pub connect_as: Option<(u32, u32)>,

    /// The desktop's user, as its container numbers him
    #[arg(long, value_name = "UID", default_value_t = 1000)]
    uid: u32,

    /// His group
    #[arg(long, value_name = "GID", default_value_t = 1000)]
    gid: u32,

    /// His name
    #[arg(long, value_name = "NAME", default_value = "user")]
    user: String,

    /// The seat's name
    #[arg(long, value_name = "NAME", default_value = "seat0")]
    seat: SeatName,

    /// The desktop environment
    #[arg(long, value_name = "NAME", default_value = "gnome")]
    desktop: String,

    /// Input devices of this desktop, such as event3,event4; no others are given out. One that is open already, so that
    /// nobody else hears of it, comes with the number of its inherited descriptor: event3=7
    #[arg(long, value_name = "NAME[=FD]", value_delimiter = ',')]
    input: Vec<Input>,

    /// Render node of this desktop, such as renderD128
    #[arg(long, value_name = "NAME")]
    render: Option<RenderName>,

    /// Inherited descriptor that gets one line once the name is ours
    #[arg(long, value_name = "FD")]
    pub ready_fd: Option<RawFd>,

    /// What to log: error, warn, info, debug, trace, or a filter
    #[arg(long, value_name = "FILTER", default_value = "info")]
    pub log: String,
}

impl Config {
    /// How long the bus may take to come.
    #[must_use]
    pub fn wait(&self) -> Duration {
        Duration::from_secs(self.wait.into())
    }

    /// Who the desktop's user is.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity {
            uid: self.uid,
            gid: self.gid,
            name: self.user.clone(),
            desktop: self.desktop.clone(),
            seat: self.seat.clone(),
        }
    }

    /// What may be given out.
    ///
    /// # Errors
    /// When there is no lease.
    pub fn nodes(&self) -> anyhow::Result<Nodes> {
        let lease = lunette_sys_unix::inherited(self.lease_fd);
        let lease = lease.with_context(|| format!("--lease-fd {}: nothing is open there", self.lease_fd))?;
        let policy = Policy {
            card: None,
            card_number: Some(card_number(&lease).with_context(|| format!("--lease-fd {}", self.lease_fd))?),
            render: self.render,
            inputs: self.input.iter().map(|input| input.name).collect(),
        };
        let mut devices = OwnDevices::new(Some(lease));
        for Input { name, fd } in &self.input {
            let Some(fd) = *fd else { continue };
            let open = lunette_sys_unix::inherited(fd);
            devices = devices.with_input(*name, open.with_context(|| format!("--input {name}={fd}: nothing is open"))?);
        }
        Ok(Nodes { policy, devices: Arc::new(devices), names: PathBuf::from("/sys/dev/char") })
    }
}

/// An input device, and where it is open.
#[derive(Debug, Clone)]
struct Input {
    name: EventName,
    fd: Option<RawFd>,
}

impl FromStr for Input {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, fd) = text.split_once('=').map_or((text, None), |(name, fd)| (name, Some(fd)));
        let name = name.parse().map_err(|error: lunette_seat::NameError| error.to_string())?;
        let fd = fd.map(|fd| fd.parse().map_err(|_| format!("{fd:?} is no number of a descriptor"))).transpose()?;
        Ok(Self { name, fd })
    }
}

/// The number of the card that the lease is of.
fn card_number(lease: &OwnedFd) -> anyhow::Result<DeviceNumber> {
    let found = fstat(lease)?;
    if FileType::from_raw_mode(found.st_mode) != FileType::CharacterDevice {
        bail!("not a device, so not a lease");
    }
    Ok(DeviceNumber { major: major(found.st_rdev), minor: minor(found.st_rdev) })
}

fn user_and_group(text: &str) -> Result<(u32, u32), String> {
    let ids = text.split_once(':').and_then(|(uid, gid)| Some((uid.parse().ok()?, gid.parse().ok()?)));
    ids.ok_or_else(|| "two numbers with a colon, such as 1001000:1001000".to_owned())
}
