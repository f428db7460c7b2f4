//! `org.qemu.Display1.Listener.Unix.Map`: pictures in memory shared with QEMU.

use std::os::fd::OwnedFd;

use lunette_frame::Size;
use zbus::message::Body;

use super::listener::Area;

/// The interface's name.
pub(super) const INTERFACE: &str = "org.qemu.Display1.Listener.Unix.Map";

/// A picture in shared memory.
#[derive(Debug)]
pub(super) struct MappedPicture {
    pub(super) memory: OwnedFd,
    pub(super) offset: u32,
    pub(super) size: Size,
    pub(super) stride: u32,
    pub(super) format: u32,
}

/// A call of the interface.
#[derive(Debug)]
pub(super) enum MapCall {
    Scanout(MappedPicture),
    Update(Area),
}

/// Reads a call; `None` when there is no such method.
///
/// # Errors
/// When its arguments are not those of the method.
pub(super) fn decode(method: &str, body: &Body) -> zbus::Result<Option<MapCall>> {
    Ok(Some(match method {
        "ScanoutMap" => {
            let (memory, offset, width, height, stride, format): (zbus::OwnedFd, u32, u32, u32, u32, u32) =
                body.deserialize()?;
            let size = Size::new(width, height);
            MapCall::Scanout(MappedPicture { memory: memory.into(), offset, size, stride, format })
        }
        "UpdateMap" => {
            let (x, y, width, height) = body.deserialize()?;
            MapCall::Update(Area { x, y, width, height })
        }
        _ => return Ok(None),
    }))
}
