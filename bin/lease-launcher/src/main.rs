//! `lease-launcher`: see the library.

#![forbid(unsafe_code)]

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::Parser;
use lease_launcher::cli::Args;
use lease_launcher::{Settings, run};
use lunette_desktop::Reason;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    match launch(Args::parse()) {
        Ok(Reason::Asked) => ExitCode::SUCCESS,
        Ok(reason) => {
            eprintln!("lease-launcher: the desktop ended: {reason}");
            ExitCode::FAILURE
        }
        // The chain of causes, once, where a person reads it.
        Err(error) => {
            eprintln!("lease-launcher: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn launch(args: Args) -> anyhow::Result<Reason> {
    // Its text has its cause in it already.
    let filter: EnvFilter = args.log.parse().map_err(|error| anyhow!("--log {}: {error}", args.log))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let grace = args.grace();
    // What a container's folders are made with; each file of ours has a mode of its own.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    // desktops/ID below hydra's folder.
    let hydra = args.dir.ancestors().nth(2).context("--dir is not below hydra's folder")?.to_owned();
    let Args { dir, lease_socket, host, logind_stub, desktop_bridge, docker_socket, .. } = args;
    let settings = Settings {
        hydra,
        lease_socket,
        host,
        logind: logind_stub,
        bridge: desktop_bridge,
        docker: docker_socket,
        grace,
    };
    // Of this thread: children die with the thread that started them.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = runtime.block_on(run(&dir, settings));
    // A thread that still waits in the kernel does not keep the process.
    runtime.shutdown_timeout(Duration::from_millis(100));
    ended
}
