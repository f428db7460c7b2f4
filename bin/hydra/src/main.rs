//! `hydra`: see the library.

#![forbid(unsafe_code)]

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use hydra::cli::{Command, Serve, parse};
use hydra::{Containers, app, client};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let done = match parse(std::env::args_os()) {
        Command::Serve(serve) => be_daemon(*serve),
        command => ask(command),
    };
    match done {
        Ok(code) => code,
        // The chain of causes, once, where a person reads it.
        Err(error) => {
            eprintln!("hydra: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn be_daemon(serve: Serve) -> anyhow::Result<ExitCode> {
    let (config, log) = serve.config()?;
    // Its text has its cause in it already.
    let filter: EnvFilter = log.parse().map_err(|error| anyhow!("--log {log}: {error}"))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build()?;
    let engine = Arc::new(Containers::new(config.dir.clone()));
    let served = runtime.block_on(app::run(config, engine));
    // A thread that still waits in the kernel does not keep the process.
    runtime.shutdown_timeout(Duration::from_millis(100));
    served.map(|()| ExitCode::SUCCESS)
}

fn ask(command: Command) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(client::run(command))
}
