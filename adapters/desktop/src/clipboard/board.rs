//! The state behind the clipboard of a Wayland session: what the thread of its connection owns.

use std::os::fd::OwnedFd;

use rustix::pipe::{PipeFlags, pipe_with};
use tokio::sync::{oneshot, watch};
use wayland_client::protocol::wl_seat::WlSeat;

use super::data_control::{ext, wlr};
use super::{CLIPBOARD, Change, Content, Kind, change, choose, forms};
use crate::SessionError;
use crate::wayland::{Globals, Handle, Link, Part};

type Answer<T> = oneshot::Sender<Result<T, SessionError>>;

/// What the clipboard is told.
#[derive(Debug)]
pub(super) enum Command {
    Receive { kind: Kind, answer: Answer<Option<OwnedFd>> },
    Set { contents: Vec<Content>, answer: Answer<()> },
}

/// Whichever protocol the compositor has.
#[derive(Debug)]
pub(super) struct Board {
    tell: watch::Sender<Change>,
    pub(super) ext: Option<ext::Bound>,
    pub(super) wlr: Option<wlr::Bound>,
}

impl Board {
    pub(super) const fn new(tell: watch::Sender<Change>) -> Self {
        Self { tell, ext: None, wlr: None }
    }

    /// Whoever copied offers this now; nothing, when it is gone.
    pub(super) fn changed(&self, types: Vec<String>) {
        change(&self.tell, types);
    }

    fn receive(&self, kind: Kind) -> Result<Option<OwnedFd>, SessionError> {
        let types = match (&self.ext, &self.wlr) {
            (Some(ext), _) => ext.types(),
            (None, Some(wlr)) => wlr.types(),
            (None, None) => return Err(SessionError::unavailable(CLIPBOARD, "it is not bound")),
        };
        let Some(mime) = choose(kind, types) else { return Ok(None) };
        let (reading, writing) = pipe_with(PipeFlags::CLOEXEC)
            .map_err(|error| SessionError::system("cannot make a pipe for the clipboard", error))?;
        match (&self.ext, &self.wlr) {
            (Some(ext), _) => ext.receive(mime, &writing),
            (None, Some(wlr)) => wlr.receive(mime, &writing),
            (None, None) => {}
        }
        Ok(Some(reading))
    }

    fn set(&mut self, contents: Vec<Content>, handle: &Handle<Self>) {
        let forms = forms(contents);
        match (&mut self.ext, &mut self.wlr) {
            (Some(ext), _) => ext.set(forms, handle),
            (None, Some(wlr)) => wlr.set(forms, handle),
            (None, None) => {}
        }
    }
}

impl Part for Board {
    type Command = Command;
    const NAME: &'static str = "clipboard";

    fn bind(&mut self, globals: &Globals, handle: &Handle<Self>) -> Result<(), SessionError> {
        let seat: WlSeat = globals.need(CLIPBOARD, 1, handle)?;
        self.ext = ext::Bound::new(globals, &seat, handle);
        if self.ext.is_none() {
            self.wlr = wlr::Bound::new(globals, &seat, handle);
        }
        if self.ext.is_some() || self.wlr.is_some() {
            return Ok(());
        }
        let lacking = "the compositor has neither ext_data_control_manager_v1 nor zwlr_data_control_manager_v1";
        Err(SessionError::unavailable(CLIPBOARD, lacking))
    }

    fn handle(&mut self, command: Command, handle: &Handle<Self>) {
        match command {
            Command::Receive { kind, answer } => drop(answer.send(self.receive(kind))),
            Command::Set { contents, answer } => {
                self.set(contents, handle);
                let _ = answer.send(Ok(()));
            }
        }
    }

    fn refuse(command: Command, error: &SessionError) {
        match command {
            Command::Receive { answer, .. } => drop(answer.send(Err(error.clone()))),
            Command::Set { answer, .. } => drop(answer.send(Err(error.clone()))),
        }
    }

    fn unbind(&mut self, _: &SessionError) {
        self.ext = None;
        self.wlr = None;
        self.changed(Vec::new());
    }
}

wayland_client::delegate_noop!(Link<Board>: ignore WlSeat);
