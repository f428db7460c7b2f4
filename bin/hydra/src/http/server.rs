//! Connections: bounded in number, and in the time that they take to say what they want.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// For the head of a request, and between requests.
const HEAD: Duration = Duration::from_secs(30);
/// Bytes of a head.
const LONGEST_HEAD: usize = 64 * 1024;
/// After an error of `accept`, which mostly lasts: no descriptors left.
const PAUSE: Duration = Duration::from_millis(100);
/// For answers that are being written at the end.
const FAREWELL: Duration = Duration::from_secs(2);

/// Bytes both ways.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for S {}

/// Where connections come from.
pub(crate) trait Accept {
    /// What a connection is.
    type Stream: Stream;

    /// The next one. Dropping the future loses nothing.
    async fn accept(&self) -> io::Result<Self::Stream>;
}

impl Accept for UnixListener {
    type Stream = UnixStream;

    async fn accept(&self) -> io::Result<UnixStream> {
        Self::accept(self).await.map(|(stream, _)| stream)
    }
}

impl Accept for TcpListener {
    type Stream = TcpStream;

    async fn accept(&self) -> io::Result<TcpStream> {
        let (stream, _) = Self::accept(self).await?;
        // A key is a small packet, and waits for nothing.
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

/// Serves until it is closed.
pub(crate) struct Server {
    router: Router,
    places: Arc<Semaphore>,
    connections: JoinSet<()>,
    closing: watch::Sender<bool>,
}

impl Server {
    /// One that takes so many connections at once; more wait in the kernel.
    pub(crate) fn new(router: Router, connections: usize) -> Self {
        let places = Arc::new(Semaphore::new(connections));
        Self { router, places, connections: JoinSet::new(), closing: watch::channel(false).0 }
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
                Ok(stream) => {
                    let serving = connection(stream, self.router.clone(), self.closing.subscribe());
                    self.connections.spawn(async move {
                        serving.await;
                        drop(place);
                    });
                }
                Err(error) => paused(error).await,
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

async fn paused(error: io::Error) {
    tracing::error!(%error, "cannot accept a connection");
    sleep(PAUSE).await;
}

async fn closed(closing: &mut watch::Receiver<bool>) {
    // The server is gone when its sender is.
    let _ = closing.wait_for(|closing| *closing).await;
}

async fn connection(stream: impl Stream, router: Router, mut closing: watch::Receiver<bool>) {
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(LONGEST_HEAD)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .with_upgrades();
    let mut serving = std::pin::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = closed(&mut closing) => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended badly");
    }
}
