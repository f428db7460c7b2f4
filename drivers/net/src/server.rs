//! Accepts peers and keeps one task for each.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::DuplexStream;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{Instrument, info_span};

use crate::backend::{Backend, Event};
use crate::listener::{Listener, Socket};
use crate::room::Rooms;
use crate::serve::{Ended, serve};

/// What bounds a server.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Messages above 256 KiB that are being received or encoded at once; each may be 64 MiB long.
    pub large_messages: usize,
    /// How long a peer may take nothing of what is being written to it.
    pub stall: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 4096, large_messages: 16, stall: Duration::from_secs(30) }
    }
}

/// How long peers may take to leave when the server stops.
const LAST_CALL: Duration = Duration::from_millis(500);

/// Serves every peer of some listeners.
#[derive(Debug)]
pub struct Server<B> {
    backend: Arc<B>,
    limits: Limits,
    places: Arc<Semaphore>,
    rooms: Rooms,
}

impl<B: Backend> Server<B> {
    /// A server for `backend`.
    #[must_use]
    pub fn new(backend: Arc<B>, limits: Limits) -> Self {
        let places = Arc::new(Semaphore::new(limits.connections));
        Self { backend, limits, places, rooms: Rooms::new(limits.large_messages) }
    }

    /// Serves until `stop` turns true or its sender is gone; then every connection is closed, after half a second for
    /// what is on its way. Needs
    /// a runtime with several threads, since switching a scanout may block one for seconds.
    pub async fn run(self, listeners: Vec<Listener>, stop: &watch::Receiver<bool>) {
        let server = Arc::new(self);
        let mut accepting = JoinSet::new();
        for listener in listeners {
            let (server, stop) = (Arc::clone(&server), stop.clone());
            accepting.spawn(async move { server.accept_all(listener, stop).await });
        }
        while accepting.join_next().await.is_some() {}
    }

    /// Serves those who come by somebody else's connections, which are handed in, as [`Server::run`] does. `from` is what to
    /// call them in logs.
    pub async fn run_handed(
        self,
        mut handed: mpsc::Receiver<DuplexStream>,
        from: &str,
        mut stop: watch::Receiver<bool>,
    ) {
        let mut peers = JoinSet::new();
        loop {
            tokio::select! {
                () = stopped(&mut stop) => break,
                Some(_) = peers.join_next() => {}
                Some(stream) = handed.recv() => self.welcome(&mut peers, Box::new(stream), from),
            }
        }
        drop(handed);
        last_call(peers).await;
    }

    async fn accept_all(&self, listener: Listener, mut stop: watch::Receiver<bool>) {
        let mut peers = JoinSet::new();
        loop {
            tokio::select! {
                () = stopped(&mut stop) => break,
                Some(_) = peers.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((socket, peer)) => self.welcome(&mut peers, socket, &peer),
                    Err(error) => {
                        tracing::error!(endpoint = %listener.endpoint(), %error, "cannot accept");
                        // Out of descriptors most likely; the peers that leave free some.
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                },
            }
        }
        drop(listener);
        last_call(peers).await;
    }

    fn welcome(&self, peers: &mut JoinSet<()>, socket: Box<dyn Socket>, peer: &str) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            self.backend.count(Event::TurnedAway);
            tracing::warn!(peer, limit = self.limits.connections, "turned away: too many connections");
            return;
        };
        let open = Open::count(Arc::clone(&self.backend));
        let (rooms, stall) = (self.rooms.clone(), self.limits.stall);
        let span = info_span!("peer", %peer);
        let task = async move {
            tracing::debug!("connected");
            match serve(socket, &open.0, rooms, stall).await {
                Ok(()) => tracing::debug!("left"),
                Err(ended) => report(&*open.0, &ended),
            }
            drop(place);
        };
        peers.spawn(task.instrument(span));
    }
}

/// What is on its way to peers may still arrive.
async fn last_call(mut peers: JoinSet<()>) {
    let leaving = async { while peers.join_next().await.is_some() {} };
    if timeout(LAST_CALL, leaving).await.is_err() {
        tracing::debug!("closing the connections that are left");
    }
}

/// One open connection, counted until it is dropped, whatever ends its task.
struct Open<B: Backend>(Arc<B>);

impl<B: Backend> Open<B> {
    fn count(backend: Arc<B>) -> Self {
        backend.count(Event::Accepted);
        Self(backend)
    }
}

impl<B: Backend> Drop for Open<B> {
    fn drop(&mut self) {
        self.0.count(Event::Closed);
    }
}

/// Returns when the flag turns true or nobody can turn it any more.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _flag = stop.wait_for(|stop| *stop).await.map(|flag| *flag);
}

fn report(backend: &impl Backend, ended: &Ended) {
    let cause = std::error::Error::source(ended).map(ToString::to_string).unwrap_or_default();
    match ended {
        Ended::Socket(_) => tracing::debug!(cause, "{ended}"),
        Ended::Stalled(_) | Ended::Unfinished(_) => {
            backend.count(Event::TimedOut);
            tracing::info!("closed: {ended}");
        }
        Ended::Truncated => {
            backend.count(Event::BadStream);
            tracing::info!("closed: {ended}");
        }
        Ended::Stream(_) | Ended::TooLarge(_) => tracing::warn!(cause, "closed: {ended}"),
    }
}
