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
}
