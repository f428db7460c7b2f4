//! What everything in this program shares.

use std::sync::Arc;
use std::time::Instant;

use lunette_frame::Size;
use lunette_input_events::Patience;
use lunette_session::ViewerLimits;
use lunette_viewer::{Closing, Desk, LatenessMeter, Lounge};
use tokio::sync::watch;

use crate::access::Gate;
use crate::cli::Args;
use crate::sink::{SinkState, SinkThread};
use crate::source::{self, Source};

/// The size that places are told in before there is a picture.
const BEFORE_A_PICTURE: Size = Size::new(1920, 1080);

/// One desktop.
pub struct Bridge {
    /// What its viewers share.
    pub desk: Desk,
    /// Who may come in.
    pub gate: Gate,
    /// Where input goes, and how that is doing.
    pub sink: Arc<SinkState>,
    /// When this program started.
    pub started: Instant,
}

impl Bridge {
    /// Puts together what the flags ask for. Nothing is waited for.
    ///
    /// # Errors
    /// When the flags ask for something that cannot be.
    pub fn new(args: &Args, gate: Gate, closing: Closing) -> anyhow::Result<Self> {
        let Source { video, mode } = source::open(args)?;
        let sink = SinkThread::start(args)?;
        let size = video.facts().size.unwrap_or(BEFORE_A_PICTURE);
        let lounge = Lounge::new(size, Patience::default(), sink.events);
        let lateness = Arc::new(LatenessMeter::default());
        let limits = ViewerLimits::default();
        let desk = Desk { lounge, video, mode, clipboard: false, lateness, closing, limits };
        Ok(Self { desk, gate, sink: sink.state, started: Instant::now() })
    }

    /// What goes on beside requests, for ever.
    pub async fn run(&self) {
        let lounge = Arc::clone(&self.desk.lounge);
        let asked = move || !lounge.presence().is_empty();
        let keep_time = Arc::clone(&self.desk.lounge).keep_time();
        tokio::join!(keep_time, Arc::clone(&self.desk.lateness).run(asked));
    }
}

/// Both ends of "the server is about to end".
#[must_use]
pub fn closing() -> (watch::Sender<bool>, Closing) {
    watch::channel(false)
}
