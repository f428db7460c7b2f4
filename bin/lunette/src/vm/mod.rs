//! `lunette vm`: a machine in the foreground, and the guard of every machine.

mod boot;
mod run;
mod shell;
mod values;

use std::io;

use anyhow::Result;
use clap::Subcommand;
use lunette_vm::{Guard, guard};

use run::Run;
use shell::Shell;

/// The word that makes this program a guard.
const GUARD: &str = "vm-guard";

/// The machine's words.
#[derive(Debug, Subcommand)]
pub(crate) enum Vm {
    /// Run a machine until Ctrl-C or until its guest switches it off
    ///
    /// Prints where its sockets are, then what happens to it.
    Run(Box<Run>),
    /// Run a command in a machine that was started with --shells
    Shell(Shell),
}

impl Vm {
    /// Does what the arguments ask for; returns what to print at the end.
    pub(crate) fn run(&self) -> Result<String> {
        match self {
            Self::Run(run) => run.run(),
            Self::Shell(shell) => shell.run(),
        }
    }
}

/// Guards one machine for the process at the other end of standard input and output.
pub(crate) fn run_guard() -> Result<String> {
    guard::run(io::stdin(), io::stdout())?;
    Ok(String::new())
}

/// This program, as a guard.
pub(crate) fn this_program() -> Result<Guard> {
    Ok(Guard::Program { program: std::env::current_exe()?, arguments: vec![GUARD.to_owned()] })
}
