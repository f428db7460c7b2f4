//! One connection, and what it is for.

use std::io::ErrorKind;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::Timespec;
use wayland_client::backend::WaylandError;
use wayland_client::protocol::wl_callback::{self, WlCallback};
use wayland_client::protocol::wl_registry::{self, WlRegistry};
use wayland_client::{Connection, Dispatch, DispatchError, EventQueue, Proxy, QueueHandle};

use super::Display;
use crate::SessionError;

/// The compositor, in errors.
pub(crate) const COMPOSITOR: &str = "the compositor";
/// A compositor that does not answer within this hangs.
pub(crate) const ANSWER: Duration = Duration::from_secs(5);

pub(crate) type Handle<P> = QueueHandle<Link<P>>;

/// The job of a connection. It outlives connections: [`Part::bind`] begins one, [`Part::unbind`] ends it.
pub(crate) trait Part: Send + Sized + 'static {
    /// What it can be told.
    type Command: Send + 'static;
    /// The thread's name.
    const NAME: &'static str;

    /// Takes what it needs from what the compositor has.
    fn bind(&mut self, globals: &Globals, handle: &Handle<Self>) -> Result<(), SessionError>;
    /// Does what it is told.
    fn handle(&mut self, command: Self::Command, handle: &Handle<Self>);
    /// Tells whoever sent the command that it was not done.
    fn refuse(command: Self::Command, error: &SessionError);
    /// The connection is lost.
    fn unbind(&mut self, error: &SessionError);
    /// The last words to the compositor.
    fn close(&mut self) {}
    /// When it wants to go on by itself. No command comes before that.
    fn due(&self) -> Option<Instant> {
        None
    }
    /// Goes on.
    fn tick(&mut self) {}
}

/// What the compositor has.
#[derive(Debug)]
pub(crate) struct Globals {
    registry: WlRegistry,
    list: Vec<Global>,
}

#[derive(Debug)]
struct Global {
    name: u32,
    interface: String,
    version: u32,
}

impl Globals {
    /// Binds the first of its kind, at most at this version.
    pub(crate) fn bind<I, P>(&self, version: u32, handle: &Handle<P>) -> Option<I>
    where
        I: Proxy + 'static,
        P: Part,
        Link<P>: Dispatch<I, ()>,
    {
        self.bind_all(version, handle).next()
    }

    /// Binds all of its kind, each when it is taken.
    pub(crate) fn bind_all<'a, I, P>(&'a self, version: u32, handle: &'a Handle<P>) -> impl Iterator<Item = I> + 'a
    where
        I: Proxy + 'static,
        P: Part,
        Link<P>: Dispatch<I, ()>,
    {
        let wanted = I::interface().name;
        self.list
            .iter()
            .filter(move |global| global.interface == wanted)
            .map(move |global| self.registry.bind(global.name, version.min(global.version), handle, ()))
    }

    /// Binds the first of its kind, or says that the compositor lacks it.
    pub(crate) fn need<I, P>(&self, what: &'static str, version: u32, handle: &Handle<P>) -> Result<I, SessionError>
    where
        I: Proxy + 'static,
        P: Part,
        Link<P>: Dispatch<I, ()>,
    {
        let lacking = || SessionError::unavailable(what, format!("the compositor has no {}", I::interface().name));
        self.bind(version, handle).ok_or_else(lacking)
    }
}

/// What events are dispatched to.
#[derive(Debug)]
pub(crate) struct Link<P> {
    pub(crate) part: P,
    globals: Globals,
    /// Questions that the compositor answered, of those that were only asked to know how far it is.
    answered: u32,
}

/// A connection that is in use.
pub(crate) struct Wire<'a, P> {
    connection: Connection,
    queue: EventQueue<Link<P>>,
    link: &'a mut Option<Link<P>>,
    asked: u32,
}

