//! `desktop-export`: see the library. Takes frame-export's flags; those about sources are ignored.

#![forbid(unsafe_code)]

use std::io::Write;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use frame_export::backend::Backend;
use frame_export::config::{Command, Config, parse};
use lunette_net::{Limits, Listener, Server};
use tokio::sync::watch;
use viewer_tests::screencopy::Desktop;

fn main() -> Result<()> {
    let config = match parse(std::env::args_os()) {
        Ok(Command::Serve(config)) => *config,
        Ok(Command::ListEncoders) => bail!("frame-export --list-encoders says the same"),
        Err(error) => error.exit(),
    };
    tracing_subscriber::fmt().with_env_filter(&config.log).with_writer(std::io::stderr).init();
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(config))
}

async fn serve(config: Config) -> Result<()> {
    let desktop = Arc::new(Desktop::connect().context("cannot capture the desktop at WAYLAND_DISPLAY")?);
    let backend = Arc::new(Backend::new(desktop, &config.encoder, lunette_session::Limits::default()));
    let mut listeners = Vec::new();
    for endpoint in &config.endpoints {
        listeners.push(Listener::bind(endpoint).await?);
    }
    for listener in &listeners {
        writeln!(std::io::stdout(), "listening {}", listener.endpoint())?;
    }
    // Nobody stops it but a signal, which needs no farewell here.
    let (_never, stop) = watch::channel(false);
    Server::new(backend, Limits::default()).run(listeners, &stop).await;
    Ok(())
}
