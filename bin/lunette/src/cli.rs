//! The command line.

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::bench::Bench;

/// Desktops in a virtual machine, live in a browser
#[derive(Debug, Parser)]
#[command(name = "lunette", version = frame_export::BUILD_ID)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure what the frame path costs on this machine
    ///
    /// Every table starts with the command that made it, and every cost with its least, middle and largest value.
    /// Close what else runs: two busy cores make any of these figures meaningless.
    #[command(subcommand)]
    Bench(Bench),
}

impl Cli {
    /// Does what the arguments ask for; returns what to print.
    ///
    /// # Errors
    /// When it cannot be done; the chain of causes is for a person.
    pub fn run(&self) -> Result<String> {
        match &self.command {
            Command::Bench(bench) => bench.run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
