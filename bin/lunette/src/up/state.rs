//! The folder in which `lunette up` keeps what outlives it.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

/// Where that is.
#[derive(Debug, Clone, Args)]
pub(crate) struct StateDir {
    /// Where desktops, users and the administrator's token are kept [default: lunette in the folder for states of programs]
    #[arg(long = "state-dir", value_name = "DIR", env = "LUNETTE_STATE")]
    folder: Option<PathBuf>,
}

impl StateDir {
    /// The folder.
    pub(crate) fn path(&self) -> Result<PathBuf> {
        if let Some(folder) = &self.folder {
            return std::path::absolute(folder).with_context(|| format!("cannot use {}", folder.display()));
        }
        let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
        Ok(state.or_else(home).context("there is no HOME: --state-dir names a folder")?.join("lunette"))
    }
}
