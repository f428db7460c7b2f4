//! The display's objects: the machine and its consoles.

use std::io::Write;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::runtime::Handle;
use zbus::connection::Builder;
use zbus::{Connection, Guid, interface};

use super::listener::FakeListener;

const CONSOLES: u32 = 16;

/// One call of SetUIInfo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UiInfo {
    pub(crate) console: u32,
    pub(crate) width_mm: u16,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// What the connections of a fake have in common.
pub(crate) struct Shared {
    pub(crate) handle: Handle,
    pub(crate) crashed: AtomicBool,
    pub(crate) silent: AtomicBool,
    pub(crate) ui_infos: Mutex<Vec<(Instant, UiInfo)>>,
    listeners: Mutex<Sender<FakeListener>>,
    sockets: Mutex<Vec<UnixStream>>,
    monitor: Mutex<Option<UnixStream>>,
    connections: Mutex<Vec<Connection>>,
}

impl Shared {
    pub(crate) fn new(handle: Handle) -> (Arc<Self>, Receiver<FakeListener>) {
        let (listeners, receiver) = channel();
        let shared = Self {
            handle,
            crashed: AtomicBool::new(false),
            silent: AtomicBool::new(false),
            ui_infos: Mutex::default(),
            listeners: Mutex::new(listeners),
            sockets: Mutex::default(),
            monitor: Mutex::default(),
            connections: Mutex::default(),
        };
        (Arc::new(shared), receiver)
    }

    /// A monitor's client, who gets the events from now on.
    pub(crate) fn adopt(&self, monitor: UnixStream) {
        *self.monitor.lock().expect("no panic") = Some(monitor);
    }

    pub(crate) fn event(&self, name: &str) {
        let event = format!(r#"{{"event":"{name}","data":{{}},"timestamp":{{"seconds":1,"microseconds":1}}}}"#);
        let mut monitor = self.monitor.lock().expect("no panic");
        writeln!(monitor.as_mut().expect("a client"), "{event}").expect("a client");
    }

    pub(crate) fn hang_up(&self) {
        let monitor = self.monitor.lock().expect("no panic").take();
        for socket in self.sockets.lock().expect("no panic").drain(..).chain(monitor) {
            let _ = socket.shutdown(Shutdown::Both);
        }
        self.connections.lock().expect("no panic").clear();
    }

    fn keep(&self, socket: &UnixStream) {
        self.sockets.lock().expect("no panic").push(socket.try_clone().expect("a descriptor"));
    }
}

/// Serves the display on a socket.
pub(crate) fn serve_display(socket: OwnedFd, shared: &Arc<Shared>) {
    let socket = UnixStream::from(socket);
    shared.keep(&socket);
    let shared = Arc::clone(shared);
    shared.handle.clone().spawn(async move {
        let mut builder = Builder::unix_stream(socket).server(Guid::generate()).p2p();
        builder = builder.serve_at("/org/qemu/Display1/VM", Vm);
        for number in 0..CONSOLES {
            let console = Console { number, shared: Arc::clone(&shared) };
            builder = builder.serve_at(format!("/org/qemu/Display1/Console_{number}"), console);
        }
        if let Ok(connection) = builder.build().await {
            shared.connections.lock().expect("no panic").push(connection);
        }
    });
}

struct Vm;

#[interface(name = "org.qemu.Display1.VM")]
impl Vm {
    #[zbus(property, name = "ConsoleIDs")]
    fn console_ids(&self) -> Vec<u32> {
        (0..CONSOLES).collect()
    }
}

struct Console {
    number: u32,
    shared: Arc<Shared>,
}

#[interface(name = "org.qemu.Display1.Console")]
impl Console {
    async fn register_listener(&self, socket: zbus::OwnedFd) {
        let socket = UnixStream::from(OwnedFd::from(socket));
        self.shared.keep(&socket);
        let (shared, console) = (Arc::clone(&self.shared), self.number);
        tokio::spawn(async move {
            if let Some(listener) = FakeListener::greet(socket, console, shared.handle.clone()).await {
                let _ = shared.listeners.lock().expect("no panic").send(listener);
            }
        });
    }

    #[zbus(name = "SetUIInfo")]
    async fn set_ui_info(&self, width_mm: u16, _height_mm: u16, _x: i32, _y: i32, width: u32, height: u32) {
        let info = UiInfo { console: self.number, width_mm, width, height };
        self.shared.ui_infos.lock().expect("no panic").push((Instant::now(), info));
        if self.shared.silent.load(SeqCst) {
            std::future::pending::<()>().await;
        }
    }

    #[zbus(property)]
    fn head(&self) -> u32 {
        self.number
    }

    #[zbus(property, name = "Type")]
    fn kind(&self) -> &str {
        "Graphic"
    }

    #[zbus(property)]
    fn width(&self) -> u32 {
        1280
    }

    #[zbus(property)]
    fn height(&self) -> u32 {
        800
    }

    #[zbus(property)]
    fn device_address(&self) -> &str {
        "pci/0000/01.0"
    }
}
