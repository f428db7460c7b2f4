//! All of a session at once.

use crate::sink::open_sink;
use crate::{Applications, Clipboard, InputSink, Session, SinkError, SinkKind, Windows};

/// What can be done with a session. A part that the session lacks says so when it is used.
pub struct Desktop {
    /// Where input goes, or why it cannot.
    pub sink: Result<Box<dyn InputSink>, SinkError>,
    /// Its clipboard.
    pub clipboard: Clipboard,
    /// Its windows and workspaces.
    pub windows: Windows,
    /// The applications that are installed.
    pub applications: Applications,
}

impl Desktop {
    /// Opens what the session has. In GNOME, input and clipboard share one session with Mutter. Blocks for some seconds
    /// at most.
    #[must_use]
    pub fn open(kind: Option<&SinkKind>, session: &Session) -> Self {
        let opened = open_sink(kind, session);
        let clipboard = match &opened {
            Ok((_, Some(gnome))) => Clipboard::of_gnome(gnome.clone()),
            _ => Clipboard::open(session),
        };
        let windows = Windows::open(session);
        Self { sink: opened.map(|(sink, _)| sink), clipboard, windows, applications: Applications::from_environment() }
    }
}
