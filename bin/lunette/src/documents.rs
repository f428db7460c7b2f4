//! Completions and manual pages, made of the command line itself.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Command};
use clap_complete::Shell;

/// Arguments of `lunette completions`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// Which shell
    shell: Shell,
}

impl Completions {
    /// What the shell reads.
    pub(crate) fn run(&self, mut cli: Command) -> Result<String> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut cli, "lunette", &mut text);
        Ok(String::from_utf8(text)?)
    }
}

/// Arguments of `lunette man`.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Where they go; a page for each command
    folder: PathBuf,
}

impl Man {
    /// Writes them.
    pub(crate) fn run(&self, cli: Command) -> Result<String> {
        let fail = || format!("cannot write to {}", self.folder.display());
        std::fs::create_dir_all(&self.folder).with_context(fail)?;
        clap_mangen::generate_to(cli, &self.folder).with_context(fail)?;
        Ok(format!("{}\n", self.folder.display()))
    }
}
