//! The clipboard of the session: what is copied in the desktop, what was put there from outside.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::pipe::{PipeFlags, pipe_with};
use tokio::sync::{mpsc, watch};
use zbus::{OwnedVariant, Variant};

use super::remote::Remote;
use crate::SessionError;
use crate::clipboard::{CLIPBOARD, Change, Content, Kind, change, choose, forms, write};

/// A transfer that has ended, and whether all was taken.
pub(super) type Done = (u32, bool);

/// What is in the clipboard.
#[derive(Debug)]
pub(super) struct Selection {
    tell: watch::Sender<Change>,
    done: mpsc::UnboundedSender<Done>,
    is_enabled: bool,
    offered: Vec<String>,
    /// What was put there from outside at last, and whether it still is what is there.
    ours: Vec<(&'static str, Arc<[u8]>)>,
    is_ours: bool,
    /// Transfers of ours that were begun.
    pub(super) transfers: u64,
}

impl Selection {
    /// `done` gets each transfer that has ended; there are no more of them than threads that write.
    pub(super) const fn new(tell: watch::Sender<Change>, done: mpsc::UnboundedSender<Done>) -> Self {
        Self { tell, done, is_enabled: false, offered: Vec::new(), ours: Vec::new(), is_ours: false, transfers: 0 }
    }

    /// A new session begins.
    pub(super) async fn begin(&mut self, remote: &Remote) {
        self.ours.clear();
        self.is_ours = false;
        self.is_enabled = remote.methods.has_clipboard;
        if !self.is_enabled {
            return;
        }
        if let Err(error) = remote.enable_clipboard().await {
            tracing::warn!(%error, "no clipboard");
            self.is_enabled = false;
        }
    }

    fn need(&self) -> Result<(), SessionError> {
        let lacking = || SessionError::unavailable(CLIPBOARD, "this version of GNOME does not share it");
        self.is_enabled.then_some(()).ok_or_else(lacking)
    }

    /// Somebody copied something.
    pub(super) fn owner_changed(&mut self, options: &HashMap<String, OwnedVariant>) {
        // What is ours is kept: this may be about the owner before us, told when we had become it.
        self.is_ours = options.get("session-is-owner").is_some_and(|value| **value == Variant::from(true));
        self.offered = options.get("mime-types").map(|value| strings(value)).unwrap_or_default();
        change(&self.tell, self.offered.clone());
    }

    /// Somebody pastes what is ours.
    pub(super) async fn transfer(&mut self, remote: &Remote, mime: &str, serial: u32) {
        let bytes = self.ours.iter().find(|(name, _)| *name == mime).map(|(_, bytes)| Arc::clone(bytes));
        let Some(bytes) = bytes else {
            return log(remote.write_done(serial, false).await);
        };
        match remote.write_selection(serial).await {
            Ok(pipe) => {
                let done = self.done.clone();
                self.transfers += 1;
                write(pipe.into(), bytes, move |whole| {
                    let _ = done.send((serial, whole));
                });
            }
            Err(error) => log(Err(error)),
        }
    }

    pub(super) async fn read(&self, remote: &Remote, kind: Kind) -> Result<Option<OwnedFd>, SessionError> {
        self.need()?;
        if self.is_ours {
            return self.read_ours(kind);
        }
        match choose(kind, &self.offered) {
            Some(mime) => remote.read_selection(mime).await.map(|pipe| Some(pipe.into())),
            None => Ok(None),
        }
    }

    /// Mutter refuses to hand to us what is ours.
    fn read_ours(&self, kind: Kind) -> Result<Option<OwnedFd>, SessionError> {
        let names: Vec<String> = self.ours.iter().map(|(name, _)| (*name).to_owned()).collect();
        let Some(chosen) = choose(kind, &names) else { return Ok(None) };
        let Some((_, bytes)) = self.ours.iter().find(|(name, _)| *name == chosen) else { return Ok(None) };
        let (reading, writing) = pipe_with(PipeFlags::CLOEXEC)
            .map_err(|error| SessionError::system("cannot make a pipe for the clipboard", error))?;
        write(writing, Arc::clone(bytes), |_| {});
        Ok(Some(reading))
    }

    pub(super) async fn set(&mut self, remote: &Remote, contents: Vec<Content>) -> Result<(), SessionError> {
        self.need()?;
        let forms = forms(contents);
        let names: Vec<&str> = forms.iter().map(|(name, _)| *name).collect();
        remote.set_selection(&names).await?;
        self.ours = forms;
        self.is_ours = true;
        Ok(())
    }
}

fn log(done: Result<(), SessionError>) {
    if let Err(error) = done {
        tracing::debug!(%error, "a program does not get the clipboard");
    }
}

/// An array of strings, which some versions put into a structure of its own.
fn strings(value: &Variant<'_>) -> Vec<String> {
    match value {
        Variant::Array(array) => array.iter().filter_map(|item| item.downcast_ref::<String>().ok()).collect(),
        Variant::Structure(structure) => structure.fields().first().map(strings).unwrap_or_default(),
        Variant::Variant(inner) => strings(inner),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_found_in_either_form() {
        let plain = Variant::from(vec!["a", "b"]);
        assert_eq!(strings(&plain), ["a", "b"]);
        assert_eq!(strings(&Variant::from((vec!["a"],))), ["a"]);
        assert!(strings(&Variant::from(1u32)).is_empty());
    }
}
