//! `frame-export`: see the library.

#![forbid(unsafe_code)]

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::anyhow;
use frame_export::config::{Command, Config, parse};
use frame_export::{app, lifeline};
use lunette_encode::Selection;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    if lifeline::is_asked_for(std::env::args_os()) {
        return exit_code(lifeline::serve());
    }
    match parse(std::env::args_os()) {
        Ok(Command::ListEncoders) => {
            list_encoders();
            ExitCode::SUCCESS
        }
        Ok(Command::Serve(config)) => serve(*config),
        Err(error) => error.exit(),
    }
}

fn serve(config: Config) -> ExitCode {
    let filter = match config.log.parse::<EnvFilter>() {
        Ok(filter) => filter,
        // Its text has its cause in it already.
        Err(error) => return fail(&anyhow!("--log {}: {error}", config.log)),
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("sockets").build();
    let served = runtime.map_err(Into::into).and_then(|runtime| {
        let served = runtime.block_on(app::run(config));
        // A pipeline that hangs has been reported; the process ends all the same.
        runtime.shutdown_timeout(Duration::from_millis(100));
        served
    });
    exit_code(served)
}

fn exit_code(result: anyhow::Result<()>) -> ExitCode {
    result.map_or_else(|error| fail(&error), |()| ExitCode::SUCCESS)
}

/// One line per encoder: its name, who may choose it, whether it works here and else why not.
fn list_encoders() {
    for probe in lunette_encode::probe_all() {
        let candidate = probe.candidate;
        let selection = match candidate.selection {
            Selection::Auto => "auto",
            Selection::ByName => "by name only",
        };
        let outcome = probe.outcome.as_ref().map_or_else(String::as_str, |()| "works");
        println!("{:<15} {:<13} {} [{}]", candidate.name, selection, outcome, candidate.licence);
    }
}

/// The chain of causes, once, where a person reads it.
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("frame-export: {error:#}");
    ExitCode::FAILURE
}
