//! What every source does.

use lunette_frame::{Damage, PictureRef, Pts};

use crate::Cursor;
use crate::qemu_dbus::Fault;

/// A picture as captured, borrowed from its source until the next poll.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// The whole picture.
    pub picture: PictureRef<'a>,
    /// What may differ from the picture that was polled before; never too little.
    pub damage: &'a Damage,
    /// When it was captured.
    pub captured: Pts,
    /// Number of the frame in its source: a gap tells of frames that were replaced before anybody polled.
    pub number: u64,
}

/// What a poll finds.
#[derive(Debug)]
pub enum Polled<'a> {
    /// A picture that was not polled before.
    Frame(Frame<'a>),
    /// Nothing yet; poll again at this time, or when the doorbell rings.
    NotBefore(Pts),
    /// Nothing until the doorbell rings.
    Idle,
    /// The scanout was disabled, and will deliver nothing any more.
    Ended,
}

/// Pictures of one scanout, polled by one pipeline thread.
pub trait Source: Send {
    /// The newest picture, or when to look again. `now` is [`crate::now`]'s time.
    ///
    /// # Errors
    /// When the source cannot go on; the pipeline closes it then, and may open it anew.
    fn poll(&mut self, now: Pts) -> Result<Polled<'_>, SourceError>;

    /// The pointer that the machine draws beside the picture; `None` where there is no such thing.
    fn cursor(&self) -> Option<Cursor> {
        None
    }

    /// Rings the doorbell from now on when the pointer moves or changes, too.
    fn follow_cursor(&mut self) {}
}

/// Why a source cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The replayed file could not be read.
    #[error("cannot read frame {frame} of the replayed file")]
    Replay {
        /// Which frame, from 0.
        frame: u64,
        /// What the system said.
        source: std::io::Error,
    },
    /// The machine's pictures cannot be captured.
    #[error("the machine's pictures cannot be captured")]
    Machine(#[from] Fault),
    /// The picture is not one.
    #[error("the source has no valid picture")]
    Picture(#[from] lunette_frame::PictureError),
}
