//! The daemon: its folder, its socket, and its end.

use std::fs::{DirBuilder, File};
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use axum::Router;
use lunette_relay::{Dial, Dialling, Part, Target};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::spawn_blocking;

use crate::bridge::{self, Bridges};
use crate::clock::Clock;
use crate::config::Config;
use crate::desktop::Common;
use crate::engine::Engine;
use crate::http::{App, Server, guarded, router};
use crate::registry::Registry;
use crate::service::Service;
use crate::socket::Socket;

/// Connections to the API at once.
const CONNECTIONS: usize = 512;
/// Connections to all bridges at once, by `--listen-bridges`.
const VIEWERS: usize = 1024;

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// When it cannot start.
pub async fn run(config: Config, engine: Arc<dyn Engine>) -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    serve(config, engine, stop).await
}

/// Serves until `stop` is ready.
///
/// # Errors
/// When it cannot start.
pub async fn serve(config: Config, engine: Arc<dyn Engine>, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    let _lock = own(&config)?;
    let service = Service::from_environment();
    let listening = Listening::open(&config).await?;
    let (path, group, ends) = (config.socket.clone(), config.group, config.stop_desktops_on_exit);
    let registry = Arc::new(Registry::new(Arc::new(Common { config, engine, clock: Clock::start() })));
    let looking = Arc::clone(&registry);
    let profiles = spawn_blocking(move || looking.profiles.look().len()).await?;
    registry.adopt().await;
    let socket = Socket::bind(&path, group).with_context(|| format!("cannot listen on {}", path.display()))?;
    let dialling = dial_in(registry.common.config.dial.as_ref(), &path)?;
    let Listening { tcp, api, bridges } = listening;
    let operations = router(App::new(Arc::clone(&registry), bridges));
    let mut asked = Server::new(guard(&registry.common.config, &operations)?, CONNECTIONS);
    let mut server = Server::new(operations, CONNECTIONS);
    let mut viewing = Server::new(bridge::router(Arc::clone(&registry)), VIEWERS);
    let viewed = tcp.as_ref().and_then(|tcp| tcp.local_addr().ok());
    tracing::info!(socket = %path.display(), bridges = ?viewed, profiles, desktops = registry.list().len(), "ready");
    service.tell("READY=1");
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            () = server.serve_next(&socket.listener) => {}
            () = next_from(&mut viewing, tcp.as_ref()) => {}
            () = next_from(&mut asked, api.as_ref()) => {}
        }
    }
    service.tell("STOPPING=1");
    drop((socket, tcp, api));
    if let Some(dialling) = dialling {
        dialling.end().await;
    }
    if ends {
        registry.drain().await.iter().for_each(|unended| tracing::warn!("{unended}"));
    }
    tokio::join!(server.close(), viewing.close(), asked.close());
    registry.detach().await;
    if !registry.is_used() {
        registry.profiles.unmount();
    }
    tracing::info!(desktops_live_on = registry.is_used(), "ended");
    Ok(())
}

/// Who asks over what was dialled reaches the API, as over the socket: it is as much trusted as root of this machine is.
fn dial_in(dial: Option<&Dial>, socket: &Path) -> anyhow::Result<Option<Dialling>> {
    let Some(dial) = dial else { return Ok(None) };
    let target = Target::Unix(std::path::absolute(socket)?);
    Ok(Some(dial.start(Part::Hydra, target).context("cannot dial in")?))
}

/// What is reached from outside: bridges, the API.
struct Listening {
    tcp: Option<TcpListener>,
    api: Option<TcpListener>,
    bridges: Option<Bridges>,
}

impl Listening {
    async fn open(config: &Config) -> anyhow::Result<Self> {
        let api = bound(config.listen_api).await?;
        let Some(tcp) = bound(config.listen_bridges).await? else { return Ok(Self { tcp: None, api, bridges: None }) };
        let bridges = Bridges::new(tcp.local_addr()?, config.bridges_url.clone());
        Ok(Self { tcp: Some(tcp), api, bridges: Some(bridges) })
    }
}

async fn bound(address: Option<SocketAddr>) -> anyhow::Result<Option<TcpListener>> {
    let Some(address) = address else { return Ok(None) };
    Ok(Some(TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?))
}

/// The API for whoever has its token. Without a file of it nobody listens there.
fn guard(config: &Config, operations: &Router) -> anyhow::Result<Router> {
    match &config.api_token_file {
        Some(file) => guarded(operations.clone(), file).context("cannot use --api-token-file"),
        None => Ok(Router::new()),
    }
}

async fn next_from(server: &mut Server, tcp: Option<&TcpListener>) {
    match tcp {
        Some(tcp) => server.serve_next(tcp).await,
        None => std::future::pending().await,
    }
}

/// Makes the folder, and makes sure that no other hydra has it.
fn own(config: &Config) -> anyhow::Result<File> {
    let folder = config.dir.display();
    let make = |mode, path| DirBuilder::new().recursive(true).mode(mode).create(path);
    make(0o755, config.dir.clone()).with_context(|| format!("cannot make {folder}"))?;
    make(0o711, config.dir.join("desktops")).with_context(|| format!("cannot make {folder}/desktops"))?;
    let lock = File::create(config.dir.join("lock")).with_context(|| format!("cannot lock {folder}"))?;
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(lock),
        Err(Errno::AGAIN) => bail!("another hydra has {folder}"),
        Err(error) => Err(error).with_context(|| format!("cannot lock {folder}")),
    }
}
