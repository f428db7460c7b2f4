//! What became of a desktop.

use lunette_frame::Size;
use serde::{Deserialize, Serialize};

use crate::{DesktopId, Reason, size_text};

/// Where a desktop is in its life.
///
/// ```text
///            first picture
///   Starting ─────────────▶ Running ◀──▶ Frozen
///      │                       │           │
///      │ ◀──── restart policy ─┤           │
///      ▼                       ▼           ▼
///   Failed ◀── by itself    Stopping ──▶ Stopped
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// No picture yet.
    Starting,
    /// It shows pictures.
    Running,
    /// It stopped showing pictures although it should.
    Frozen,
    /// It is being taken down.
    Stopping,
    /// Ended on request; nothing of it is left but its log.
    Stopped,
    /// Ended by itself; nothing of it is left but its log.
    Failed,
}

impl Phase {
    /// Whether nothing of it runs any more.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Stopped | Self::Failed)
    }
}

/// What a launcher says of its desktop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Which desktop.
    pub id: DesktopId,
    /// Where it is in its life.
    pub phase: Phase,
    /// Since when, in milliseconds since 1970.
    pub since_ms: u64,
    /// Why it ended last, or why it is frozen; kept after a restart.
    #[serde(default)]
    pub reason: Option<Reason>,
    /// Process id of the launcher.
    pub launcher_pid: i32,
    /// Process id of the container's first process.
    #[serde(default)]
    pub container_pid: Option<i32>,
    /// Its output, for the host.
    #[serde(default)]
    pub scanout: Option<u16>,
    /// Its output, for the guest, such as `Virtual-2`.
    #[serde(default)]
    pub connector: Option<String>,
    /// The size that it has.
    #[serde(with = "size_text")]
    pub size: Size,
    /// From the order to the first picture.
    #[serde(default)]
    pub first_picture_ms: Option<u64>,
    /// How often it was started again.
    #[serde(default)]
    pub restarts: u32,
    /// Paths of the device nodes that it really has.
    #[serde(default)]
    pub devices: Vec<String>,
    /// Its address, where it has a network.
    #[serde(default)]
    pub address: Option<String>,
    /// Its bridge.
    #[serde(default)]
    pub bridge: BridgeReport,
}

/// How a desktop's bridge is doing: the program in it that shows it to browsers. A desktop lives without.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BridgeReport {
    /// Where it is.
    pub state: BridgeState,
    /// How often it ended and was started again.
    #[serde(default)]
    pub restarts: u32,
    /// Why it is not there, or why it ended last.
    #[serde(default)]
    pub why: Option<String>,
}

/// Where a bridge is in its life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BridgeState {
    /// There is none.
    #[default]
    Absent,
    /// It was started, and does not listen yet.
    Starting,
    /// It listens.
    Ready,
    /// It ended, and is started again after a pause.
    Down,
}
