//! One connection: a reading half and a writing half that share a bounded queue.
//!
//! The writing half alone writes, so messages never mix. The reading half waits when the queue is full, so a peer
//! that asks without reading the answers is slowed, not buffered.

use std::io;
use std::time::Duration;

use lunette_wire::hxfr::{FrameError, TooLarge};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::backend::Backend;
use crate::listener::Socket;
use crate::reader::Reader;
use crate::room::Rooms;
use crate::writer::Writer;

/// Messages that wait for one peer to read.
const QUEUE: usize = 32;

/// How long a peer that we are done with may take to read our last words.
const FAREWELL: Duration = Duration::from_secs(1);

/// Why a connection ended, other than by its peer or by a refusal that it was told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Ended {
    #[error("the socket failed")]
    Socket(#[from] io::Error),
    #[error("the peer sent what is no message")]
    Stream(#[from] FrameError),
    #[error("the peer left in the middle of a message")]
    Truncated,
    #[error("the peer took nothing for {0:?}")]
    Stalled(Duration),
    #[error("the peer did not finish a message within {0:?}")]
    Unfinished(Duration),
    #[error("a message is too large to send")]
    TooLarge(#[from] TooLarge),
}

/// Serves one peer until it leaves, or must go.
pub(crate) async fn serve<B: Backend>(
    socket: Box<dyn Socket>,
    backend: &B,
    rooms: Rooms,
    stall: Duration,
) -> Result<(), Ended> {
    let (mut read, mut write) = tokio::io::split(socket);
    let (queue, waiting) = mpsc::channel(QUEUE);
    let reader = Reader::new(backend, queue, rooms, stall);
    let ended = {
        let writer = Writer::new(&mut write, stall).run(waiting);
        tokio::pin!(writer);
        tokio::select! {
            written = &mut writer => written,
            read = reader.run(&mut read) => {
                // What was asked before the peer stopped asking is still answered.
                writer.await?;
                read
            }
        }
    };
    if ended.is_ok() {
        // A peer that takes longer has been told all the same; there is nobody left to tell of it.
        let _ = timeout(FAREWELL, say_goodbye(&mut read, &mut write)).await;
    }
    ended
}

/// Ends our direction and waits for the peer to end its own: closing with unread input would make the kernel throw
/// away what we sent last.
async fn say_goodbye(read: &mut (impl AsyncRead + Unpin), write: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    write.shutdown().await?;
    let mut unread = [0; 4096];
    while read.read(&mut unread).await? > 0 {}
    Ok(())
}
