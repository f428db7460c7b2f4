//! What the desktop's clipboard holds.
//!
//! ```text
//!   set ──▶ Content, …  ──offered as MIME types──▶ compositor ──asks──▶ a thread per reader, with a limit
//!   get ◀── Content ◀──pipe (2 s, 16 MiB)── whoever copied        Change: a number, and what there is
//! ```

mod board;
mod content;
mod data_control;
mod transfer;

use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

use self::board::{Board, Command};
pub use self::content::{Change, Content, Kind};
pub(crate) use self::content::{change, choose, forms};
pub(crate) use self::transfer::{read, write};
use crate::gnome::Gnome;
use crate::sink::Session;
use crate::wayland::Owner;
use crate::{Display, SessionError};

pub(crate) const CLIPBOARD: &str = "the clipboard";
/// Largest content in bytes.
pub const LARGEST: usize = 16 << 20;
/// Whoever copied has so long to hand it over.
pub(crate) const READ: Duration = Duration::from_secs(2);
const ANSWER: Duration = Duration::from_secs(5);

/// The desktop's clipboard.
#[derive(Debug, Clone)]
pub struct Clipboard {
    way: Way,
}

#[derive(Debug, Clone)]
enum Way {
    DataControl { owner: Owner<Board>, changes: watch::Receiver<Change> },
    Gnome(Gnome),
    Unavailable { why: SessionError, changes: watch::Sender<Change> },
}

impl Clipboard {
    /// Opens the session's clipboard, one way or another. A session without one has a clipboard that says why.
    #[must_use]
    pub fn open(session: &Session) -> Self {
        let data_control = match &session.display {
            Some(display) => Self::data_control(display.clone()),
            None => Err(SessionError::unavailable(CLIPBOARD, "the compositor's socket is not known")),
        };
        let way = data_control.or_else(|first| match Gnome::open(session.bus.as_deref()) {
            Ok(gnome) => Ok(Way::Gnome(gnome)),
            Err(second) => Err(SessionError::unavailable(CLIPBOARD, format!("{first}; {second}"))),
        });
        let unavailable = |why| Way::Unavailable { why, changes: watch::Sender::default() };
        Self { way: way.unwrap_or_else(unavailable) }
    }

    /// The clipboard of a GNOME session that is open already.
    #[must_use]
    pub const fn of_gnome(gnome: Gnome) -> Self {
        Self { way: Way::Gnome(gnome) }
    }

    fn data_control(display: Display) -> Result<Way, SessionError> {
        let (tell, changes) = watch::channel(Change::default());
        Ok(Way::DataControl { owner: Owner::spawn(display, Board::new(tell))?, changes })
    }

    /// Why there is none, if there is none.
    #[must_use]
    pub const fn unavailable(&self) -> Option<&SessionError> {
        match &self.way {
            Way::Unavailable { why, .. } => Some(why),
            _ => None,
        }
    }

    /// What the clipboard holds, in this form; `None` when it does not have it.
    ///
    /// # Errors
    /// When there is no clipboard, or whoever copied does not hand it over in time or has too much.
    pub async fn get(&self, kind: Kind) -> Result<Option<Content>, SessionError> {
        let transfer = match &self.way {
            Way::DataControl { owner, .. } => ask(|answer| owner.send(Command::Receive { kind, answer })).await?,
            Way::Gnome(gnome) => gnome.read_clipboard(kind).await?,
            Way::Unavailable { why, .. } => return Err(why.clone()),
        };
        match transfer {
            Some(pipe) => Content::decode(kind, read(pipe, READ, LARGEST).await?).map(Some),
            None => Ok(None),
        }
    }

    /// Puts something into the clipboard, in one form or several.
    ///
    /// # Errors
    /// When there is no clipboard, or it is too large.
    pub async fn set(&self, contents: Vec<Content>) -> Result<(), SessionError> {
        if contents.iter().map(Content::len).sum::<usize>() > LARGEST {
            return Err(SessionError::TooLarge { what: CLIPBOARD, limit: LARGEST });
        }
        match &self.way {
            Way::DataControl { owner, .. } => {
                ask(|answer| owner.send(Command::Set { contents, answer })).await?;
                // Once the compositor has it, whoever pastes gets it, and not what was there before.
                let owner = owner.clone();
                let taken = tokio::task::spawn_blocking(move || owner.flush(ANSWER)).await;
                taken.map_err(|error| SessionError::gone(CLIPBOARD, error.to_string()))?
            }
            Way::Gnome(gnome) => gnome.set_clipboard(contents).await,
            Way::Unavailable { why, .. } => Err(why.clone()),
        }
    }

    /// Tells of each change.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<Change> {
        match &self.way {
            Way::DataControl { changes, .. } => changes.clone(),
            Way::Gnome(gnome) => gnome.clipboard_changes(),
            Way::Unavailable { changes, .. } => changes.subscribe(),
        }
    }
}

/// Sends a command that has an answer, and waits for that.
pub(crate) async fn ask<T>(
    send: impl FnOnce(oneshot::Sender<Result<T, SessionError>>) -> Result<(), SessionError>,
) -> Result<T, SessionError> {
    let (answer, answered) = oneshot::channel();
    send(answer)?;
    match timeout(ANSWER, answered).await {
        Ok(Ok(done)) => done,
        Ok(Err(_)) => Err(SessionError::gone("the compositor", "the connection ended meanwhile")),
        Err(_) => Err(SessionError::Late { what: "the compositor", limit: ANSWER }),
    }
}
