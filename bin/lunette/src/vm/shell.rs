//! `lunette vm shell`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args;
use lunette_vm::{Label, RunPaths};

/// The name of the port behind which a shell of root is.
pub(super) fn port(number: u8) -> Result<Label> {
    Ok(format!("lunette.shell.{number}").parse()?)
}

#[derive(Debug, Args)]
pub(crate) struct Shell {
    /// The machine's name
    #[arg(long, default_value = "lunette")]
    name: Label,
    /// Where the machine's sockets are, if it was started with --run-dir
    #[arg(long)]
    run_dir: Option<PathBuf>,
    /// Which of its shells
    #[arg(long, default_value_t = 0)]
    number: u8,
    /// Seconds that the command may take
    #[arg(long, default_value_t = 60)]
    limit: u64,
    /// What its shell reads
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

impl Shell {
    /// Runs it; returns what it printed.
    pub(crate) fn run(&self) -> Result<String> {
        let paths = self.run_dir.clone().map_or_else(|| RunPaths::named(&self.name), RunPaths::new);
        let mut shell = lunette_vm::Shell::open(&paths.port(&port(self.number)?))?;
        let finished = shell.run(&self.command.join(" "), Duration::from_secs(self.limit))?;
        ensure!(finished.status == 0, "{}the command ended with {}", finished.output, finished.status);
        Ok(finished.output)
    }
}
