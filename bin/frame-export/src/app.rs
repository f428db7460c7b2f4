//! Puts the parts together and runs them until told to stop.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use lunette_net::{Limits, Listener, Server};
use lunette_relay::{Dial, Dialling, Part, Target};
use lunette_session::Access;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::backend::Backend;
use crate::config::Config;
use crate::far::Far;
use crate::screens::Screens;
use crate::{BUILD_ID, machine, observe};

/// How long pipelines may take to end.
const LAST_PICTURES: Duration = Duration::from_secs(5);

/// Serves until SIGTERM or SIGINT; a second one ends the process at once.
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
            if stop.send_replace(true) {
                tracing::warn!("{name} again: giving up what is left");
                std::process::exit(1);
            }
            tracing::info!("{name}: stopping");
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
    let access = config.access.open()?;
    tracing::info!(strict = access.is_strict(), "access");
    let screens = Screens::open(&config.source).context("cannot open the source")?;
    if let Some(size) = screens.expected_size() {
        // Once before the first client: better no server than one without pictures.
        let encoder = config.encoder.open(size);
        tracing::info!(encoder = encoder.context("cannot encode")?.name(), %size, "encoder works");
    }
    let backend = Arc::new(build(screens, access, &config));

    let mut listeners = Vec::new();
    for endpoint in &config.endpoints {
        listeners.push(Listener::bind(endpoint).await?);
    }
    let metrics = observe_on(config.metrics, &backend).await?;
    let limits = Limits { connections: config.max_connections, ..Limits::default() };
    let dialled = Dialled::start(config.dial.as_ref(), &backend, limits, &stop)?;
    announce(&listeners, metrics)?;
    let server = Server::new(Arc::clone(&backend), limits);
    // Streams end first, so that subscribers are told while the server still writes to them.
    let mut stopping = stop.clone();
    let ending = async move {
        // Without a sender nobody can ask for the end any more, which is one.
        let _ = stopping.wait_for(|stop| *stop).await.map(|_| ());
        let ended = tokio::task::spawn_blocking(move || backend.streams().stop());
        match tokio::time::timeout(LAST_PICTURES, ended).await {
            Ok(ended) => ended.context("a pipeline did not stop"),
            Err(_) => Err(anyhow!("a pipeline did not stop within {LAST_PICTURES:?}")),
        }
    };
    let ((), ended) = tokio::join!(server.run(listeners, &stop), ending);
    if let Some(dialled) = dialled {
        dialled.end().await;
    }
    ended
}

/// Dialled in to a control plane, and serving it.
struct Dialled {
    dialling: Dialling,
    serving: JoinHandle<()>,
}

impl Dialled {
    fn start(
        dial: Option<&Dial>,
        backend: &Arc<Backend>,
        limits: Limits,
        stop: &watch::Receiver<bool>,
    ) -> Result<Option<Self>> {
        let Some(dial) = dial else { return Ok(None) };
        let (target, handed) = Target::handed();
        let dialling = dial.start(Part::Export, target).context("cannot dial in")?;
        let (server, stop) = (Server::new(Far(Arc::clone(backend)).into(), limits), stop.clone());
        let serving = tokio::spawn(async move { server.run_handed(handed, "dialled", stop).await });
        Ok(Some(Self { dialling, serving }))
    }

    /// After the end of streams, which whoever watches is told before.
    async fn end(self) {
        if let Err(error) = self.serving.await {
            tracing::warn!(%error, "serving what was dialled ended badly");
        }
        self.dialling.end().await;
    }
}

fn build(screens: Screens, access: Access, config: &Config) -> Backend {
    let Screens { control, machine } = screens;
    let backend = Backend::new(control, &config.encoder, lunette_session::Limits::default()).guarded_by(access);
    match machine {
        Some(machine) => {
            machine::follow(&machine, backend.gate(), config.access.clone());
            backend.of_machine(machine)
        }
        None => backend,
    }
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
