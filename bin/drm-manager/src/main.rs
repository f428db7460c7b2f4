//! `drm-manager`: see the library.

#![forbid(unsafe_code)]

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, anyhow};
use drm_manager::config::{Command, parse};
use drm_manager::{app, keeper, status};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let done = parse(std::env::args_os()).and_then(|command| match command {
        Command::Status(path) => {
            let asked = status::fetch(&path).with_context(|| format!("cannot ask {}", path.display()));
            asked.map(|status| print!("{status}"))
        }
        Command::Keep(plan, log) => run(&log, keeper::run(&plan)),
        Command::Serve(config, log) => run(&log, app::run(*config)),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // The chain of causes, once, where a person reads it.
        Err(error) => {
            eprintln!("drm-manager: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(log: &str, program: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    // Its text has its cause in it already.
    let filter: EnvFilter = log.parse().map_err(|error| anyhow!("--log {log}: {error}"))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let served = runtime.block_on(program);
    // A thread that still waits in the kernel does not keep the process.
    runtime.shutdown_timeout(Duration::from_millis(100));
    served
}
