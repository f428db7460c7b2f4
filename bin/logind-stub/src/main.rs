//! `logind-stub`: see the library.

#![forbid(unsafe_code)]

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::Parser;
use logind_stub::config::Config;
use logind_stub::service::Service;
use lunette_sys_unix::{give_up_privileges, inherited};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    match run(&Config::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        // The chain of causes, once, where a person reads it.
        Err(error) => {
            eprintln!("logind-stub: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(config: &Config) -> anyhow::Result<()> {
    // Its text has its cause in it already.
    let filter: EnvFilter = config.log.parse().map_err(|error| anyhow!("--log {}: {error}", config.log))?;
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    logs.with_ansi(std::io::stderr().is_terminal()).init();
    let nodes = config.nodes()?;
    let ready = config.ready_fd.map(inherited).transpose().context("--ready-fd: nothing is open there")?;
    let bus = logind_stub::connect(&config.bus, config.connect_as, config.wait())?;
    // Before the first byte is exchanged with the container, and while there is one thread.
    give_up_privileges().context("cannot give up privileges")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let service = Service::start(bus, config.identity(), nodes).await?;
        if let Some(ready) = ready {
            File::from(ready).write_all(b"\n").context("--ready-fd")?;
        }
        tracing::info!(bus = %config.bus.path().display(), "ready");
        tokio::select! {
            lost = service.lost() => Err(lost.into()),
            _ = terminate.recv() => Ok(()),
            _ = interrupt.recv() => Ok(()),
        }
    })
}
