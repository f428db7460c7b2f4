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
    /// None: there is no input.
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
    open_sink(kind, session).map(|(sink, _)| sink)
}

/// A sink, and the GNOME session behind it if there is one.
pub(crate) type Opened = (Box<dyn InputSink>, Option<Gnome>);

pub(crate) fn open_sink(kind: Option<&SinkKind>, session: &Session) -> Result<Opened, SinkError> {
    match kind {
        Some(SinkKind::Socket(path)) => open_socket(path, session),
        Some(SinkKind::Wlroots) => open_wlroots(session),
        Some(SinkKind::Gnome) => open_gnome(session),
        Some(SinkKind::None) => Err(SinkError::NoSink("it is switched off".into())),
        None => detect(session),
    }
}

type Attempt = fn(&Session) -> Result<Opened, SinkError>;

fn detect(session: &Session) -> Result<Opened, SinkError> {
    let attempts: [(&str, Attempt); 3] =
        [("GNOME", open_gnome), ("wlroots", open_wlroots), ("input socket", open_found_socket)];
    let mut reasons = Vec::new();
    for (name, attempt) in attempts {
        match attempt(session) {
            Ok(opened) => return Ok(opened),
            Err(error) => reasons.push(format!("{name}: {error}")),
        }
    }
    Err(SinkError::NoSink(reasons.join("; ")))
}

fn open_gnome(session: &Session) -> Result<Opened, SinkError> {
    let gnome = Gnome::open(session.bus.as_deref())?;
    Ok((Box::new(gnome.sink()), Some(gnome)))
}

fn open_found_socket(session: &Session) -> Result<Opened, SinkError> {
    let path = session.input_socket.as_deref().filter(|path| path.exists());
    let path = path.ok_or_else(|| SinkError::unavailable("the input socket", "there is none"))?;
    open_socket(path, session)
}

fn open_wlroots(session: &Session) -> Result<Opened, SinkError> {
    Ok((Box::new(wlroots(session)?), None))
}

fn wlroots(session: &Session) -> Result<WlrootsSink, SinkError> {
    let display = session.display.clone();
    let display = display.ok_or_else(|| SinkError::unavailable("the compositor", "its socket is not known"))?;
    WlrootsSink::open(display, WlrootsOptions { output: session.output.clone() })
}

/// A socket's devices have the compositor's layout; a virtual keyboard beside them types what that layout lacks.
fn open_socket(path: &Path, session: &Session) -> Result<Opened, SinkError> {
    let pointer = SocketSink::connect(path)?;
    match wlroots(session) {
        Ok(text) => Ok((Box::new(Combined { pointer, text }), None)),
        Err(error) => {
            tracing::info!(%error, "the input socket types American characters only");
            Ok((Box::new(pointer), None))
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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use lunette_input_events::{KeyCode, Keysym};

    use super::*;

    /// Notes what it gets under its name; one without keys refuses keysyms.
    struct Noting {
        name: &'static str,
        notes: Arc<Mutex<Vec<String>>>,
        has_keys: bool,
    }

    impl InputSink for Noting {
        fn send(&mut self, event: &Event) -> Result<(), SinkError> {
            if !self.has_keys && matches!(event, Event::Keysym { .. } | Event::Text(_)) {
                return Err(SinkError::CannotType { sink: self.name, wanted: "it".into(), reason: "no key" });
            }
            self.notes.lock().unwrap().push(format!("{} {event:?}", self.name));
            Ok(())
        }

        fn flush(&mut self) -> Result<(), SinkError> {
            self.notes.lock().unwrap().push(format!("{} flush", self.name));
            Ok(())
        }

        fn set_picture_size(&mut self, _: Size) {}

        fn name(&self) -> &'static str {
            self.name
        }

        fn can_type_unicode(&self) -> bool {
            self.has_keys
        }
    }

    fn told(has_keys: bool, event: &Event) -> Vec<String> {
        let notes = Arc::default();
        let sink = |name, has_keys| Noting { name, notes: Arc::clone(&notes), has_keys };
        let mut combined = Combined { pointer: sink("devices", has_keys), text: sink("text", true) };
        combined.send(event).unwrap();
        notes.lock().unwrap().clone()
    }

    #[test]
    fn text_waits_for_what_the_devices_were_told_before() {
        let text = told(true, &Event::Text("a".into()));
        assert_eq!(text, ["devices flush", "text Text(\"a\")", "text flush"]);
    }

    #[test]
    fn keysyms_go_to_the_devices_that_have_their_keys() {
        let keysym = Event::Keysym { keysym: Keysym(0xdf), down: true };
        assert!(told(true, &keysym)[0].starts_with("devices Keysym"));
        assert!(told(false, &keysym)[1].starts_with("text Keysym"));
        assert!(told(false, &Event::Key { code: KeyCode(30), down: true })[0].starts_with("devices Key"));
    }

    #[test]
    fn a_session_without_any_sink_says_why_for_each() {
        let session = Session { bus: Some("unix:path=/nonexistent".into()), ..Session::default() };
        let error = open(None, &session).err().unwrap().to_string();
        for part in ["GNOME: ", "wlroots: ", "input socket: the input socket is unavailable: there is none"] {
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_sink_that_is_switched_off_says_so() {
        let error = open(Some(&SinkKind::None), &Session::default()).err().unwrap().to_string();
        assert!(error.contains("switched off"), "{error}");
    }
}
