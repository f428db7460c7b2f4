//! What is known about one output.
//!
//! ```text
//!              enabled            disabled, machine reset
//!   Unknown ───────────▶ On(size) ────────────────────────▶ Off
//!      ▲                    │ ▲                              │
//!      └──── QEMU lost ─────┘ └────────── enabled ───────────┘   (Off is lost in the same way)
//! ```

use std::sync::Arc;

use lunette_frame::Size;

use super::console::{ConsoleInfo, ConsoleNumber, UiInfo};
use super::pixels::Pool;
use super::store::Store;

/// What an output is known to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Power {
    /// Whoever was here before us may have enabled it.
    Unknown,
    Off,
    On(Size),
}

/// One output.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) console: ConsoleNumber,
    /// What it is a head of.
    pub(super) device: Arc<str>,
    pub(super) initial: Size,
    pub(super) power: Power,
    /// Whether QEMU has been told anything since we know it.
    pub(super) told: bool,
    /// Whether the monitor was last claimed to be a millimetre wider than it should be.
    widened: bool,
    /// A size that is being switched to.
    pub(super) coming: Option<Size>,
    /// The size that pictures are kept for.
    pub(super) drawn: Option<Size>,
    pub(super) store: Option<Arc<Store>>,
}

impl Output {
    pub(super) fn new(console: &ConsoleInfo) -> Self {
        let (console, device, initial) = (console.number, console.device.as_str().into(), console.size);
        Self {
            console,
            device,
            initial,
            power: Power::Unknown,
            told: false,
            widened: false,
            coming: None,
            drawn: None,
            store: None,
        }
    }

    /// Bytes that its pictures take, or are going to.
    pub(super) fn claimed(&self) -> u64 {
        let enabled = match self.power {
            Power::On(size) => Some(size),
            Power::Unknown | Power::Off => None,
        };
        [enabled, self.coming, self.drawn].into_iter().flatten().map(Pool::bytes).max().unwrap_or(0)
    }

    pub(super) fn turn_off(&mut self) {
        self.power = Power::Off;
        self.forget();
    }

    pub(super) fn forget(&mut self) {
        if let Some(store) = self.store.take() {
            store.end();
        }
        (self.coming, self.drawn) = (None, None);
    }

    /// What to tell QEMU so that it shows `size`, or nothing: never quite what it was told before, since QEMU ignores
    /// what it knows, and the guest may have missed that.
    pub(super) fn ui_info(&mut self, size: Option<Size>) -> UiInfo {
        let Some(size) = size else {
            // An output that was never told anything may show something all the same, and zeros are nothing new to it.
            let width_mm = u16::from(!self.told);
            return UiInfo { width_mm, height_mm: 0, size: Size::new(0, 0) };
        };
        self.widened = self.power == Power::On(size) && !self.widened;
        let width_mm = millimetres(size.width) + u16::from(self.widened);
        UiInfo { width_mm, height_mm: millimetres(size.height), size }
    }

    /// The size that it shows, as far as is known; the machine's console always shows something.
    pub(super) fn shown(&self, is_console: bool) -> Option<Size> {
        let shown = self.store.as_ref().and_then(|store| store.glance().shown);
        match self.power {
            Power::On(size) => Some(size),
            Power::Unknown if is_console => shown.or(Some(self.initial)),
            Power::Unknown => shown,
            Power::Off => None,
        }
    }
}

/// Pixels in millimetres at 96 per inch.
fn millimetres(pixels: u32) -> u16 {
    u16::try_from(pixels.saturating_mul(254) / 960).unwrap_or(u16::MAX)
}
