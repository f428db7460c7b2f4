//! Listeners and connections: bounded in number, and in the time that they take to say what they want.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::{Extension, Router};
use lunette_auth::Neighbourhood;
use lunette_http::{Doorway, Guest};
use lunette_net::UnixSocket;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::cli::Listen;

/// Connections at once; more wait in the kernel.
const CONNECTIONS: usize = 1024;

/// Who is at the other end.
#[derive(Debug, Clone, Copy)]
pub enum Peer {
    /// Somebody on the network.
    Address(IpAddr),
    /// A process of this machine.
    Process,
}

impl Peer {
    /// Whom wrong tokens and floods are blamed on.
    #[must_use]
    pub fn neighbourhood(&self) -> Neighbourhood {
        match self {
            Self::Address(address) => Neighbourhood::from(*address),
            Self::Process => Neighbourhood::from(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        }
    }
}

/// An open listener.
pub enum Listener {
    /// TCP.
    Tcp(TcpListener),
    /// A Unix socket; its file goes with it.
    Unix(UnixSocket),
}

/// A connection's place among all of them; what outlives its requests, as a WebSocket does, keeps it.
#[derive(Debug, Clone)]
pub struct Place {
    _permit: Arc<OwnedSemaphorePermit>,
    /// `None` for processes of this machine, who were let in one by one.
    guest: Option<Arc<Guest>>,
}

/// What connections are let in by.
struct Entrance {
    router: Router,
    uids: Arc<[u32]>,
    doorway: Arc<Doorway>,
}

impl Listener {
    /// Starts to listen.
    ///
    /// # Errors
    /// When the address is taken, or cannot be had.
    pub async fn open(listen: &Listen) -> anyhow::Result<Self> {
        match listen {
            Listen::Tcp(address) => {
                let bound = TcpListener::bind(address).await;
                Ok(Self::Tcp(bound.with_context(|| format!("cannot listen at {address}"))?))
            }
            Listen::Unix(path) => Ok(Self::Unix(UnixSocket::bind(path)?)),
        }
    }

    /// Where it listens, as it is printed.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn address(&self) -> io::Result<String> {
        match self {
            Self::Tcp(listener) => Ok(listener.local_addr()?.to_string()),
            Self::Unix(socket) => Ok(format!("unix:{}", socket.path().display())),
        }
    }

    /// Takes connections, for ever.
    pub async fn serve(self, router: Router, uids: Arc<[u32]>) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let entrance = Entrance { router, uids, doorway: Doorway::new(CONNECTIONS) };
        loop {
            // The semaphore is never closed.
            let Ok(permit) = Arc::clone(&places).acquire_owned().await else { return };
            let accepted = match &self {
                Self::Tcp(listener) => listener.accept().await.map(|(stream, from)| entrance.tcp(stream, from, permit)),
                // Who may connect is asked of each peer; the file's mode keeps out the rest of the machine.
                Self::Unix(socket) => socket.accept().await.map(|stream| entrance.unix(stream, permit)),
            };
            if let Err(error) = accepted {
                lunette_http::pause_after(error).await;
            }
        }
    }
}

impl Entrance {
    fn tcp(&self, stream: tokio::net::TcpStream, from: SocketAddr, permit: OwnedSemaphorePermit) {
        let peer = Peer::Address(from.ip());
        let Some(guest) = self.doorway.enter(peer.neighbourhood()) else {
            tracing::debug!(%from, "a connection was turned away: there are many from there");
            return;
        };
        if let Err(error) = prepare(&stream) {
            tracing::debug!(%error, "a connection was gone at once");
            return;
        }
        self.connection(stream, peer, Place { _permit: Arc::new(permit), guest: Some(Arc::new(guest)) });
    }

    fn unix(&self, stream: UnixStream, permit: OwnedSemaphorePermit) {
        let own = rustix::process::geteuid().as_raw();
        match stream.peer_cred() {
            Ok(peer) if peer.uid() == 0 || peer.uid() == own || self.uids.contains(&peer.uid()) => {
                self.connection(stream, Peer::Process, Place { _permit: Arc::new(permit), guest: None });
            }
            Ok(peer) => tracing::warn!(uid = peer.uid(), "a user was turned away: --allowed-uid would let it in"),
            Err(error) => tracing::debug!(%error, "a connection was gone at once"),
        }
    }

    fn connection<S>(&self, stream: S, peer: Peer, place: Place)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let router = self.router.clone().layer(Extension(peer)).layer(Extension(place.clone()));
        tokio::spawn(async move {
            let closing = std::future::pending();
            let ended = match &place.guest {
                Some(guest) => Arc::clone(guest).serve(stream, router, closing).await,
                None => lunette_http::serve(stream, router, closing).await,
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended badly");
            }
            drop(place);
        });
    }
}

/// Small messages go out at once, and a peer that is gone without a word is noticed.
fn prepare(stream: &tokio::net::TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let keepalive = socket2::TcpKeepalive::new()
        .with_time(Duration::from_secs(15))
        .with_interval(Duration::from_secs(5))
        .with_retries(3);
    socket2::SockRef::from(stream).set_tcp_keepalive(&keepalive)
}
