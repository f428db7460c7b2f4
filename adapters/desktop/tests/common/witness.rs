//! A client that covers the screen and tells what its pointer does.

use std::fs::File;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use lunette_desktop_session::{Display, InputSink};
use lunette_input_events::{Event, Fraction, PointerButton};
use rustix::fs::{MemfdFlags, memfd_create};
use wayland_client::globals::{GlobalListContents, registry_queue_init};
use wayland_client::protocol::wl_buffer::WlBuffer;
use wayland_client::protocol::wl_compositor::WlCompositor;
use wayland_client::protocol::wl_pointer::{self, Axis, AxisSource, ButtonState, WlPointer};
use wayland_client::protocol::wl_registry::{self, WlRegistry};
use wayland_client::protocol::wl_seat::{self, Capability, WlSeat};
use wayland_client::protocol::wl_shm::{Format, WlShm};
use wayland_client::protocol::wl_shm_pool::WlShmPool;
use wayland_client::protocol::wl_surface::WlSurface;
use wayland_client::{Connection, Dispatch, QueueHandle, WEnum, delegate_noop};
use wayland_protocols::xdg::shell::client::xdg_surface::{self, XdgSurface};
use wayland_protocols::xdg::shell::client::xdg_toplevel::{self, XdgToplevel};
use wayland_protocols::xdg::shell::client::xdg_wm_base::{self, XdgWmBase};

use super::LIMIT;

/// What the pointer did, in the client's own units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Seen {
    At(f64, f64),
    Button(u32, bool),
    Source(AxisSource),
    Axis(Axis, f64),
    Steps(Axis, i32),
    Stop,
}

pub(crate) struct Witness {
    seen: Receiver<Seen>,
    connection: Connection,
    thread: Option<JoinHandle<()>>,
}

impl Witness {
    /// Covers the screen.
    pub(crate) fn show(display: &Display) -> Result<Self> {
        let connection = Connection::from_socket(UnixStream::connect(display.path())?)?;
        let (globals, mut queue) = registry_queue_init::<Client>(&connection)?;
        let handle = queue.handle();
        let compositor: WlCompositor = globals.bind(&handle, 4..=4, ())?;
        let shell: XdgWmBase = globals.bind(&handle, 1..=1, ())?;
        let shm: WlShm = globals.bind(&handle, 1..=1, ())?;
        let _seat: WlSeat = globals.bind(&handle, 5..=7, ())?;
        let surface = compositor.create_surface(&handle, ());
        let xdg = shell.get_xdg_surface(&surface, &handle, ());
        let toplevel = xdg.get_toplevel(&handle, ());
        toplevel.set_app_id("witness".into());
        toplevel.set_fullscreen(None);
        surface.commit();
        let (tell, seen) = mpsc::channel();
        let mut client = Client { tell, shm, surface, size: (0, 0), at: (0.0, 0.0), is_shown: false };
        while !client.is_shown {
            queue.blocking_dispatch(&mut client)?;
        }
        let thread = thread::spawn(move || while queue.blocking_dispatch(&mut client).is_ok() {});
        Ok(Self { seen, connection, thread: Some(thread) })
    }

    /// Waits until it sees what the pointer does: it learns of the pointer, and the pointer of it, in its own time.
    pub(crate) fn settle(&self, sink: &mut impl InputSink) -> Result<()> {
        let deadline = Instant::now() + LIMIT;
        let mut step = 0.4;
        while !self.sees(sink, PointerButton::SIDE, step)? {
            ensure!(Instant::now() < deadline, "the client does not see the pointer");
            step += 0.001;
        }
        // What was late is behind it.
        ensure!(self.sees(sink, PointerButton::EXTRA, 0.5)?, "the client sees the pointer no more");
        Ok(())
    }

