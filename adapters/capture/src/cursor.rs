//! The pointer, as far as a machine draws it beside the picture.

use std::sync::Arc;

use lunette_frame::Size;

/// What a pointer looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorShape {
    /// Its size.
    pub size: Size,
    /// The pixel that points, from the left edge; may lie outside.
    pub hot_x: i32,
    /// The pixel that points, from the top edge; may lie outside.
    pub hot_y: i32,
    /// Four bytes per pixel, blue first, then green, red and alpha, without padding.
    pub pixels: Vec<u8>,
}

/// A pointer that is not part of the picture. Moving it makes no new picture, and rings the doorbell only of who
/// follows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cursor {
    /// What it looks like; `None` until the machine has said so.
    pub shape: Option<Arc<CursorShape>>,
    /// Where it points, from the left edge of the picture.
    pub x: i32,
    /// Where it points, from the top edge of the picture.
    pub y: i32,
    /// Whether it is shown.
    pub visible: bool,
    /// Counts every change of any of these.
    pub changes: u64,
}
