//! Switching scanouts on and off, and opening their sources.

use std::sync::Arc;

use lunette_frame::{PictureError, ScanoutId, Size};

use crate::qemu_dbus::QemuError;
use crate::{Doorbell, ScanoutStatus, Source};

/// What a scanout is asked to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode {
    /// Preferred size.
    pub size: Size,
    /// Preferred rate in Hz; a source that has a rate of its own keeps it.
    pub refresh_hz: u32,
}

/// One enabled scanout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanoutInfo {
    /// Its id.
    pub id: ScanoutId,
    /// Its size now.
    pub size: Size,
    /// What the guest calls it.
    pub connector: String,
}

/// The display device as a whole. Every capture backend implements it once.
pub trait ScanoutControl: Send + Sync {
    /// Enables a scanout or changes its mode; returns the guest's name for it. Repeating it is harmless.
    ///
    /// # Errors
    /// When the device has no such scanout or cannot show the mode.
    fn enable(&self, id: ScanoutId, mode: Mode) -> Result<String, ControlError>;

    /// Disables a scanout: its sources end. Repeating it is harmless.
    ///
    /// # Errors
    /// When the device has no such scanout, or cannot switch it off.
    fn disable(&self, id: ScanoutId) -> Result<(), ControlError>;

    /// The enabled scanouts, by id.
    fn scanouts(&self) -> Vec<ScanoutInfo>;

    /// How a scanout is doing, whether anybody watches it or not. Returns at once and makes nothing happen.
    fn status(&self, id: ScanoutId) -> ScanoutStatus;

    /// Opens the pictures of an enabled scanout, without waiting for any; `doorbell` is rung whenever polling again is worth it.
    ///
    /// # Errors
    /// When it is not enabled, or its pictures cannot be had.
    fn open(&self, id: ScanoutId, doorbell: &Arc<Doorbell>) -> Result<Box<dyn Source>, ControlError>;
}

/// Why a scanout could not be switched or opened.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The device ends before this id.
    #[error("there is no scanout {id}: this source has {count}, numbered from 0")]
    NoSuchScanout {
        /// The id asked for.
        id: ScanoutId,
        /// How many there are.
        count: u16,
    },
    /// The scanout exists but shows nothing.
    #[error("scanout {0} is not enabled")]
    NotEnabled(ScanoutId),
    /// The source decides about modes itself.
    #[error("{source_name} cannot be switched")]
    Fixed {
        /// The source.
        source_name: &'static str,
    },
    /// The mode is beyond what the source can show.
    #[error("scanout {id} cannot show {size}: sizes from {min} to {max} are possible")]
    Size {
        /// The scanout.
        id: ScanoutId,
        /// The size asked for.
        size: Size,
        /// Smallest size.
        min: Size,
        /// Largest size.
        max: Size,
    },
    /// The pictures of all enabled scanouts would need too much memory.
    #[error("scanout {id} at {size} needs {needed} bytes for its pictures, of {limit} bytes {free} are free")]
    Memory {
        /// The scanout.
        id: ScanoutId,
        /// The size asked for.
        size: Size,
        /// Bytes that it needs.
        needed: u64,
        /// Bytes that other scanouts leave.
        free: u64,
        /// Bytes for all scanouts.
        limit: u64,
    },
    /// The machine's own console cannot be switched off.
    #[error("scanout {0} is the machine's console, which is always on")]
    Console(ScanoutId),
    /// There is no machine at the moment.
    #[error("the machine cannot be reached: {reason}")]
    Unreachable {
        /// What happened last.
        reason: String,
    },
    /// More requests wait for the machine than make sense.
    #[error("too many requests wait for the machine")]
    Busy,
    /// The machine does not switch the scanout.
    #[error("cannot switch scanout {id}")]
    Switch {
        /// The scanout.
        id: ScanoutId,
        /// What went wrong.
        source: Box<QemuError>,
    },
    /// The source has no memory for its pictures.
    #[error("the scanout's picture is not possible")]
    Picture(#[from] PictureError),
    /// A file could not be opened or is not what it should be.
    #[error("cannot open {path}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The guest's name for a virtio-gpu output.
#[must_use]
pub fn connector_name(id: ScanoutId) -> String {
    format!("Virtual-{}", u32::from(id) + 1)
}
