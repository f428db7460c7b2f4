//! Input to compositors made with wlroots, and others that speak its protocols: virtual pointer and keyboard.

mod hands;
mod keyboard;
mod output;
mod pointer;

use std::time::Duration;

use lunette_frame::Size;
use lunette_input_events::{Event, Typist};

use self::hands::{Command, Hands};
use crate::wayland::Owner;
use crate::{Display, InputSink, SinkError};

/// A text of the greatest length takes a few seconds to type.
const FLUSH: Duration = Duration::from_secs(30);

/// What the compositor does not say by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WlrootsOptions {
    /// The output that the picture shows, such as `HEADLESS-1`; `None` is all that the compositor shows.
    pub output: Option<String>,
}

/// A virtual pointer and a virtual keyboard.
///
/// There is no virtual touch screen: one finger is a pointer with its main button down, further ones do nothing.
#[derive(Debug)]
pub struct WlrootsSink {
    owner: Owner<Hands>,
    size: Option<Size>,
}

impl WlrootsSink {
    /// Connects to the compositor.
    ///
    /// # Errors
    /// When it is not there, or offers neither protocol.
    pub fn open(display: Display, options: WlrootsOptions) -> Result<Self, SinkError> {
        Ok(Self { owner: Owner::spawn(display, Hands::new(options))?, size: None })
    }
}

impl InputSink for WlrootsSink {
    fn send(&mut self, event: &Event) -> Result<(), SinkError> {
        if matches!(event, Event::Text(_)) {
            Typist::any().handle(event).map_err(|what| keyboard::cannot_type(&what))?;
        }
        self.owner.send(Command { event: event.clone(), size: self.size })
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.owner.flush(FLUSH)
    }

    fn set_picture_size(&mut self, size: Size) {
        self.size = Some(size);
    }

    fn name(&self) -> &'static str {
        "wlroots"
    }

    fn can_type_unicode(&self) -> bool {
        true
    }
}
