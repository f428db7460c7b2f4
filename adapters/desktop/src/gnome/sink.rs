//! The sink's side of the session.

use std::sync::mpsc::sync_channel;
use std::time::Duration;

use lunette_frame::Size;
use lunette_input_events::Event;

use super::{Command, Gnome, MUTTER};
use crate::{InputSink, SessionError, SinkError};

/// A text of the greatest length takes a few seconds to type.
const FLUSH: Duration = Duration::from_secs(30);

/// Input to a GNOME session.
#[derive(Debug, Clone)]
pub struct GnomeSink {
    gnome: Gnome,
    size: Option<Size>,
}

impl GnomeSink {
    pub(super) const fn new(gnome: Gnome) -> Self {
        Self { gnome, size: None }
    }

    /// The session that it belongs to.
    #[must_use]
    pub const fn session(&self) -> &Gnome {
        &self.gnome
    }
}

impl InputSink for GnomeSink {
    fn send(&mut self, event: &Event) -> Result<(), SinkError> {
        self.gnome.send(Command::Event { event: event.clone(), size: self.size })
    }

    /// An event that Mutter refused since the last time is an error here.
    fn flush(&mut self) -> Result<(), SinkError> {
        let (answer, answered) = sync_channel(1);
        self.gnome.send(Command::Report(answer))?;
        answered.recv_timeout(FLUSH).unwrap_or(Err(SessionError::Late { what: MUTTER, limit: FLUSH }))
    }

    fn set_picture_size(&mut self, size: Size) {
        self.size = Some(size);
    }

    fn name(&self) -> &'static str {
        "GNOME"
    }

    fn can_type_unicode(&self) -> bool {
        true
    }
}