    fn sees(&self, sink: &mut impl InputSink, button: PointerButton, at: f64) -> Result<bool> {
        let at = Fraction::new(at).unwrap();
        sink.send(&Event::MoveTo { x: at, y: at })?;
        for down in [true, false] {
            sink.send(&Event::Button { button, down })?;
        }
        sink.flush()?;
        while let Ok(seen) = self.seen.recv_timeout(Duration::from_millis(200)) {
            if seen == Seen::Button(button.0.into(), false) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The next thing that is seen.
    pub(crate) fn next(&self) -> Result<Seen> {
        self.seen.recv_timeout(Duration::from_secs(10)).context("the client sees nothing")
    }

    /// The next thing that is seen and wanted.
    pub(crate) fn find<T>(&self, mut wanted: impl FnMut(Seen) -> Option<T>) -> Result<T> {
        loop {
            if let Some(found) = wanted(self.next()?) {
                return Ok(found);
            }
        }
    }

    /// What is seen until the button goes up.
    pub(crate) fn until_release(&self) -> Result<Vec<Seen>> {
        let mut all = Vec::new();
        loop {
            match self.next()? {
                Seen::Button(_, false) => return Ok(all),
                seen => all.push(seen),
            }
        }
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        // Ends the thread, which waits for the compositor.
        let fd = self.connection.backend().poll_fd().try_clone_to_owned();
        if let Ok(fd) = fd {
            let _ = rustix::net::shutdown(&fd, rustix::net::Shutdown::Both);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Client {
    tell: mpsc::Sender<Seen>,
    shm: WlShm,
    surface: WlSurface,
    size: (i32, i32),
    at: (f64, f64),
    is_shown: bool,
}

impl Client {
    fn tell(&self, seen: Seen) {
        let _ = self.tell.send(seen);
    }

    fn draw(&self, handle: &QueueHandle<Self>) {
        // Sway says how large it is to be after it has shown something.
        let (width, height) = (self.size.0.max(1), self.size.1.max(1));
        let memory = File::from(memfd_create("witness", MemfdFlags::CLOEXEC).unwrap());
        memory.set_len(u64::try_from(width * height * 4).unwrap()).unwrap();
        let pool = self.shm.create_pool(memory.as_fd(), width * height * 4, handle, ());
        let buffer = pool.create_buffer(0, width, height, width * 4, Format::Xrgb8888, handle, ());
        self.surface.attach(Some(&buffer), 0, 0);
        self.surface.damage(0, 0, width, height);
        self.surface.commit();
    }
}

impl Dispatch<XdgToplevel, ()> for Client {
    fn event(
        client: &mut Self,
        _: &XdgToplevel,
        event: xdg_toplevel::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let xdg_toplevel::Event::Configure { width, height, .. } = event {
            client.size = (width, height);
        }
    }
}

impl Dispatch<XdgSurface, ()> for Client {
    fn event(
        client: &mut Self,
        surface: &XdgSurface,
        event: xdg_surface::Event,
        (): &(),
        _: &Connection,
        handle: &QueueHandle<Self>,
    ) {
        if let xdg_surface::Event::Configure { serial } = event {
            surface.ack_configure(serial);
            client.draw(handle);
            client.is_shown = client.size.0 > 0;
        }
    }
}

impl Dispatch<XdgWmBase, ()> for Client {
    fn event(
        _: &mut Self,
        shell: &XdgWmBase,
        event: xdg_wm_base::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let xdg_wm_base::Event::Ping { serial } = event {
            shell.pong(serial);
        }
    }
}

impl Dispatch<WlSeat, ()> for Client {
    fn event(_: &mut Self, seat: &WlSeat, event: wl_seat::Event, (): &(), _: &Connection, handle: &QueueHandle<Self>) {
        if let wl_seat::Event::Capabilities { capabilities: WEnum::Value(capabilities) } = event
            && capabilities.contains(Capability::Pointer)
        {
            seat.get_pointer(handle, ());
        }
    }
}

impl Dispatch<WlPointer, ()> for Client {
    fn event(
        client: &mut Self,
        _: &WlPointer,
        event: wl_pointer::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        match event {
            wl_pointer::Event::Enter { surface_x: x, surface_y: y, .. }
            | wl_pointer::Event::Motion { surface_x: x, surface_y: y, .. } => {
                client.at = (x, y);
                client.tell(Seen::At(x, y));
            }
            wl_pointer::Event::Button { button, state: WEnum::Value(state), .. } => {
                client.tell(Seen::Button(button, state == ButtonState::Pressed));
            }
            wl_pointer::Event::AxisSource { axis_source: WEnum::Value(source) } => client.tell(Seen::Source(source)),
            wl_pointer::Event::Axis { axis: WEnum::Value(axis), value, .. } => client.tell(Seen::Axis(axis, value)),
            wl_pointer::Event::AxisDiscrete { axis: WEnum::Value(axis), discrete } => {
                client.tell(Seen::Steps(axis, discrete));
            }
            wl_pointer::Event::AxisStop { .. } => client.tell(Seen::Stop),
            _ => {}
        }
    }
}

impl Dispatch<WlRegistry, GlobalListContents> for Client {
    fn event(
        _: &mut Self,
        _: &WlRegistry,
        _: wl_registry::Event,
        _: &GlobalListContents,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
    }
}

delegate_noop!(Client: WlCompositor);
delegate_noop!(Client: ignore WlSurface);
delegate_noop!(Client: ignore WlShm);
delegate_noop!(Client: WlShmPool);
delegate_noop!(Client: ignore WlBuffer);
