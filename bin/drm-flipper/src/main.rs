//! Takes a lease of an output and flips pages on it.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use drm_flipper::cli::{Cli, Exit};
use drm_flipper::{Report, RunError, Shown, Stop, flip, take};
use lunette_cause::chain;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(error) => {
            eprintln!("drm-flipper: {error:#}");
            ExitCode::from(Exit::Fault as u8)
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<Exit> {
    let stop = Stop::on_signals().context("signals cannot be caught")?;
    match flipped(cli, &stop) {
        Ok(report) => {
            print(&cli.render(&report)?)?;
            // People have read it in the report.
            if let Some(fault) = report.fault.as_ref().filter(|_| cli.json) {
                eprintln!("drm-flipper: {fault}");
            }
            Ok(Exit::from(report.ended))
        }
        Err(error) => {
            eprintln!("drm-flipper: {}", chain(&error));
            Ok(Exit::from(&error))
        }
    }
}

fn flipped(cli: &Cli, stop: &Stop) -> Result<Report, RunError> {
    let held = take(&cli.socket, &cli.terms(), stop)?;
    let log = cli.log();
    flip(held, &cli.usage(log.as_ref()), stop, |Shown { scanout, connector, .. }| {
        // Whoever closed the pipe does not wait for it.
        let _ = print(&format!("ready scanout={scanout} connector={connector}\n"));
    })
}

/// Prints at once; whoever closed the pipe has seen enough.
fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}
