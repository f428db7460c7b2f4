//! `org.qemu.Display1.Listener`: what QEMU tells about one console.

use lunette_frame::{Rect, Size};
use zbus::message::Body;

use crate::CursorShape;

/// The interface's name.
pub(super) const INTERFACE: &str = "org.qemu.Display1.Listener";

/// Largest pointer, on a side. A virtio-gpu has one of 64.
const MAX_CURSOR: u32 = 512;

/// A rectangle as QEMU sends it, which may lie anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: i32,
    pub(super) height: i32,
}

impl Area {
    /// The part inside a picture.
    pub(super) fn clip(self, size: Size) -> Option<Rect> {
        let side = |start: i32, len: i32, limit: u32| {
            let end = i64::from(start) + i64::from(len);
            let (start, end) = (i64::from(start).max(0), end.min(limit.into()));
            let len = u32::try_from(end - start).ok().filter(|len| *len > 0)?;
            Some((u32::try_from(start).ok()?, len))
        };
        let (x, width) = side(self.x, self.width, size.width)?;
        let (y, height) = side(self.y, self.height, size.height)?;
        Some(Rect::new(x, y, width, height))
    }
}

/// Pixels in a message.
#[derive(Debug)]
pub(super) struct Plain<'a> {
    pub(super) size: Size,
    pub(super) stride: u32,
    pub(super) format: u32,
    pub(super) data: &'a [u8],
}

/// New pixels for a part of the picture.
#[derive(Debug)]
pub(super) struct PlainUpdate<'a> {
    pub(super) area: Area,
    /// The pixels; their size is the area's.
    pub(super) plain: Plain<'a>,
}

/// A call of the interface.
#[derive(Debug)]
pub(super) enum ListenerCall<'a> {
    Scanout(Plain<'a>),
    Update(PlainUpdate<'a>),
    Disable,
    MouseSet { x: i32, y: i32, visible: bool },
    CursorDefine(CursorShape),
    Dmabuf,
}

/// Reads a call; `None` when there is no such method.
///
/// # Errors
/// When its arguments are not those of the method.
pub(super) fn decode<'a>(method: &str, body: &'a Body) -> zbus::Result<Option<ListenerCall<'a>>> {
    Ok(Some(match method {
        "Scanout" => {
            let (width, height, stride, format, data) = body.deserialize()?;
            ListenerCall::Scanout(Plain { size: Size::new(width, height), stride, format, data })
        }
        "Update" => {
            let (x, y, width, height, stride, format, data) = body.deserialize()?;
            let side = |side: i32| u32::try_from(side).unwrap_or(0);
            let plain = Plain { size: Size::new(side(width), side(height)), stride, format, data };
            ListenerCall::Update(PlainUpdate { area: Area { x, y, width, height }, plain })
        }
        "Disable" => ListenerCall::Disable,
        "MouseSet" => {
            let (x, y, on): (i32, i32, i32) = body.deserialize()?;
            ListenerCall::MouseSet { x, y, visible: on != 0 }
        }
        "CursorDefine" => ListenerCall::CursorDefine(cursor(body)?),
        "ScanoutDMABUF" | "UpdateDMABUF" => ListenerCall::Dmabuf,
        _ => return Ok(None),
    }))
}

fn cursor(body: &Body) -> zbus::Result<CursorShape> {
    let (width, height, hot_x, hot_y, data): (i32, i32, i32, i32, &[u8]) = body.deserialize()?;
    let side = |side: i32| u32::try_from(side).ok().filter(|side| (1..=MAX_CURSOR).contains(side));
    let size = side(width).zip(side(height)).map(|(width, height)| Size::new(width, height));
    match size {
        Some(size) if size.area() * 4 == data.len() as u64 => {
            Ok(CursorShape { size, hot_x, hot_y, pixels: data.to_vec() })
        }
        _ => Err(zbus::Error::Failure(format!("no pointer: {width}x{height} in {} bytes", data.len()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size::new(100, 50);

    fn clip(x: i32, y: i32, width: i32, height: i32) -> Option<Rect> {
        Area { x, y, width, height }.clip(SIZE)
    }

    #[test]
    fn areas_are_clipped_to_the_picture() {
        assert_eq!(clip(0, 0, 100, 50), Some(SIZE.bounds()));
        assert_eq!(clip(-10, -10, 20, 20), Some(Rect::new(0, 0, 10, 10)));
        assert_eq!(clip(90, 40, i32::MAX, i32::MAX), Some(Rect::new(90, 40, 10, 10)));
        assert_eq!(clip(i32::MIN, 0, i32::MAX, 10), None);
        assert_eq!(clip(100, 0, 10, 10), None);
        assert_eq!(clip(0, 0, -5, 10), None);
        assert_eq!(clip(0, 0, 0, 10), None);
    }
}
