//! `control-plane`: see the library.

#![forbid(unsafe_code)]

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::anyhow;
use clap::Parser;
use control_plane::cli::{Backup, Cli, Command, Serve};
use control_plane::{audit, http};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve(serve) => be_server(*serve),
        Command::Backup(Backup { state, to }) => {
            lunette_store::backup(&state.join("store.sqlite"), &to).map_err(anyhow::Error::from)
        }
        Command::Verify { log } => audit::verify(&log).map(|(lines, hash)| println!("{lines} lines fit; {hash}")),
        Command::Openapi => {
            serde_json::to_string_pretty(&http::document()).map(|text| println!("{text}")).map_err(anyhow::Error::from)
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // The chain of causes, once, where a person reads it.
        Err(error) => {
            eprintln!("control-plane: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn be_server(serve: Serve) -> anyhow::Result<()> {
    // Its text has its cause in it already.
    let filter: EnvFilter = serve.log.parse().map_err(|error| anyhow!("--log {}: {error}", serve.log))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let config = serve.config();
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let (state, runtime) = (config.state.clone(), tokio::runtime::Runtime::new()?);
    let ready = move |bound: SocketAddr, fresh: Option<String>| {
        // One line for programs that start this one; whoever closed the pipe has seen enough.
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "ready url={scheme}://{bound}/");
        if let Some(token) = fresh {
            let file = state.join("admin.token");
            let _ = writeln!(out, "administrator's token, shown this once, and kept in {}: {token}", file.display());
        }
        let _ = out.flush();
    };
    runtime.block_on(async {
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let stop = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        control_plane::serve(config, ready, stop).await
    })
}
