//! One connection.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use lunette_seat::{Action, Activity, Connection, Device, Errno, Reply, Violation};
use lunette_sys_unix::send_with_fds;
use tokio::io::{AsyncReadExt, Interest};
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

use crate::devices::Devices;

/// How long a compositor may take to open the seat.
const TO_OPEN: Duration = Duration::from_secs(10);
/// How long it may leave an answer unread that does not fit into the socket any more.
const TO_READ: Duration = Duration::from_secs(5);
/// More than any request.
const PIECE: usize = 1024;

/// Why a connection ended otherwise than by the compositor's closing it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Ended {
    #[error("it broke the protocol")]
    Violation(#[from] Violation),
    #[error("it opened no seat in time")]
    Slow,
    #[error("it does not read its answers")]
    Stuck,
    #[error("the socket failed")]
    Socket(#[from] io::Error),
}

/// Serves a compositor until it goes.
pub(crate) async fn serve(
    mut stream: UnixStream,
    mut connection: Connection,
    devices: &dyn Devices,
    mut activity: watch::Receiver<Activity>,
) -> Result<(), Ended> {
    let opened_by = Instant::now() + TO_OPEN;
    let mut bytes = [0; PIECE];
    connection.set_activity(*activity.borrow_and_update());
    loop {
        drain(&stream, &mut connection, devices).await?;
        tokio::select! {
            len = read(&mut stream, &mut bytes, (!connection.is_open()).then_some(opened_by)) => match len? {
                0 => return Ok(()),
                len => connection.receive(&bytes[..len]),
            },
            Ok(()) = activity.changed() => connection.set_activity(*activity.borrow_and_update()),
        }
    }
}

async fn read(stream: &mut UnixStream, bytes: &mut [u8], limit: Option<Instant>) -> Result<usize, Ended> {
    let reading = stream.read(bytes);
    match limit {
        Some(limit) => Ok(timeout_at(limit, reading).await.map_err(|_| Ended::Slow)??),
        None => Ok(reading.await?),
    }
}

async fn drain(stream: &UnixStream, connection: &mut Connection, devices: &dyn Devices) -> Result<(), Ended> {
    while let Some(action) = connection.poll_action()? {
        match action {
            Action::Send(reply) => send(stream, &reply, None).await?,
            Action::Open(device) => match devices.open(device) {
                Ok(fd) => send(stream, &connection.opened(), Some(fd)).await?,
                Err(error) => refuse(connection, device, &error),
            },
        }
    }
    Ok(())
}

fn refuse(connection: &mut Connection, device: Device, error: &io::Error) {
    tracing::warn!(?device, %error, "cannot open a device for a compositor");
    connection.refused(error.raw_os_error().map_or(Errno::EIO, Errno::new));
}

/// The descriptor is closed here whether it went out or not.
async fn send(stream: &UnixStream, reply: &Reply, fd: Option<OwnedFd>) -> Result<(), Ended> {
    let bytes = reply.encode();
    let fds: Vec<BorrowedFd<'_>> = fd.iter().map(AsFd::as_fd).collect();
    let sending = stream.async_io(Interest::WRITABLE, || send_with_fds(stream, &bytes, &fds));
    let sent = timeout(TO_READ, sending).await.map_err(|_| Ended::Stuck)??;
    // So small a message goes out whole or not at all.
    if sent == bytes.len() { Ok(()) } else { Err(io::Error::from(io::ErrorKind::WriteZero).into()) }
}
