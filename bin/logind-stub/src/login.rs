//! The one owner of the session's state: who is in control, and what he has taken.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;

use lunette_seat::{Device, DeviceNumber, EventName, Policy, Refusal};
use lunette_seat_server::Devices;
use rustix::io::Errno;
use tokio::sync::{mpsc, oneshot};
use zbus::Connection;
use zbus::names::OwnedUniqueName;

use crate::refused::{Refused, Result};

/// Questions that wait.
const QUEUE: usize = 16;
/// Devices that may be taken at once.
const MOST_DEVICES: usize = 128;

/// Where the machine's devices are.
#[derive(Clone)]
pub struct Nodes {
    /// What may be given out.
    pub policy: Policy,
    /// Opens it.
    pub devices: Arc<dyn Devices>,
    /// The system's names for devices, `/sys/dev/char`.
    pub names: PathBuf,
}

/// What the session's interface asks.
#[derive(Debug)]
pub(crate) enum Ask {
    TakeControl { peer: OwnedUniqueName, bus: Connection, answer: Answer<()> },
    ReleaseControl { peer: OwnedUniqueName, answer: Answer<()> },
    TakeDevice { peer: OwnedUniqueName, number: DeviceNumber, answer: Answer<OwnedFd> },
    ReleaseDevice { peer: OwnedUniqueName, number: DeviceNumber, answer: Answer<()> },
}

pub(crate) type Answer<T> = oneshot::Sender<Result<T>>;

/// The way to the owner.
#[derive(Debug, Clone)]
pub(crate) struct Owner(mpsc::Sender<Ask>);

impl Owner {
    pub(crate) async fn ask<T>(&self, question: impl FnOnce(Answer<T>) -> Ask) -> Result<T> {
        let gone = || Refused::Failed("the session has ended".to_owned());
        let (answer, answered) = oneshot::channel();
        self.0.send(question(answer)).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

struct Login {
    nodes: Nodes,
    controller: Option<OwnedUniqueName>,
    taken: BTreeSet<DeviceNumber>,
}

/// A session that nobody controls yet; its task ends with the last [`Owner`].
pub(crate) fn start(nodes: Nodes) -> Owner {
    let (asking, mut asked) = mpsc::channel(QUEUE);
    tokio::spawn(async move {
        let mut login = Login { nodes, controller: None, taken: BTreeSet::new() };
        while let Some(question) = asked.recv().await {
            login.handle(question).await;
        }
    });
    Owner(asking)
}

impl Login {
    /// Whoever asked may be gone; his answer is then dropped, and a descriptor in it closed.
    async fn handle(&mut self, question: Ask) {
        match question {
            Ask::TakeControl { peer, bus, answer } => drop(answer.send(self.take_control(peer, &bus).await)),
            Ask::ReleaseControl { peer, answer } => drop(answer.send(self.release_control(&peer))),
            Ask::TakeDevice { peer, number, answer } => drop(answer.send(self.take_device(&peer, number))),
            Ask::ReleaseDevice { peer, number, answer } => drop(answer.send(self.release_device(&peer, number))),
        }
    }

    async fn take_control(&mut self, peer: OwnedUniqueName, bus: &Connection) -> Result<()> {
        if let Some(holder) = self.controller.as_ref().filter(|holder| **holder != peer) {
            if is_there(bus, holder).await {
                return Err(Refused::Busy(format!("{holder} is in control of the session")));
            }
            tracing::debug!(%holder, "who was in control is gone");
        }
        if self.controller.as_ref() != Some(&peer) {
            tracing::debug!(%peer, "takes control of the session");
            self.taken.clear();
            self.controller = Some(peer);
        }
        Ok(())
    }

    fn release_control(&mut self, peer: &OwnedUniqueName) -> Result<()> {
        self.check_control(peer)?;
        tracing::debug!(%peer, "gives up control of the session");
        self.controller = None;
        self.taken.clear();
        Ok(())
    }

    fn check_control(&self, peer: &OwnedUniqueName) -> Result<()> {
        if self.controller.as_ref() == Some(peer) {
            Ok(())
        } else {
            Err(Refused::NotInControl("you are not in control of this session".to_owned()))
        }
    }

    fn take_device(&mut self, peer: &OwnedUniqueName, number: DeviceNumber) -> Result<OwnedFd> {
        self.check_control(peer)?;
        if self.taken.contains(&number) {
            return Err(Refused::DeviceIsTaken(format!("you have {number} already")));
        }
        if self.taken.len() >= MOST_DEVICES {
            return Err(Refused::Failed("too many devices are taken".to_owned()));
        }
        let opened = self.open(number);
        match &opened {
            Ok(_) => {
                tracing::debug!(%number, "device taken");
                self.taken.insert(number);
            }
            Err(refused) => tracing::debug!(%number, "device refused: {refused}"),
        }
        opened
    }

    fn release_device(&mut self, peer: &OwnedUniqueName, number: DeviceNumber) -> Result<()> {
        self.check_control(peer)?;
        if self.taken.remove(&number) {
            Ok(())
        } else {
            Err(Refused::DeviceNotTaken(format!("you do not have {number}")))
        }
    }

    fn open(&self, number: DeviceNumber) -> Result<OwnedFd> {
        let decided = self.nodes.policy.by_number(number, self.event_name(number));
        let device = decided.map_err(|refusal| refuse(refusal, number))?;
        self.nodes.devices.open(device).map_err(|error| failed(&error, device))
    }

    /// A name from sysfs needs no udev.
    fn event_name(&self, number: DeviceNumber) -> Option<EventName> {
        if number.major != DeviceNumber::INPUT {
            return None;
        }
        let target = fs::read_link(self.nodes.names.join(number.to_string())).ok()?;
        target.file_name()?.to_str()?.parse().ok()
    }
}

fn refuse(refusal: Refusal, number: DeviceNumber) -> Refused {
    match refusal {
        Refusal::NotOurs | Refusal::NotAPath => Refused::AccessDenied(format!("{number}: {refusal}")),
        Refusal::NoSuchDevice => Refused::NoSuchDevice(format!("{number}: {refusal}")),
    }
}

fn failed(error: &io::Error, device: Device) -> Refused {
    let text = format!("cannot open {device:?}: {error}");
    match Errno::from_io_error(error) {
        Some(Errno::NOENT | Errno::NXIO | Errno::NODEV) => Refused::NoSuchDevice(text),
        Some(Errno::ACCESS | Errno::PERM) => Refused::AccessDenied(text),
        _ => Refused::Failed(text),
    }
}

/// When in doubt he is: control is taken over only from somebody who is surely gone.
async fn is_there(bus: &Connection, name: &OwnedUniqueName) -> bool {
    let (daemon, name) = ("org.freedesktop.DBus", name.as_str());
    let asked = bus.call_method(Some(daemon), "/org/freedesktop/DBus", Some(daemon), "NameHasOwner", &name).await;
    match asked.and_then(|reply| reply.body().deserialize()) {
        Ok(has_owner) => has_owner,
        Err(error) => {
            tracing::debug!(%error, "cannot tell whether {name} is still there");
            true
        }
    }
}
