//! A leased output and the buffers that are shown on it in turn.

mod atomic;
mod legacy;

use std::os::fd::{AsFd, BorrowedFd};
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

use lunette_frame::{Rect, Size};
use lunette_sys_kms::{Card, Connector, FlipEvents, Framebuffer, KmsError, Mode, ObjectId, Output, Probe};
use rustix::io::Errno;

use crate::Canvas;
use atomic::AtomicOutput;
use legacy::LegacyOutput;

/// Time between two looks for the mode.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// How pages are flipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// Properties that are set together; the kernel learns what changed.
    Atomic,
    /// `SETCRTC` and `PAGE_FLIP`, which always mean the whole picture.
    Legacy,
}

impl Api {
    /// Its name, as in `--mode`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Atomic => "atomic",
            Self::Legacy => "legacy",
        }
    }
}

impl FromStr for Api {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Atomic, Self::Legacy]
            .into_iter()
            .find(|api| api.as_str() == text)
            .ok_or_else(|| format!("`{text}` is neither atomic nor legacy"))
    }
}

/// A screen that cannot show anything (more).
#[derive(Debug, thiserror::Error)]
pub enum ScreenError {
    /// The lease holds no connector with a CRTC and a primary plane.
    #[error("the lease holds no whole output {0}")]
    NoOutput(String),
    /// The host did not offer the size.
    #[error("{connector} offers no mode of {size} within {limit:?}; it offers {offered}")]
    NoMode {
        /// The connector.
        connector: String,
        /// What was wanted.
        size: Size,
        /// How long it was waited for.
        limit: Duration,
        /// What there is.
        offered: String,
    },
    /// The lease was taken back.
    #[error("the lease was taken back")]
    Revoked(#[source] KmsError),
    /// The kernel refused.
    #[error("the screen cannot be used")]
    Kms(#[source] KmsError),
}

/// One output, its mode and a ring of buffers.
#[derive(Debug)]
pub struct Screen {
    // Before the card, so that buffers are unregistered while there is a lease.
    buffers: Vec<Framebuffer>,
    flipping: Flipping,
    mode: Mode,
    card: Card,
}

#[derive(Debug)]
enum Flipping {
    Atomic(AtomicOutput),
    Legacy(LegacyOutput),
}

impl Screen {
    /// Finds the leased connector, waits for a mode of exactly `size` and allocates `buffers` buffers.
    ///
    /// # Errors
    /// When the lease is of no use, or the mode does not come within `limit`.
    pub fn open(
        card: Card,
        connector: &str,
        size: Size,
        api: Api,
        buffers: u32,
        limit: Duration,
    ) -> Result<Self, ScreenError> {
        match api {
            Api::Atomic => card.enable_atomic(),
            Api::Legacy => card.enable_universal_planes(),
        }
        .map_err(|error| classify(&card, error))?;
        let output = find(&card, connector)?;
        let mode = await_mode(&card, &output, size, limit)?;
        let prepare = || -> Result<_, KmsError> {
            let buffers = (0..buffers).map(|_| card.create_framebuffer(size)).collect::<Result<_, _>>()?;
            let flipping = match api {
                Api::Atomic => Flipping::Atomic(AtomicOutput::new(&card, &output, size)?),
                Api::Legacy => Flipping::Legacy(LegacyOutput::new(&output)),
            };
            Ok((buffers, flipping))
        };
        let (buffers, flipping) = prepare().map_err(|error| classify(&card, error))?;
        Ok(Self { buffers, flipping, mode, card })
    }

    /// What the lease holds.
    #[must_use]
    pub fn leased_objects(&self) -> Vec<ObjectId> {
        Card::leased_objects(self.card.as_fd()).unwrap_or_default()
    }

    /// How it is shown.
    #[must_use]
    pub fn mode(&self) -> &Mode {
        &self.mode
    }

    /// Where a frame is painted.
    pub fn canvas(&mut self, frame: u64) -> Canvas<'_> {
        let index = self.index(frame);
        let buffer = &mut self.buffers[index];
        let stride = buffer.stride();
        Canvas { pixels: buffer.pixels_mut(), stride }
    }

    /// Sets the mode and shows a frame; returns when it is shown.
    ///
    /// # Errors
    /// When the lease is gone or the mode does not work.
    pub fn light(&mut self, frame: u64) -> Result<(), ScreenError> {
        let buffer = self.buffers[self.index(frame)].id();
        match &mut self.flipping {
            Flipping::Atomic(output) => output.light(&self.card, buffer, &self.mode),
            Flipping::Legacy(output) => output.light(&self.card, buffer, &self.mode),
        }
        .map_err(|error| classify(&self.card, error))
    }

    /// Shows another frame; an event with its number says when that is done.
    ///
    /// # Errors
    /// When the lease is gone.
    pub fn flip(&mut self, frame: u64, damage: &[Rect]) -> Result<(), ScreenError> {
        let buffer = self.buffers[self.index(frame)].id();
        match &mut self.flipping {
            Flipping::Atomic(output) => output.flip(&self.card, buffer, damage, frame),
            Flipping::Legacy(output) => output.flip(&self.card, buffer, frame),
        }
        .map_err(|error| classify(&self.card, error))
    }

    /// The flips that were done by now.
    ///
    /// # Errors
    /// When the descriptor is none of a card.
    pub fn flips(&self) -> Result<FlipEvents, ScreenError> {
        self.card.read_events(Duration::ZERO).map_err(|error| classify(&self.card, error))
    }

    fn index(&self, frame: u64) -> usize {
        usize::try_from(frame % self.buffers.len() as u64).unwrap_or(0)
    }
}

impl AsFd for Screen {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.card.as_fd()
    }
}

