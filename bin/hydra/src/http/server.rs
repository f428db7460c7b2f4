//! Connections: bounded in number, and in the time that they take to say what they want.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use lunette_auth::Neighbourhood;
use lunette_http::{Doorway, Guest};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// For answers that are being written at the end.
const FAREWELL: Duration = Duration::from_secs(2);

/// Bytes both ways.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for S {}

/// Where connections come from.
pub(crate) trait Accept {
    /// What a connection is.
    type Stream: Stream;

    /// The next one, and where it is from if that may be anywhere. Dropping the future loses nothing.
    async fn accept(&self) -> io::Result<(Self::Stream, Option<Neighbourhood>)>;
}

impl Accept for UnixListener {
    type Stream = UnixStream;

    async fn accept(&self) -> io::Result<(UnixStream, Option<Neighbourhood>)> {
        Self::accept(self).await.map(|(stream, _)| (stream, None))
    }
}

impl Accept for TcpListener {
    type Stream = TcpStream;

    async fn accept(&self) -> io::Result<(TcpStream, Option<Neighbourhood>)> {
        let (stream, from) = Self::accept(self).await?;
        // A key is a small packet, and waits for nothing.
        stream.set_nodelay(true)?;
        Ok((stream, Some(Neighbourhood::from(from.ip()))))
    }
}

/// Serves until it is closed.
pub(crate) struct Server {
    router: Router,
    places: Arc<Semaphore>,
    doorway: Arc<Doorway>,
    connections: JoinSet<()>,
    closing: watch::Sender<bool>,
}

impl Server {
    /// One that takes so many connections at once; more wait in the kernel.
    pub(crate) fn new(router: Router, connections: usize) -> Self {
        let places = Arc::new(Semaphore::new(connections));
        let doorway = Doorway::new(connections);
        Self { router, places, doorway, connections: JoinSet::new(), closing: watch::channel(false).0 }
    }

    /// Takes one more connection, and lets go of those that ended. Dropping the future loses nothing.
    pub(crate) async fn serve_next(&mut self, listener: &impl Accept) {
        let accepted = async {
            let place = Arc::clone(&self.places).acquire_owned().await;
            (listener.accept().await, place)
        };
        tokio::select! {
            Some(_) = self.connections.join_next() => {}
            (accepted, place) = accepted => match accepted {
                Ok((stream, from)) => {
                    let guest = from.map(|from| self.doorway.enter(from).map(Arc::new));
                    if let Some(None) = guest {
                        tracing::debug!("a connection was turned away: there are many from there");
                        return;
                    }
                    let serving = connection(stream, self.router.clone(), guest.flatten(), self.closing.subscribe());
                    self.connections.spawn(async move {
                        serving.await;
                        drop(place);
                    });
                }
                Err(error) => lunette_http::pause_after(error).await,
            },
        }
    }

    /// Lets answers be finished, and ends the others.
    pub(crate) async fn close(mut self) {
        self.closing.send_replace(true);
        let ended = async { while self.connections.join_next().await.is_some() {} };
        if timeout(FAREWELL, ended).await.is_err() {
            self.connections.shutdown().await;
        }
    }
}

async fn closed(closing: &mut watch::Receiver<bool>) {
    // The server is gone when its sender is.
    let _ = closing.wait_for(|closing| *closing).await;
}

async fn connection(
    stream: impl Stream,
    router: Router,
    guest: Option<Arc<Guest>>,
    mut closing: watch::Receiver<bool>,
) {
    let closed = closed(&mut closing);
    let ended = match guest {
        Some(guest) => guest.serve(stream, router, closed).await,
        None => lunette_http::serve(stream, router, closed).await,
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended badly");
    }
}
