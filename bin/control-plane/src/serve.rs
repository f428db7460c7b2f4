//! Listens, and serves until it is told to stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use axum::{Extension, Router};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::app::App;
use crate::auth::{Gate, Peer};
use crate::config::Config;
use crate::{dialled, http, steward, tls};

/// Connections at once; more wait in the kernel.
const CONNECTIONS: usize = 2048;
/// For TLS to be agreed on.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Serves until `stop` is ready. `ready` is told where, and the administrator's token when that is new.
///
/// # Errors
/// When it cannot start.
pub async fn serve(
    config: Config,
    ready: impl FnOnce(SocketAddr, Option<String>) + Send,
    stop: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    ensure!(
        config.tls.is_some() || config.listen.ip().is_loopback(),
        "{} is open to the network, where plain HTTP gives passwords away: give --tls-certificate and --tls-key, or \
         --tls-self-made",
        config.listen
    );
    let _lock = own(&config)?;
    let listener = TcpListener::bind(config.listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {}", config.listen))?;
    let bound = listener.local_addr()?;
    let acceptor =
        config.tls.as_ref().map(|tls| tls::acceptor(tls, &config.state, tls::names(bound.ip(), &config.allowed_hosts)));
    let acceptor = acceptor.transpose()?;
    let gate = Gate::new(bound, &config.allowed_hosts, &config.allowed_origins)?;
    let app = Arc::new(App::open(&config, gate).await?);
    let fresh = app.first_token(&config.state).await?;
    // Ends with this function.
    let mut work = JoinSet::new();
    work.spawn(steward::run(Arc::clone(&app)));
    work.spawn(dialled::follow(Arc::clone(&app)));
    ready(bound, fresh);
    tokio::select! {
        () = accept(listener, acceptor, http::router(Arc::clone(&app))) => {}
        () = stop => {}
        ended = work.join_next() => ended.transpose().context("the steward ended")?.unwrap_or_default(),
    }
    Ok(())
}

/// Makes the folder, and makes sure that no other control plane has it.
fn own(config: &Config) -> anyhow::Result<std::fs::File> {
    use std::os::unix::fs::DirBuilderExt as _;
    let folder = config.state.display();
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&config.state);
    made.with_context(|| format!("cannot make {folder}"))?;
    let lock = std::fs::File::create(config.state.join("control-plane.lock"));
    let lock = lock.with_context(|| format!("cannot use {folder}"))?;
    let locked = rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive);
    locked.with_context(|| format!("another control plane has {folder}"))?;
    Ok(lock)
}

async fn accept(listener: TcpListener, acceptor: Option<TlsAcceptor>, router: Router) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        // The semaphore is never closed.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, from)) => {
                let router = router.clone().layer(Extension(Peer(from.ip().to_canonical())));
                tokio::spawn(welcome(stream, acceptor.clone(), router, place));
            }
            Err(error) => lunette_http::pause_after(error).await,
        }
    }
}

async fn welcome(stream: TcpStream, acceptor: Option<TlsAcceptor>, router: Router, place: OwnedSemaphorePermit) {
    let served = async {
        // A key is a small packet, and waits for nothing.
        stream.set_nodelay(true)?;
        match acceptor {
            None => connection(stream, router).await,
            Some(acceptor) => {
                let agreed = timeout(HANDSHAKE, acceptor.accept(stream)).await;
                connection(agreed.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??, router).await
            }
        }
    };
    if let Err(error) = served.await {
        tracing::debug!(%error, "a connection ended badly");
    }
    drop(place);
}

async fn connection(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, router: Router) -> io::Result<()> {
    lunette_http::serve(stream, router, std::future::pending()).await.map_err(io::Error::other)
}
