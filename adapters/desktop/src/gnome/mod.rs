//! A GNOME session: Mutter's remote desktop interface on the session bus.
//!
//! ```text
//!   GnomeSink, Clipboard ──commands (bounded)──▶ thread ─▶ Remote: RemoteDesktop.Session + ScreenCast stream
//!                                                  │ closed by Mutter, or Mutter restarted: a new session, with pauses
//!                                                  └ Selection: what is copied here, what was copied there
//! ```

mod display_config;
mod hands;
mod methods;
mod owner;
mod paste;
mod remote;
mod screen_cast;
mod selection;
mod sink;

use std::os::fd::OwnedFd;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};

use lunette_frame::Size;
use lunette_input_events::Event;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};

pub use self::sink::GnomeSink;
use crate::SessionError;
use crate::clipboard::{Change, Content, Kind, ask};

pub(crate) const MUTTER: &str = "GNOME's compositor";
/// Commands that wait. One more is refused.
const WAITING: usize = 4096;

/// How characters are typed that an American keyboard does not have. Mutter has keys for those of its current layout
/// only: version 43 drops the others, answers as if it had typed them, and writes "No keycode found" into its log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unicode {
    /// The text is put into the clipboard for a moment, and pasted with Ctrl+V: right in all but terminals.
    #[default]
    Paste,
    /// The same with Ctrl+Shift+V: right in terminals, and where that pastes plain text.
    PasteInTerminal,
    /// Ctrl+Shift+U, the character's number, Enter: right in programs made with GTK, terminals of GNOME included.
    Number,
    /// Such a text is refused.
    Refuse,
}

type Answer<T> = oneshot::Sender<Result<T, SessionError>>;

/// What the session's thread is told.
#[derive(Debug)]
enum Command {
    Event { event: Event, size: Option<Size> },
    Unicode(Unicode),
    Report(SyncSender<Result<(), SessionError>>),
    Read { kind: Kind, answer: Answer<Option<OwnedFd>> },
    Set { contents: Vec<Content>, answer: Answer<()> },
}

impl Command {
    fn refuse(self, error: &SessionError) {
        match self {
            Self::Event { event, .. } => tracing::debug!(?event, %error, "an input event is lost with the session"),
            Self::Unicode(_) => {}
            Self::Report(answer) => drop(answer.send(Err(error.clone()))),
            Self::Read { answer, .. } => drop(answer.send(Err(error.clone()))),
            Self::Set { answer, .. } => drop(answer.send(Err(error.clone()))),
        }
    }
}

/// A remote desktop session in GNOME. It ends with the last of its handles.
#[derive(Debug, Clone)]
pub struct Gnome {
    commands: mpsc::Sender<Command>,
    shared: Arc<Shared>,
    changes: watch::Receiver<Change>,
}

/// Behind a lock because whoever sends a command must not wait for the thread to say it.
#[derive(Debug, Default)]
struct Shared(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Why there is no session.
    lost: Option<SessionError>,
    /// The first error since it was last asked for.
    failed: Option<SessionError>,
}

impl Shared {
    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn fail(&self, error: SessionError) {
        self.with(|state| {
            state.failed.get_or_insert(error);
        });
    }
}

impl Gnome {
    /// Makes a session with the GNOME on this bus, or on the environment's. From then on one that is closed is made
    /// again, with pauses. Blocks for some seconds at most.
    ///
    /// # Errors
    /// When there is no GNOME there.
    pub fn open(bus: Option<&str>) -> Result<Self, SessionError> {
        owner::spawn(bus.map(str::to_owned))
    }

    /// Its keyboard, pointer and touch screen.
    #[must_use]
    pub fn sink(&self) -> GnomeSink {
        GnomeSink::new(self.clone())
    }

    /// How characters are typed that are not on the keyboard.
    ///
    /// # Errors
    /// When the session is gone.
    pub fn set_unicode(&self, unicode: Unicode) -> Result<(), SessionError> {
        self.send(Command::Unicode(unicode))
    }

    fn send(&self, command: Command) -> Result<(), SessionError> {
        if let Some(error) = self.shared.with(|state| state.lost.clone()) {
            return Err(error);
        }
        self.commands.try_send(command).map_err(|error| match error {
            TrySendError::Full(_) => SessionError::Busy(MUTTER),
            TrySendError::Closed(_) => SessionError::gone(MUTTER, "its thread has ended"),
        })
    }

    pub(crate) async fn read_clipboard(&self, kind: Kind) -> Result<Option<OwnedFd>, SessionError> {
        ask(|answer| self.send(Command::Read { kind, answer })).await
    }

    pub(crate) async fn set_clipboard(&self, contents: Vec<Content>) -> Result<(), SessionError> {
        ask(|answer| self.send(Command::Set { contents, answer })).await
    }

    pub(crate) fn clipboard_changes(&self) -> watch::Receiver<Change> {
        self.changes.clone()
    }
}
