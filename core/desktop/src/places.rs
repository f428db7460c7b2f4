//! Where the files of one desktop are.

use std::path::{Path, PathBuf};

use crate::DesktopId;

/// The folder of one desktop, `desktops/ID` below hydra's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    folder: PathBuf,
}

macro_rules! places {
    ($($(#[$doc:meta])* $name:ident: $file:literal,)*) => {
        impl Places {
            $($(#[$doc])* #[must_use] pub fn $name(&self) -> PathBuf { self.folder.join($file) })*
        }
    };
}

impl Places {
    /// Below `hydra`, hydra's own folder.
    #[must_use]
    pub fn new(hydra: &Path, id: &DesktopId) -> Self {
        Self { folder: hydra.join("desktops").join(id.as_str()) }
    }

    /// A desktop's folder itself.
    #[must_use]
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// The socket that a bridge makes in its folder. Whatever else has this name there is the desktop's work.
pub const BRIDGE_SOCKET: &str = "http.sock";

places! {
    /// The order, written by hydra.
    order: "desktop.json",
    /// The report, written by the launcher.
    report: "state.json",
    /// Where the launcher takes requests.
    control: "control.sock",
    /// Where the launcher takes input.
    input: "input.sock",
    /// What the desktop's programs print.
    log: "desktop.log",
    /// What the launcher prints.
    launcher_log: "launcher.log",
    /// The container's description.
    bundle: "bundle",
    /// Where its root is put together.
    root: "root",
    /// Where its read-only root is, ids mapped.
    lower: "lower",
    /// What it writes: a file system of its own.
    layer: "layer",
    /// Its udev database.
    udev: "udev",
    /// Device nodes to look at.
    nodes: "nodes",
    /// Its seat socket.
    seat: "seat",
    /// Its system bus.
    bus: "bus",
    /// Files that its session reads.
    session: "session",
    /// Where its bridge listens: a folder that the desktop writes to.
    bridge: "bridge",
    /// Who may do what by its bridge, written by hydra.
    tokens: "bridge.tokens",
    /// What its bridge prints.
    bridge_log: "bridge.log",
}
