//! What there may be of a container, written down before any of it is made.

use std::fs;
use std::path::PathBuf;

use lunette_desktop::{Places, Slot};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::plan::Backend;
use crate::root::folder;

const FILE: &str = "container.json";

/// Enough to use a container, and to take it away, without its plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) slot: Slot,
    /// `None` for runc.
    pub(crate) docker: Option<PathBuf>,
}

impl Note {
    pub(crate) fn new(slot: Slot, backend: &Backend) -> Self {
        let docker = match backend {
            Backend::Runc => None,
            Backend::Docker(socket) => Some(socket.clone()),
        };
        Self { slot, docker }
    }

    pub(crate) fn write(&self, places: &Places) -> Result<(), Error> {
        let path = folder(&places.bundle())?.join(FILE);
        let text = serde_json::to_vec(self).map_err(Error::file("write", &path))?;
        fs::write(&path, text).map_err(Error::file("write", &path))
    }

    /// `None` when nothing was made yet, or nothing is left.
    pub(crate) fn read(places: &Places) -> Option<Self> {
        let text = fs::read(places.bundle().join(FILE)).ok()?;
        serde_json::from_slice(&text)
            .inspect_err(|error| tracing::warn!(folder = %places.folder().display(), %error, "a note is no note"))
            .ok()
    }
}
