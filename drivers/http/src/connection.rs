//! One connection: bounded in the time that it takes to say what it wants, and in how much it says.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::sleep;

/// For the head of a request, and between requests.
const HEAD: Duration = Duration::from_secs(30);
/// Bytes of a head.
const LONGEST_HEAD: usize = 64 * 1024;
/// After an error of `accept`, which mostly lasts: no descriptors left.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves a connection until it ends. Once `closing` is ready, the answer that is being made is the last.
///
/// # Errors
/// When it breaks, or says nothing for too long.
pub async fn serve<S>(stream: S, router: Router, closing: impl Future<Output = ()>) -> hyper::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(LONGEST_HEAD)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .with_upgrades();
    let mut serving = pin!(serving);
    tokio::select! {
        ended = serving.as_mut() => ended,
        () = closing => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    }
}

/// Lets some time pass after a connection could not be accepted.
pub async fn pause_after(error: io::Error) {
    tracing::error!(%error, "cannot accept a connection");
    sleep(PAUSE).await;
}