fn find(card: &Card, connector: &str) -> Result<Output, ScreenError> {
    let outputs = card.outputs().map_err(|error| classify(card, error))?;
    let found = outputs.into_iter().find(|output| output.name == connector);
    found.ok_or_else(|| ScreenError::NoOutput(connector.to_owned()))
}

/// Looks until the host's new size has reached the kernel. Nobody else looks at a leased connector.
fn await_mode(card: &Card, output: &Output, size: Size, limit: Duration) -> Result<Mode, ScreenError> {
    let until = Instant::now() + limit;
    loop {
        let connector =
            card.connector_probed(output.connector, Probe::Forced).map_err(|error| classify(card, error))?;
        if let Some(mode) = connector.mode(size).filter(|_| connector.is_connected()) {
            return Ok(*mode);
        }
        if Instant::now() >= until {
            let (offered, connector) = (offer(&connector), connector.name);
            return Err(ScreenError::NoMode { connector, size, limit, offered });
        }
        thread::sleep(LOOK_AGAIN);
    }
}

fn offer(connector: &Connector) -> String {
    match connector.preferred_mode() {
        Some(mode) if connector.is_connected() => {
            format!("{} modes, {} preferred", connector.modes.len(), mode.size())
        }
        _ => "nothing: it is not connected".to_owned(),
    }
}

/// Tells a lease that was taken back from a fault: its objects are gone, or nothing may be set any more.
fn classify(card: &Card, error: KmsError) -> ScreenError {
    let emptied = || Card::leased_objects(card.as_fd()).is_ok_and(|objects| objects.is_empty());
    match error.errno() {
        Some(Errno::ACCESS | Errno::NOENT) => ScreenError::Revoked(error),
        Some(Errno::INVAL) if emptied() => ScreenError::Revoked(error),
        _ => ScreenError::Kms(error),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_descriptor_of_something_else_is_no_screen() {
        let null = Card::open(Path::new("/dev/null")).unwrap();
        let limit = Duration::from_secs(1);
        let outcome = Screen::open(null, "Virtual-1", Size::new(640, 480), Api::Atomic, 2, limit);
        assert!(matches!(outcome, Err(ScreenError::Kms(error)) if error.errno() == Some(Errno::NOTTY)));
    }

    #[test]
    fn apis_have_names() {
        for api in [Api::Atomic, Api::Legacy] {
            assert_eq!(api.as_str().parse(), Ok(api));
        }
        assert!("Atomic".parse::<Api>().is_err());
    }
}
