//! Synthetic scanouts: known content at a known rate, each frame numbered in the picture itself.
//!
//! ```text
//!   Kind ──▶ Painter (what a frame looks like) ──▶ PatternSource (when there is one) ◀── PatternScreens (which exist)
//! ```

mod font;
mod painter;
mod scenery;
mod screens;
mod source;

use std::str::FromStr;

pub use screens::{PatternConfig, PatternScreens};

/// What a synthetic scanout shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One picture of text that never changes.
    Still,
    /// One character more per frame.
    Typing,
    /// A page of text that moves up by [`Kind::SCROLL_STEP`] rows per frame.
    Scroll,
    /// Two smooth layers that glide over each other: no vector predicts it.
    Video,
    /// Every pixel random in every frame.
    Noise,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Still, Self::Typing, Self::Scroll, Self::Video, Self::Noise];

    /// Rows that a scrolling page moves per frame.
    pub const SCROLL_STEP: u32 = 8;

    /// Its name, as in `--pattern`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Still => "still",
            Self::Typing => "typing",
            Self::Scroll => "scroll",
            Self::Video => "video",
            Self::Noise => "noise",
        }
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = || Self::ALL.map(Self::as_str).join(", ");
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| format!("there is no pattern `{text}`; known: {}", known()))
    }
}
