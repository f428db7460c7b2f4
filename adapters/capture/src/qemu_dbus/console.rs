//! `org.qemu.Display1.Console`: one output of the machine, as QEMU offers it.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use lunette_frame::Size;
use zbus::{Fd, OwnedVariant, Variant};

use super::error::QemuError;
use super::link::Display;

const INTERFACE: &str = "org.qemu.Display1.Console";

/// QEMU's number of a console, as in its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ConsoleNumber(pub(super) u32);

/// What a monitor that is plugged into a console claims to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UiInfo {
    pub(super) width_mm: u16,
    pub(super) height_mm: u16,
    /// Zero by zero unplugs it.
    pub(super) size: Size,
}

/// What a console says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ConsoleInfo {
    pub(super) number: ConsoleNumber,
    pub(super) head: u32,
    pub(super) device: String,
    pub(super) is_graphic: bool,
    pub(super) size: Size,
}

/// One console.
#[derive(Debug, Clone)]
pub(super) struct Console {
    display: Arc<Display>,
    number: ConsoleNumber,
}

impl Console {
    pub(super) fn new(display: Arc<Display>, number: ConsoleNumber) -> Self {
        Self { display, number }
    }

    fn path(&self) -> String {
        format!("/org/qemu/Display1/Console_{}", self.number.0)
    }

    /// Gives QEMU a socket to tell about this console.
    pub(super) async fn register_listener(&self, socket: OwnedFd) -> Result<(), QemuError> {
        let socket = Fd::from(socket);
        self.display.call(&self.path(), INTERFACE, "RegisterListener", &socket).await.map(drop)
    }

    /// Plugs a monitor in, changes or unplugs it.
    pub(super) async fn set_ui_info(&self, info: UiInfo) -> Result<(), QemuError> {
        let UiInfo { width_mm, height_mm, size } = info;
        let arguments = (width_mm, height_mm, 0_i32, 0_i32, size.width, size.height);
        self.display.call(&self.path(), INTERFACE, "SetUIInfo", &arguments).await.map(drop)
    }

    /// Asks for what there is to know.
    pub(super) async fn info(&self) -> Result<ConsoleInfo, QemuError> {
        let all = self.display.call(&self.path(), super::properties::INTERFACE, "GetAll", &INTERFACE).await?;
        let wrong = || QemuError::Answer { method: "GetAll", wanted: "a console's properties" };
        let body = all.body();
        let all: HashMap<String, OwnedVariant> = body.deserialize().map_err(|_| wrong())?;
        let number = |name: &str| match all.get(name).map(|value| &**value) {
            Some(Variant::U32(number)) => Ok(*number),
            _ => Err(wrong()),
        };
        let text = |name: &str| match all.get(name).map(|value| &**value) {
            Some(Variant::Str(text)) => Some(text.as_str()),
            _ => None,
        };
        Ok(ConsoleInfo {
            number: self.number,
            head: number("Head")?,
            device: text("DeviceAddress").unwrap_or_default().to_owned(),
            is_graphic: text("Type") == Some("Graphic"),
            size: Size::new(number("Width")?, number("Height")?),
        })
    }
}
