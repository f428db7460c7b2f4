//! `desktop-bridge`: see the library.

#![forbid(unsafe_code)]

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::anyhow;
use clap::Parser;
use desktop_bridge::{app, cli::Args};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        // The chain of causes, once, where a person reads it.
        Err(error) => {
            eprintln!("desktop-bridge: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> anyhow::Result<()> {
    // Its text has its cause in it already.
    let filter: EnvFilter = args.log.parse().map_err(|error| anyhow!("--log {}: {error}", args.log))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    app::keep_secrets();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build()?;
    let served = runtime.block_on(app::run(args));
    // A thread that still waits in the kernel does not keep the process.
    runtime.shutdown_timeout(Duration::from_millis(200));
    served
}
