//! Puts the parts together and runs them until told to stop.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use lunette_net::{Limits, Listener, Server};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::backend::Backend;
use crate::config::Config;
use crate::{BUILD_ID, observe, screens};

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// When the source, the encoder or an address cannot be had.
pub async fn run(config: Config) -> Result<()> {
    let (stop, stopped) = watch::channel(false);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        loop {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
                _ = hang_up.recv() => {
                    tracing::info!("SIGHUP: nothing to reload, going on");
                    continue;
                }
            };
            tracing::info!("{name}: stopping");
            // Nobody listens any more when the server failed by itself.
            let _ = stop.send(true);
            return;
        }
    });
    serve(config, stopped).await
}

/// Serves until `stop` turns true.
///
/// # Errors
/// As [`run`].
pub async fn serve(config: Config, stop: watch::Receiver<bool>) -> Result<()> {
    tracing::info!("frame-export {BUILD_ID}");
    raise_descriptor_limit();
    let control = screens::open(&config.source).context("cannot open the source")?;
    let size = control.scanouts().first().map(|scanout| scanout.size);
    if let Some(size) = size {
        // Once before the first client: better no server than one without pictures.
        let encoder = lunette_encode::open(&config.encoder.choice, &config.encoder.for_size(size));
        tracing::info!(encoder = encoder.context("cannot encode")?.name(), %size, "encoder works");
    }
    let backend = Arc::new(Backend::new(control, &config.encoder, lunette_session::Limits::default()));

    let mut listeners = Vec::new();
    for endpoint in &config.endpoints {
        listeners.push(Listener::bind(endpoint).await?);
    }
    let metrics = observe_on(config.metrics, &backend).await?;
    announce(&listeners, metrics)?;

    let limits = Limits { connections: config.max_connections, ..Limits::default() };
    Server::new(Arc::clone(&backend), limits).run(listeners, &stop).await;
    tokio::task::spawn_blocking(move || backend.streams().stop()).await.context("a pipeline did not stop")
}

/// Serves metrics until the runtime ends.
async fn observe_on(address: Option<SocketAddr>, backend: &Arc<Backend>) -> Result<Option<SocketAddr>> {
    let Some(address) = address else { return Ok(None) };
    let bound = TcpListener::bind(address).await.with_context(|| format!("cannot listen on metrics={address}"))?;
    let address = bound.local_addr()?;
    let router = observe::router(Arc::clone(backend));
    tokio::spawn(async move {
        if let Err(error) = axum::serve(bound, router).await {
            tracing::error!(%error, "metrics are not served any more");
        }
    });
    Ok(Some(address))
}

/// The one line on stdout: clients can connect now.
fn announce(listeners: &[Listener], metrics: Option<SocketAddr>) -> Result<()> {
    let mut line = "listening".to_owned();
    for listener in listeners {
        line.push_str(&format!(" {}", listener.endpoint()));
    }
    if let Some(address) = metrics {
        line.push_str(&format!(" metrics={address}"));
    }
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}").and_then(|()| stdout.flush()).context("cannot say on stdout that the server is ready")
}

/// A descriptor per subscriber: the soft limit of many systems, 1024, is too few.
fn raise_descriptor_limit() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return;
    }
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!(?current, %error, "cannot raise the limit of open descriptors");
    }
}
