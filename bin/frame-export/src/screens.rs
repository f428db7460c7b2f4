//! Opens the source that the configuration names.

use std::sync::Arc;

use lunette_capture::pattern::{PatternConfig, PatternScreens};
use lunette_capture::replay::{ReplayConfig, ReplayScreen};
use lunette_capture::{ControlError, ScanoutControl};

use crate::config::SourceConfig;

/// The display device that the configuration names.
pub(crate) fn open(config: &SourceConfig) -> Result<Arc<dyn ScanoutControl>, ControlError> {
    Ok(match config {
        SourceConfig::Pattern { kind, scanouts, size, fps } => {
            let config = PatternConfig { kind: *kind, scanouts: *scanouts, size: *size, fps: *fps };
            Arc::new(PatternScreens::new(config)?)
        }
        SourceConfig::Replay { path, size, fps } => {
            Arc::new(ReplayScreen::new(&ReplayConfig { path: path.clone(), size: *size, fps: *fps })?)
        }
    })
}
