//! Subscribers that count and discard.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::BytesMut;
use lunette_wire::hxfr::Subscribe;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::LocalSet;
use tokio::time::timeout;

use super::scanner::Scanner;
use crate::bench::screen::SCANOUT;

/// For a connection, and for the first picture of every subscriber.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes that one read takes; all subscribers read into the same buffer, since none of them keeps anything.
const READ: usize = 128 << 10;

/// What one subscriber received.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) frames: Cell<u64>,
    pub(super) bytes: Cell<u64>,
    /// Whether its connection ended.
    pub(super) gone: Cell<bool>,
}

/// Connects `count` subscribers, whose tasks run on `local`, and waits until each has a picture.
pub(super) async fn subscribe(local: &LocalSet, address: SocketAddr, count: usize) -> Result<Vec<Rc<Tally>>> {
    let buffer = Rc::new(RefCell::new(vec![0; READ]));
    let (ready, mut waiting) = mpsc::channel(count.max(1));
    let mut tallies = Vec::with_capacity(count);
    for at in 0..count {
        let connected = timeout(PATIENCE, connect(address)).await;
        let stream = connected.context("no answer")?.with_context(|| format!("cannot connect subscriber {at}"))?;
        let tally = Rc::new(Tally::default());
        tallies.push(Rc::clone(&tally));
        let (buffer, ready) = (Rc::clone(&buffer), ready.clone());
        local.spawn_local(async move {
            let ended = follow(&stream, &tally, &buffer, &ready).await;
            tally.gone.set(true);
            // The one who waits has gone when measuring is over.
            let _ = ready.send(ended).await;
        });
    }
    for at in 0..count {
        let first = timeout(PATIENCE, waiting.recv()).await;
        let first = first.with_context(|| format!("{at} of {count} subscribers got a picture within {PATIENCE:?}"))?;
        first.unwrap_or(Ok(())).context("a subscriber's stream ended")?;
    }
    Ok(tallies)
}

async fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut message = BytesMut::new();
    Subscribe { scanout: SCANOUT }.encode(SCANOUT.into(), &mut message);
    stream.write_all(&message).await?;
    Ok(stream)
}

/// Reads until the end; tells `ready` of the first picture.
async fn follow(
    stream: &TcpStream,
    tally: &Tally,
    buffer: &RefCell<Vec<u8>>,
    ready: &mpsc::Sender<Result<()>>,
) -> Result<()> {
    let mut scanner = Scanner::default();
    loop {
        stream.readable().await?;
        let frames = {
            let mut buffer = buffer.borrow_mut();
            let read = match stream.try_read(&mut buffer) {
                Ok(0) => bail!("the server closed the connection"),
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error.into()),
            };
            tally.bytes.set(tally.bytes.get() + read as u64);
            scanner.take(&buffer[..read])?
        };
        if frames > 0 && tally.frames.get() == 0 {
            let _ = ready.send(Ok(())).await;
        }
        tally.frames.set(tally.frames.get() + frames);
    }
}
