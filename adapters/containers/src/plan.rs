//! What a container is to be.

use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::path::PathBuf;

use lunette_desktop::{CompositorKind, DesktopId, IdRange, Limits, Places, RootSource, Slot};

use crate::{Error, docker};

/// User and group of everything in a session, as seen inside.
pub(crate) const USER: u32 = 1000;

/// Everything about one container.
#[derive(Debug, Clone, PartialEq)]
pub struct ContainerPlan {
    /// Which desktop.
    pub id: DesktopId,
    /// hydra's folder.
    pub hydra: PathBuf,
    /// Its number on this machine.
    pub slot: Slot,
    /// Its files to begin with.
    pub root: RootSource,
    /// Program and arguments of its first process, run as user 1000.
    pub argv: Vec<String>,
    /// All variables of its processes.
    pub env: BTreeMap<String, String>,
    /// What it calls itself.
    pub hostname: String,
    /// Decides on its system calls.
    pub compositor: CompositorKind,
    /// What it may use.
    pub limits: Limits,
    /// Folders and files of the machine that it sees.
    pub mounts: Vec<Mount>,
    /// Device nodes that it can open.
    pub nodes: Vec<Node>,
    /// Its own input devices in sysfs, as in `/sys/devices/virtual/input/input7`; all others there are hidden.
    pub inputs: Vec<PathBuf>,
    /// Whom it can reach.
    pub network: NetworkPlan,
}

impl ContainerPlan {
    /// Where its files are.
    #[must_use]
    pub fn places(&self) -> Places {
        Places::new(&self.hydra, &self.id)
    }
}

/// Something of the machine inside a container. Device nodes on it can never be opened, nor do set-user-id bits count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Outside. For a socket, the folder that it is in: a socket made anew is another file.
    pub source: PathBuf,
    /// Inside.
    pub destination: PathBuf,
    /// Whether it can only be read.
    pub read_only: bool,
    /// Whose its files are, inside.
    pub owner: Owner,
}

/// Whose the files of a mount are, inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// Whatever ids they have outside: only those of the desktop's range are known inside.
    AsOutside,
    /// What belongs to the owner of the mount's top folder belongs to the desktop's user.
    User,
}

/// A device node that can be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Inside.
    pub path: PathBuf,
    /// Which driver.
    pub major: u32,
    /// Which device of it.
    pub minor: u32,
}

/// Whom a container can reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetworkPlan {
    /// Nobody.
    None,
    /// The world beyond this machine and its neighbours.
    World {
        /// Where frame-export listens, which it may reach in any case.
        export: Option<SocketAddrV4>,
    },
}

/// Who runs containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Backend {
    /// runc, with no daemon.
    Runc,
    /// A daemon that listens here.
    Docker(PathBuf),
}

impl Backend {
    /// The ids outside that are a desktop's 0 to 65535. Who owns a socket or a folder of it counts from these.
    ///
    /// # Errors
    /// When the daemon does not answer.
    pub async fn ids(&self, slot: Slot) -> Result<IdRange, Error> {
        match self {
            Self::Runc => Ok(slot.ids()),
            Self::Docker(socket) => docker::ids(socket).await,
        }
    }
}
