//! `lunette`: see the library.

#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::process::ExitCode;

use lunette::cli::Cli;

fn main() -> ExitCode {
    let outcome = Cli::read().and_then(|cli| cli.run()).and_then(|text| Ok(io::stdout().write_all(text.as_bytes())?));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever closed the pipe has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lunette: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
