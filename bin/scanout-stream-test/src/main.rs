//! Subscribes to one scanout and reports what arrives.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use scanout_stream_test::cli::{Cli, Exit, explain};
use scanout_stream_test::observe;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(error) => {
            eprintln!("scanout-stream-test: {error}");
            ExitCode::from(Exit::Fault as u8)
        }
    }
}

fn run(cli: &Cli) -> io::Result<Exit> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(async { io::Result::Ok(observe(&cli.plan(), stopped()?).await) });
    // A name that is still being looked up must not delay the end.
    runtime.shutdown_background();
    let outcome = outcome?;
    let printed = match &outcome {
        Ok(report) => io::stdout().write_all(cli.render(report)?.as_bytes()),
        Err(error) => io::stderr().write_all(explain(error).as_bytes()),
    };
    match printed {
        // Whoever closed the pipe has seen enough; the exit code still counts.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(Exit::from(&outcome)),
    }
}

/// Resolves at the first SIGINT or SIGTERM. Both are caught from this call on, before anything waits.
fn stopped() -> io::Result<impl Future<Output = ()>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
