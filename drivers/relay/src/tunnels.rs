//! The server's end, as a control plane uses it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use lunette_dial::{DialError, Limits, RunnerId};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::sync::{mpsc, oneshot, watch};

use crate::channel::pump;
use crate::owner::{self, Command, Present};
use crate::router::{self, Gate};
use crate::socket::Socket;

/// Commands that wait for the owner.
const MAX_COMMANDS: usize = 1024;
/// Bytes that are on their way through a tunnel, each way.
const BUFFER: usize = 64 << 10;

/// Everybody who can be dialled.
#[derive(Debug, Clone)]
pub struct Tunnels {
    commands: mpsc::Sender<Command>,
    present: watch::Receiver<Present>,
}

impl Tunnels {
    /// Nobody yet. To be called within a tokio runtime.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let (commands, received) = mpsc::channel(MAX_COMMANDS);
        let (told, present) = watch::channel(Vec::new());
        tokio::spawn(owner::run(limits, received, told));
        Self { commands, present }
    }

    /// The endpoint of both kinds of channel, `GET /api/v1/revdial`. Tokens are `gate`'s.
    pub fn router(&self, gate: Arc<dyn Gate>) -> Router {
        router::router(self.commands.clone(), gate)
    }

    /// A connection to what a runner serves, which is there within `limit` or not at all. One that was connected and is
    /// missed is waited for.
    ///
    /// # Errors
    /// When it cannot be had.
    pub async fn dial(&self, runner: &RunnerId, limit: Duration) -> Result<Tunnel, DialError> {
        let (waiting, answer) = oneshot::channel();
        let ended = || DialError::Refused {
            runner: runner.clone(),
            why: "the connection ended while it was opened".to_owned(),
        };
        let asked = self.commands.send(Command::Dial(runner.clone(), limit, waiting)).await;
        asked.map_err(|_| DialError::NotConnected(runner.clone()))?;
        answer.await.unwrap_or_else(|_| Err(ended()))
    }

    /// Who is known: `true` if it is connected, `false` if it was a moment ago.
    #[must_use]
    pub fn runners(&self) -> Vec<(RunnerId, bool)> {
        self.present.borrow().clone()
    }

    /// Whether a runner is connected.
    #[must_use]
    pub fn is_up(&self, runner: &RunnerId) -> bool {
        self.present.borrow().iter().any(|(known, up)| known == runner && *up)
    }

    /// Tells each change of [`Self::runners`].
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Vec<(RunnerId, bool)>> {
        self.present.clone()
    }
}

/// A connection through a runner. Dropping it ends it at the other end too.
#[derive(Debug)]
pub struct Tunnel {
    io: DuplexStream,
    /// Its end ends the task that carries the bytes, even if nothing moves.
    _held: oneshot::Sender<()>,
}

impl Tunnel {
    /// Carries bytes of a data channel that was opened for it.
    pub(crate) fn over(socket: Socket) -> Self {
        let (io, far) = tokio::io::duplex(BUFFER);
        let (held, dropped) = oneshot::channel();
        tokio::spawn(async move {
            tokio::select! {
                () = pump(socket, far) => {}
                _ = dropped => {}
            }
        });
        Self { io, _held: held }
    }
}

impl AsyncRead for Tunnel {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl AsyncWrite for Tunnel {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