impl<'a, P: Part> Wire<'a, P>
where
    Link<P>: Dispatch<WlRegistry, ()> + Dispatch<WlCallback, ()>,
{
    /// Connects and binds. The part is back in `part` when that fails, and when the wire is [`Wire::close`]d.
    pub(crate) fn open(display: &Display, part: P, link: &'a mut Option<Link<P>>) -> Result<Self, (P, SessionError)> {
        let connection = match connect(display) {
            Ok(connection) => connection,
            Err(error) => return Err((part, error)),
        };
        let queue = connection.new_event_queue();
        let registry = connection.display().get_registry(&queue.handle(), ());
        *link = Some(Link { part, globals: Globals { registry, list: Vec::new() }, answered: 0 });
        let mut wire = Self { connection, queue, link, asked: 0 };
        match wire.begin() {
            Ok(()) => Ok(wire),
            Err(error) => Err((wire.close(), error)),
        }
    }

    fn begin(&mut self) -> Result<(), SessionError> {
        self.roundtrip()?;
        let handle = self.queue.handle();
        let link = self.link();
        link.part.bind(&link.globals, &handle)?;
        // What was bound tells about itself, and that may make the part ask for more.
        self.roundtrip()?;
        self.roundtrip()
    }

    fn link(&mut self) -> &mut Link<P> {
        self.link.as_mut().expect("the link is there as long as the wire")
    }

    pub(crate) fn part(&mut self) -> &mut P {
        &mut self.link().part
    }

    pub(crate) fn command(&mut self, command: P::Command) {
        let handle = self.queue.handle();
        self.part().handle(command, &handle);
    }

    pub(crate) fn close(self) -> P {
        let Self { link, .. } = self;
        link.take().expect("the link is there as long as the wire").part
    }

    /// Waits until the compositor has done all that it was told.
    pub(crate) fn roundtrip(&mut self) -> Result<(), SessionError> {
        let deadline = Instant::now() + ANSWER;
        self.connection.display().sync(&self.queue.handle(), ());
        self.asked = self.asked.wrapping_add(1);
        while self.link().answered != self.asked {
            if Instant::now() >= deadline {
                return Err(SessionError::Late { what: COMPOSITOR, limit: ANSWER });
            }
            self.step(None, Some(deadline))?;
        }
        Ok(())
    }

    /// Writes what is to be written, then waits for the compositor, for `wake`, or until the deadline.
    pub(crate) fn step(&mut self, wake: Option<BorrowedFd<'_>>, until: Option<Instant>) -> Result<(), SessionError> {
        let link = self.link.as_mut().expect("the link is there as long as the wire");
        if self.queue.dispatch_pending(link).map_err(gone)? > 0 {
            return Ok(());
        }
        let mut wanted = PollFlags::IN;
        if !self.flush()? {
            wanted |= PollFlags::OUT;
        }
        let Some(guard) = self.queue.prepare_read() else { return Ok(()) };
        let is_readable = {
            let fd = guard.connection_fd();
            let mut fds = vec![PollFd::from_borrowed_fd(fd, wanted)];
            fds.extend(wake.map(|wake| PollFd::from_borrowed_fd(wake, PollFlags::IN)));
            match poll(&mut fds, timeout(until).as_ref()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(SessionError::system("cannot wait for the compositor", error)),
            }
            fds[0].revents().intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR)
        };
        if is_readable {
            match guard.read() {
                Ok(_) => {}
                Err(WaylandError::Io(error)) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(gone(error.into())),
            }
        }
        let link = self.link.as_mut().expect("the link is there as long as the wire");
        self.queue.dispatch_pending(link).map(drop).map_err(gone)
    }

    /// Whether everything is written.
    pub(crate) fn flush(&self) -> Result<bool, SessionError> {
        match self.connection.flush() {
            Ok(()) => Ok(true),
            Err(WaylandError::Io(error)) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(gone(error.into())),
        }
    }
}

fn connect(display: &Display) -> Result<Connection, SessionError> {
    let failed = |reason: String| SessionError::Connect { what: COMPOSITOR, path: display.path().into(), reason };
    let stream = UnixStream::connect(display.path()).map_err(|error| failed(error.to_string()))?;
    Connection::from_socket(stream).map_err(|error| failed(error.to_string()))
}

fn gone(error: DispatchError) -> SessionError {
    match error {
        DispatchError::Backend(WaylandError::Io(error)) => SessionError::gone(COMPOSITOR, error.to_string()),
        DispatchError::Backend(WaylandError::Protocol(error)) => SessionError::refused(COMPOSITOR, error.to_string()),
        other => SessionError::gone(COMPOSITOR, other.to_string()),
    }
}

fn timeout(until: Option<Instant>) -> Option<Timespec> {
    let left = until?.saturating_duration_since(Instant::now());
    Timespec::try_from(left).ok()
}

impl<P> AsFd for Wire<'_, P> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.queue.as_fd()
    }
}

impl<P: Part> Dispatch<WlRegistry, ()> for Link<P> {
    fn event(
        link: &mut Self,
        _: &WlRegistry,
        event: wl_registry::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        match event {
            wl_registry::Event::Global { name, interface, version } => {
                link.globals.list.push(Global { name, interface, version });
            }
            wl_registry::Event::GlobalRemove { name } => link.globals.list.retain(|global| global.name != name),
            _ => {}
        }
    }
}

impl<P: Part> Dispatch<WlCallback, ()> for Link<P> {
    fn event(
        link: &mut Self,
        _: &WlCallback,
        event: wl_callback::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let wl_callback::Event::Done { .. } = event {
            link.answered = link.answered.wrapping_add(1);
        }
    }
}
