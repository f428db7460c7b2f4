//! QEMU's side of a listener's connection.

use std::collections::HashMap;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use zbus::connection::Builder;
use zbus::message::Flags;
use zbus::{Connection, DynamicType, Fd, Guid, Message, OwnedVariant};

use super::{LIMIT, SharedPicture};

const PATH: &str = "/org/qemu/Display1/Listener";
const PLAIN: &str = "org.qemu.Display1.Listener";
const MAP: &str = "org.qemu.Display1.Listener.Unix.Map";

/// Calls what QEMU would call, and waits for the answer.
pub(crate) struct FakeListener {
    pub(crate) console: u32,
    /// What the listener says about itself.
    pub(crate) properties: HashMap<String, OwnedVariant>,
    connection: Connection,
    handle: Handle,
}

impl FakeListener {
    /// Takes up a connection as QEMU does: the first thing it asks for are all properties.
    pub(crate) async fn greet(socket: UnixStream, console: u32, handle: Handle) -> Option<Self> {
        let connection = Builder::unix_stream(socket).server(Guid::generate()).p2p().build().await.ok()?;
        let all = connection.call_method(None::<&str>, PATH, Some("org.freedesktop.DBus.Properties"), "GetAll", &PLAIN);
        let properties = all.await.ok()?.body().deserialize().ok()?;
        Some(Self { console, properties, connection, handle })
    }

    fn call<B>(&self, interface: &str, method: &str, body: &B) -> zbus::Result<Duration>
    where
        B: serde::Serialize + DynamicType + Sync,
    {
        let start = Instant::now();
        let call = self.connection.call_method(None::<&str>, PATH, Some(interface), method, body);
        let answer = self.handle.block_on(async { tokio::time::timeout(LIMIT, call).await });
        answer.expect("an answer in time").map(|_| start.elapsed())
    }

    /// Whether shared pictures are offered, and nothing else beyond plain ones.
    pub(crate) fn offers_only_maps(&self) -> bool {
        format!("{:?}", self.properties.get("Interfaces")).matches("Display1").count() == 1
            && format!("{:?}", self.properties.get("Interfaces")).contains(MAP)
    }

    pub(crate) fn scanout_map(&self, picture: &SharedPicture) -> zbus::Result<Duration> {
        let SharedPicture { offset, width, height, stride, format, .. } = *picture;
        self.call(MAP, "ScanoutMap", &(Fd::from(picture.descriptor()), offset, width, height, stride, format))
    }

    pub(crate) fn update_map(&self, x: i32, y: i32, width: i32, height: i32) -> zbus::Result<Duration> {
        self.call(MAP, "UpdateMap", &(x, y, width, height))
    }

    /// Sends updates in one go, without waiting for answers, as QEMU does.
    pub(crate) fn update_map_at_once(&self, areas: &[(i32, i32, i32, i32)]) {
        let message = |area: &(i32, i32, i32, i32)| {
            let call = Message::method_call(PATH, "UpdateMap").interface(MAP).with_flags(Flags::NO_REPLY_EXPECTED);
            call.build(area).expect("a message")
        };
        let messages: Vec<_> = areas.iter().map(message).collect();
        self.handle.block_on(self.connection.send_all(&messages)).expect("a listener");
    }

    pub(crate) fn scanout(&self, picture: &SharedPicture) -> zbus::Result<Duration> {
        let SharedPicture { width, height, stride, format, .. } = *picture;
        self.call(PLAIN, "Scanout", &(width, height, stride, format, picture.bytes()))
    }

    pub(crate) fn update(&self, x: i32, y: i32, part: &SharedPicture) -> zbus::Result<Duration> {
        let side = |side: u32| i32::try_from(side).expect("a small picture");
        let area = (x, y, side(part.width), side(part.height));
        self.call(PLAIN, "Update", &(area.0, area.1, area.2, area.3, part.stride, part.format, part.bytes()))
    }

    pub(crate) fn scanout_dmabuf(&self, picture: &SharedPicture) -> zbus::Result<Duration> {
        let SharedPicture { width, height, stride, .. } = *picture;
        let arguments = (Fd::from(picture.descriptor()), width, height, stride, 0x3432_5258_u32, 0_u64, true);
        self.call(PLAIN, "ScanoutDMABUF", &arguments)
    }

    pub(crate) fn mouse_set(&self, x: i32, y: i32, on: i32) -> zbus::Result<Duration> {
        self.call(PLAIN, "MouseSet", &(x, y, on))
    }

    pub(crate) fn cursor_define(&self, width: i32, height: i32, pixels: &[u8]) -> zbus::Result<Duration> {
        self.call(PLAIN, "CursorDefine", &(width, height, 1_i32, 2_i32, pixels))
    }

    /// Calls something that is not there.
    pub(crate) fn nonsense(&self) -> zbus::Result<Duration> {
        self.call("org.qemu.Display1.Listener.Nonsense", "Scanout", &(1_u8, "x"))
    }

    /// Calls a method with arguments that are not its own.
    pub(crate) fn wrong_arguments(&self, method: &str) -> zbus::Result<Duration> {
        let interface = if method.ends_with("Map") { MAP } else { PLAIN };
        self.call(interface, method, &("not", "this"))
    }

    /// Waits until the other side has ended the connection; `false` when it does not.
    pub(crate) fn is_dropped(&self) -> bool {
        self.handle.block_on(async { tokio::time::timeout(LIMIT, self.connection.closed()).await }).is_ok()
    }

    /// Ends the connection.
    pub(crate) fn close(self) {
        let _ = self.handle.block_on(self.connection.close());
    }
}
