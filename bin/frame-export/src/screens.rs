//! Opens the source that the configuration names.

use std::sync::Arc;

use anyhow::{Context, Result};
use lunette_capture::ScanoutControl;
use lunette_capture::pattern::{PatternConfig, PatternScreens};
use lunette_capture::qemu_dbus::{QemuConfig, QemuScreens};
use lunette_capture::replay::{ReplayConfig, ReplayScreen};
use lunette_frame::Size;

use crate::config::SourceConfig;
use crate::lifeline;

/// The display device, and what is special about a virtual one.
pub(crate) struct Screens {
    pub(crate) control: Arc<dyn ScanoutControl>,
    pub(crate) machine: Option<Arc<QemuScreens>>,
}

impl Screens {
    /// What a machine's scanouts are expected to show: its own sizes are known when it runs, which may be later.
    const USUAL: Size = Size::new(1920, 1080);

    /// The display device that the configuration names.
    pub(crate) fn open(config: &SourceConfig) -> Result<Self> {
        let control: Arc<dyn ScanoutControl> = match config {
            SourceConfig::Pattern { kind, scanouts, size, fps } => {
                let config = PatternConfig { kind: *kind, scanouts: *scanouts, size: *size, fps: *fps };
                Arc::new(PatternScreens::new(config)?)
            }
            SourceConfig::Replay { path, size, fps } => {
                Arc::new(ReplayScreen::new(&ReplayConfig { path: path.clone(), size: *size, fps: *fps })?)
            }
            SourceConfig::Qemu { address, memory } => {
                let lifeline = Some(lifeline::program().context("this program cannot find itself")?);
                let config = QemuConfig { memory: *memory, lifeline, ..QemuConfig::new(address.clone()) };
                let machine = Arc::new(QemuScreens::new(config)?);
                return Ok(Self { control: Arc::clone(&machine) as _, machine: Some(machine) });
            }
        };
        Ok(Self { control, machine: None })
    }

    /// A size that is going to be encoded.
    pub(crate) fn expected_size(&self) -> Option<Size> {
        match self.machine {
            Some(_) => Some(Self::USUAL),
            None => self.control.scanouts().first().map(|scanout| scanout.size),
        }
    }
}
