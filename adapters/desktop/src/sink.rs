//! Where input events go.

use std::env;
use std::path::{Path, PathBuf};

use lunette_frame::Size;
use lunette_input_events::Event;

use crate::gnome::Gnome;
use crate::socket::SocketSink;
use crate::wlroots::{WlrootsOptions, WlrootsSink};
use crate::{Display, SinkError};

/// Something that makes input events happen in a session.
pub trait InputSink: Send {
    /// Makes it happen, soon. Events happen in the order in which they are sent.
    ///
    /// # Errors
    /// When it will not happen. A lost compositor is looked for by the sink itself: later events may succeed.
    fn send(&mut self, event: &Event) -> Result<(), SinkError>;

    /// Waits until what was sent has reached the compositor; seconds at most.
    ///
    /// # Errors
    /// When some of it did not.
    fn flush(&mut self) -> Result<(), SinkError>;

    /// Tells the size of the picture that positions are fractions of.
    fn set_picture_size(&mut self, size: Size);

    /// Which sink it is, for people.
    fn name(&self) -> &'static str;

    /// Whether a text may have any character.
    fn can_type_unicode(&self) -> bool;
}

/// Which sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SinkKind {
    /// The input socket of the desktop's launcher, behind which are devices of the kernel.
    Socket(PathBuf),
    /// Virtual pointer and keyboard of sway, labwc, cage and their like.
    Wlroots,
    /// Mutter's remote desktop interface.
    Gnome,
    /// None: every event is refused.
    None,
}

/// What the environment says about the session.
#[derive(Debug, Clone, Default)]
pub struct Session {
    /// The compositor's socket.
    pub display: Option<Display>,
    /// The session bus. `None` is the one of the environment.
    pub bus: Option<String>,
    /// The launcher's input socket.
    pub input_socket: Option<PathBuf>,
    /// The output that the picture shows, where there are several.
    pub output: Option<String>,
    /// Sway's own socket.
    pub sway_socket: Option<PathBuf>,
}

/// The input socket's name in `XDG_RUNTIME_DIR`.
const INPUT_SOCKET: &str = "helix-input.sock";

impl Session {
    /// What the environment's variables say.
    #[must_use]
    pub fn from_environment() -> Self {
        let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        Self {
            display: Display::from_environment().ok(),
            bus: None,
            input_socket: runtime.map(|folder| folder.join(INPUT_SOCKET)),
            output: None,
            sway_socket: env::var_os("SWAYSOCK").map(PathBuf::from),
        }
    }
}

/// Opens a sink: this one, or the best that the session has.
///
/// GNOME is known by its bus name, then wlroots by what the compositor offers, then the launcher by its socket.
///
/// # Errors
/// When this one, or any, cannot be opened; then the error says why each of them cannot.
pub fn open(kind: Option<&SinkKind>, session: &Session) -> Result<Box<dyn InputSink>, SinkError> {
    match kind {
        Some(SinkKind::Socket(path)) => open_socket(path, session),
        Some(SinkKind::Wlroots) => open_wlroots(session),
        Some(SinkKind::Gnome) => open_gnome(session),
        Some(SinkKind::None) => Ok(Box::new(NoSink)),
        None => detect(session),
    }
}

type Attempt = fn(&Session) -> Result<Box<dyn InputSink>, SinkError>;

fn detect(session: &Session) -> Result<Box<dyn InputSink>, SinkError> {
    let attempts: [(&str, Attempt); 3] =
        [("GNOME", open_gnome), ("wlroots", open_wlroots), ("input socket", open_found_socket)];
    let mut reasons = Vec::new();
    for (name, attempt) in attempts {
        match attempt(session) {
            Ok(sink) => return Ok(sink),
            Err(error) => reasons.push(format!("{name}: {error}")),
        }
    }
    Err(SinkError::NoSink(reasons.join("; ")))
}

fn open_gnome(session: &Session) -> Result<Box<dyn InputSink>, SinkError> {
    Ok(Box::new(Gnome::open(session.bus.as_deref())?.sink()))
}

fn open_found_socket(session: &Session) -> Result<Box<dyn InputSink>, SinkError> {
    let path = session.input_socket.as_deref().filter(|path| path.exists());
    let path = path.ok_or_else(|| SinkError::unavailable("the input socket", "there is none"))?;
    open_socket(path, session)
}

fn open_wlroots(session: &Session) -> Result<Box<dyn InputSink>, SinkError> {
    Ok(Box::new(wlroots(session)?))
}

fn wlroots(session: &Session) -> Result<WlrootsSink, SinkError> {
    let display = session.display.clone();
    let display = display.ok_or_else(|| SinkError::unavailable("the compositor", "its socket is not known"))?;
    WlrootsSink::open(display, WlrootsOptions { output: session.output.clone() })
}

/// A socket's devices have the compositor's layout; a virtual keyboard beside them types what that layout lacks.
fn open_socket(path: &Path, session: &Session) -> Result<Box<dyn InputSink>, SinkError> {
    let pointer = SocketSink::connect(path)?;
    match wlroots(session) {
        Ok(text) => Ok(Box::new(Combined { pointer, text })),
        Err(error) => {
            tracing::info!(%error, "the input socket types American characters only");
            Ok(Box::new(pointer))
        }
    }
}

/// Devices of the kernel for all but text.
#[derive(Debug)]
pub struct Combined<P, T> {
    /// Where everything else goes.
    pub pointer: P,
    /// Where texts go, and keysyms that the other has no key for.
    pub text: T,
}

impl<P: InputSink, T: InputSink> Combined<P, T> {
    fn type_text(&mut self, event: &Event) -> Result<(), SinkError> {
        // Two ways keep no order by themselves.
        self.pointer.flush()?;
        self.text.send(event)?;
        self.text.flush()
    }
}

impl<P: InputSink, T: InputSink> InputSink for Combined<P, T> {
    fn send(&mut self, event: &Event) -> Result<(), SinkError> {
        match event {
            Event::Text(_) => self.type_text(event),
            // With the modifiers that are held there, as long as that keyboard has the key.
            Event::Keysym { .. } | Event::Tap { .. } => match self.pointer.send(event) {
                Err(SinkError::CannotType { .. }) => self.type_text(event),
                sent => sent,
            },
            _ => self.pointer.send(event),
        }
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.pointer.flush()?;
        self.text.flush()
    }

    fn set_picture_size(&mut self, size: Size) {
        self.pointer.set_picture_size(size);
        self.text.set_picture_size(size);
    }

    fn name(&self) -> &'static str {
        "input socket and virtual keyboard"
    }

    fn can_type_unicode(&self) -> bool {
        self.text.can_type_unicode()
    }
}

/// Refuses everything.
#[derive(Debug)]
struct NoSink;

impl InputSink for NoSink {
    fn send(&mut self, _: &Event) -> Result<(), SinkError> {
        Err(SinkError::NoSink("it is switched off".into()))
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    fn set_picture_size(&mut self, _: Size) {}

    fn name(&self) -> &'static str {
        "none"
    }

    fn can_type_unicode(&self) -> bool {
        false
    }
}
