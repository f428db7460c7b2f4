//! Sizes and timings that a connector offers.

use lunette_frame::Size;

use crate::raw::{self, ModeInfo};

/// A mode as the kernel offered it. To a card with [`crate::Card::enable_atomic`] it says more than others accept back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode(pub(crate) ModeInfo);

impl Mode {
    /// Pixels that it shows.
    #[must_use]
    pub fn size(&self) -> Size {
        Size::new(u32::from(self.0.hdisplay), u32::from(self.0.vdisplay))
    }

    /// Pictures per second, rounded by the kernel.
    #[must_use]
    pub fn refresh_hz(&self) -> u32 {
        self.0.vrefresh
    }

    /// The kernel's name for it, such as `1920x1080`.
    #[must_use]
    pub fn name(&self) -> String {
        raw::text(&self.0.name)
    }

    /// Whether the screen asks for it.
    #[must_use]
    pub fn is_preferred(&self) -> bool {
        self.0.kind & raw::MODE_TYPE_PREFERRED != 0
    }
}
