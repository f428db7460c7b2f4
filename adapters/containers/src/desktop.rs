//! A container as seen by whoever did not make it.

use std::path::{Path, PathBuf};

use lunette_desktop::{DesktopId, Places, Slot};

use crate::cgroup::{Cgroup, Stats};
use crate::docker;
use crate::note::Note;
use crate::running::{Exec, Running};
use crate::{Error, runc};

/// A container that exists, by its desktop's id.
#[derive(Debug, Clone)]
pub struct Desktop {
    hydra: PathBuf,
    id: DesktopId,
    note: Note,
}

impl Desktop {
    /// The container of this desktop.
    ///
    /// # Errors
    /// When it has none.
    pub fn find(hydra: &Path, id: &DesktopId) -> Result<Self, Error> {
        let note = Note::read(&Places::new(hydra, id)).ok_or_else(|| Error::Absent(id.to_string()))?;
        Ok(Self::new(hydra.to_owned(), id.clone(), note))
    }

    pub(crate) fn new(hydra: PathBuf, id: DesktopId, note: Note) -> Self {
        Self { hydra, id, note }
    }

    /// Brings a process into it, with pipes as its standard streams.
    ///
    /// # Errors
    /// When the backend is missing or refuses. With runc a program that does not exist inside is learnt by
    /// [`Running::wait`]: it ends with a status and says why on standard error.
    pub async fn exec(&self, exec: &Exec) -> Result<Running, Error> {
        match &self.note.docker {
            None => runc::exec(self, exec),
            Some(socket) => docker::exec(socket, &self.id, exec).await,
        }
    }

    /// What it used so far.
    ///
    /// # Errors
    /// When it is gone, or the machine does not count.
    pub async fn stats(&self) -> Result<Stats, Error> {
        match &self.note.docker {
            None => Cgroup::of(&self.id).stats(),
            Some(socket) => docker::stats(socket, &self.id).await,
        }
    }

    /// Its desktop's number on this machine.
    #[must_use]
    pub fn slot(&self) -> Slot {
        self.note.slot
    }

    pub(crate) fn places(&self) -> Places {
        Places::new(&self.hydra, &self.id)
    }

    pub(crate) fn hydra(&self) -> &Path {
        &self.hydra
    }

    pub(crate) fn id(&self) -> &DesktopId {
        &self.id
    }
}
