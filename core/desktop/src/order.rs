//! What a launcher is to bring up.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lunette_frame::Size;
use serde::{Deserialize, Serialize};

use crate::{DesktopId, Limits, Profile, Slot, size_text};

/// One desktop as it was ordered, defaults filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Which desktop.
    pub id: DesktopId,
    /// What people call it.
    pub name: String,
    /// Its number on this machine.
    pub slot: Slot,
    /// What it is made of.
    pub profile: Profile,
    /// Where its files come from.
    pub root: RootSource,
    /// Who runs its container.
    pub backend: BackendKind,
    /// Size of its screen.
    #[serde(with = "size_text")]
    pub size: Size,
    /// What it may use.
    pub limits: Limits,
    /// What becomes of it when it ends by itself.
    pub restart: RestartPolicy,
    /// Such as `de_DE.UTF-8`.
    pub locale: String,
    /// Layout of its keyboard.
    pub keyboard: Keyboard,
    /// Variables besides the profile's; they win.
    pub environment: BTreeMap<String, String>,
    /// Folders of the machine that it sees.
    pub mounts: Vec<BindMount>,
    /// Whose graphics card, as in container-devices: `virtio`, `nvidia`, `amd`, `intel`, `none`; unknown ones count
    /// as `virtio`.
    pub gpu_vendor: String,
    /// Which card of that vendor, counted by PCI address.
    pub gpu_index: Option<u32>,
    /// When it was ordered, in milliseconds since 1970.
    pub ordered_at_ms: u64,
    /// How often it was started again before.
    #[serde(default)]
    pub restarts: u32,
}

/// The read-only files that a desktop's root begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RootSource {
    /// A folder that is mounted already.
    Folder(PathBuf),
    /// An image that the container daemon has.
    Image(String),
}

/// Who runs containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendKind {
    /// runc, with no daemon.
    Runc,
    /// A Docker daemon that runs already.
    Docker,
}

/// Whether a desktop that ended by itself starts again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "when", rename_all = "kebab-case")]
pub enum RestartPolicy {
    /// It stays as it ended, with the reason.
    #[default]
    Never,
    /// After a failure, so many times at most in ten minutes.
    OnFailure {
        /// How often.
        times: u32,
    },
}

/// A keyboard's layout, in the words of XKB.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keyboard {
    /// Such as `de`; empty is `us`.
    pub layout: String,
    /// Such as `nodeadkeys`.
    pub variant: String,
    /// Such as `caps:escape`.
    pub options: String,
}

/// A folder of the machine inside a desktop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BindMount {
    /// Outside.
    pub source: PathBuf,
    /// Inside.
    pub destination: PathBuf,
    /// Whether it can only be read.
    #[serde(default, rename = "readonly")]
    pub read_only: bool,
}
