//! One connection of one client.
//!
//! ```text
//!   read a request ──▶ wait for the answer ──▶ send it ──granted──▶ hold the lease
//!        │ slow, bad          │ gone                │ refused          │ gone, any byte
//!        ▼                    ▼                     ▼                  ▼
//!      the task ends, which is how the broker learns that the client is gone
//! ```

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use lunette_frame::ScanoutId;
use lunette_lease::ClientId;
use lunette_wire::lease::{LongReply, Reply, Request, RequestError};
use lunette_wire::{Token, lease::LeaseOptions};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use tokio::io::{AsyncReadExt, Interest};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// What a client wants.
#[derive(Debug)]
pub(crate) enum Asked {
    Lease { client: ClientId, request: Request, connection: OwnedFd, answer: oneshot::Sender<Answer> },
    Release { client: ClientId, scanout: ScanoutId },
}

/// What it gets.
#[derive(Debug)]
pub(crate) enum Answer {
    Granted { scanout: ScanoutId, connector: String, token: Token, lease: OwnedFd },
    Refused(String),
}

/// How a connection ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Ended {
    /// Or the client died.
    #[error("closed")]
    Closed,
    /// Whatever the bytes say, they end a lease.
    #[error("more bytes came")]
    Spoke,
    #[error("nothing more to say")]
    Served,
    #[error("no whole request in time")]
    Slow,
    #[error("bad request: {0}")]
    Bad(RequestError),
    #[error("the socket failed: {0}")]
    Failed(io::Error),
}

pub(crate) async fn serve(
    mut stream: UnixStream,
    client: ClientId,
    asked: mpsc::Sender<Asked>,
    patience: Duration,
) -> Ended {
    let bytes = match timeout(patience, read_request(&mut stream)).await {
        Err(_) => return Ended::Slow,
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => return Ended::Closed,
        Ok(Err(error)) => return Ended::Failed(error),
        Ok(Ok(bytes)) => bytes,
    };
    let request = match Request::decode(&bytes) {
        Ok(request) => request,
        Err(error) => {
            let long = Request::len_of(bytes[0]) == Request::LEN_WITH_OPTIONS;
            let refused = send(&stream, Answer::Refused(error.to_string()), long).await;
            return refused.map_or_else(Ended::Failed, |()| Ended::Bad(error));
        }
    };
    ask(&stream, client, request, &asked).await.unwrap_or_else(Ended::Failed)
}

/// Holds a lease that an earlier manager had granted.
pub(crate) async fn hold(stream: UnixStream) -> Ended {
    more(&stream).await.unwrap_or_else(Ended::Failed)
}

async fn read_request(stream: &mut UnixStream) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; Request::LEN];
    stream.read_exact(&mut bytes).await?;
    let rest = Request::len_of(bytes[0]) - Request::LEN;
    bytes.resize(Request::LEN + rest, 0);
    stream.read_exact(&mut bytes[Request::LEN..]).await?;
    Ok(bytes)
}

async fn ask(
    stream: &UnixStream,
    client: ClientId,
    request: Request,
    asked: &mpsc::Sender<Asked>,
) -> io::Result<Ended> {
    let long = match request {
        Request::Release { scanout } => {
            // The broker is there as long as its clients are.
            let _ = asked.send(Asked::Release { client, scanout }).await;
            return Ok(Ended::Served);
        }
        Request::Lease { options, .. } => options.is_some(),
    };
    let (answer, answered) = oneshot::channel();
    let connection = stream.as_fd().try_clone_to_owned()?;
    let _ = asked.send(Asked::Lease { client, request, connection, answer }).await;
    let answer = tokio::select! {
        biased;
        answer = answered => answer,
        more = more(stream) => return more,
    };
    let Ok(answer) = answer else { return Ok(Ended::Served) };
    let granted = matches!(answer, Answer::Granted { .. });
    send(stream, answer, long).await?;
    if granted { more(stream).await } else { Ok(Ended::Served) }
}

/// Waits until the client says more than it may, or goes.
async fn more(stream: &UnixStream) -> io::Result<Ended> {
    loop {
        stream.readable().await?;
        match stream.try_read(&mut [0]) {
            Ok(0) => return Ok(Ended::Closed),
            Ok(_) => return Ok(Ended::Spoke),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(Ended::Closed),
            Err(error) => return Err(error),
        }
    }
}

/// Sends the reply and the lease in one `sendmsg`: clients call `recvmsg` once.
async fn send(stream: &UnixStream, answer: Answer, long: bool) -> io::Result<()> {
    let (reply, token, lease) = match answer {
        Answer::Granted { scanout, connector, token, lease } => {
            (Reply::Granted { scanout, connector }, Some(token), Some(lease))
        }
        Answer::Refused(reason) => (Reply::Refused { reason }, None, None),
    };
    let bytes = if long { LongReply { reply, token }.encode().to_vec() } else { reply.encode().to_vec() };
    let sent = stream.async_io(Interest::WRITABLE, || send_once(stream, &bytes, lease.as_ref())).await?;
    // So small a message goes out whole or not at all.
    if sent == bytes.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
}

fn send_once(stream: &UnixStream, bytes: &[u8], lease: Option<&OwnedFd>) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let fds: Vec<_> = lease.map(AsFd::as_fd).into_iter().collect();
    if !fds.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(&fds)) {
        return Err(io::Error::other("no room for the descriptor"));
    }
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    Ok(sendmsg(stream, &[IoSlice::new(bytes)], &mut ancillary, flags)?)
}

/// What a request's options are, where it has none.
pub(crate) fn options(request: &Request) -> LeaseOptions {
    match request {
        Request::Lease { options, .. } => options.unwrap_or_default(),
        Request::Release { .. } => LeaseOptions::default(),
    }
}
