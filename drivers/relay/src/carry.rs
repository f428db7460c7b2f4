//! A viewer's WebSocket, carried to a desktop.

use std::io;

use bytes::{Buf, Bytes};
use lunette_dial::{Outcome, Relay, Side};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::time::Instant;

/// Bytes that are read at once.
const CHUNK: usize = 64 << 10;

/// Carries a WebSocket after both of its upgrades: what the viewer sends to the desktop, and back, frame by frame, until
/// it has ended; then both are closed. If the desktop's side is cut, the viewer gets a close frame with 1012, after
/// which it may connect again.
///
/// What either side sent right behind the head of its upgrade has to come out of `viewer` and `desktop` first; hyper's
/// upgraded connections do that.
pub async fn carry<V, D>(viewer: V, desktop: D) -> Outcome
where
    V: AsyncRead + AsyncWrite,
    D: AsyncRead + AsyncWrite,
{
    let mut mask = [0; 4];
    // A mask keeps scripts from choosing bytes on the wire. These few frames are none of a script's: zeros would do.
    if let Err(error) = getrandom::fill(&mut mask) {
        tracing::debug!(%error, "no random mask");
    }
    let start = Instant::now();
    let mut relay = Relay::new(start.elapsed(), mask);
    let (mut viewer, mut desktop) = (Wire::of(viewer), Wire::of(desktop));
    loop {
        let now = start.elapsed();
        viewer.next = viewer.next.take().or_else(|| relay.take(now, Side::Viewer).map(Piece::of));
        desktop.next = desktop.next.take().or_else(|| relay.take(now, Side::Desktop).map(Piece::of));
        if let Some(outcome) = relay.outcome() {
            return outcome;
        }
        let (viewer_wanted, desktop_wanted) = (relay.wants(Side::Viewer), relay.wants(Side::Desktop));
        let (side, happened) = tokio::select! {
            () = tokio::time::sleep_until(start + relay.deadline()) => {
                relay.tick(start.elapsed());
                continue;
            }
            happened = viewer.happens(viewer_wanted) => (Side::Viewer, happened),
            happened = desktop.happens(desktop_wanted) => (Side::Desktop, happened),
        };
        let now = start.elapsed();
        match happened {
            Happened::Wrote(count) => relay.wrote(side, count),
            Happened::Read(count) => {
                let wire = if side == Side::Viewer { &viewer.buffer } else { &desktop.buffer };
                relay.received(now, side, &wire[..count]);
            }
            Happened::Ended => relay.ended(now, side),
        }
        viewer.forget_if(side == Side::Viewer && matches!(happened, Happened::Ended));
        desktop.forget_if(side == Side::Desktop && matches!(happened, Happened::Ended));
    }
}

enum Happened {
    Read(usize),
    Wrote(usize),
    Ended,
}

/// Bytes on their way out. What has been written is gone from it, so writing may be interrupted anywhere.
struct Piece {
    left: Bytes,
    whole: usize,
}

impl Piece {
    fn of(bytes: Bytes) -> Self {
        Self { whole: bytes.len(), left: bytes }
    }
}

struct Wire<T> {
    read: ReadHalf<T>,
    write: WriteHalf<T>,
    buffer: Vec<u8>,
    next: Option<Piece>,
    ended: bool,
}

impl<T: AsyncRead + AsyncWrite> Wire<T> {
    fn of(io: T) -> Self {
        let (read, write) = tokio::io::split(io);
        Self { read, write, buffer: vec![0; CHUNK], next: None, ended: false }
    }

    /// The next thing that happens, if anything can.
    async fn happens(&mut self, wanted: bool) -> Happened {
        let (read, write, buffer, next) = (&mut self.read, &mut self.write, &mut self.buffer, &mut self.next);
        let (reads, writes) = (wanted && !self.ended, next.is_some() && !self.ended);
        let writing = async {
            match next {
                Some(piece) => write_all(write, &mut piece.left).await.map(|()| piece.whole),
                None => std::future::pending().await,
            }
        };
        let happened = tokio::select! {
            count = read.read(buffer), if reads => match count {
                Ok(count) if count > 0 => Happened::Read(count),
                _ => Happened::Ended,
            },
            wrote = writing, if writes => wrote.map_or(Happened::Ended, Happened::Wrote),
            else => std::future::pending().await,
        };
        if let Happened::Wrote(_) = happened {
            self.next = None;
        }
        happened
    }

    fn forget_if(&mut self, ended: bool) {
        if ended {
            self.ended = true;
            self.next = None;
        }
    }
}

async fn write_all(write: &mut (impl AsyncWrite + Unpin), left: &mut Bytes) -> io::Result<()> {
    while left.has_remaining() {
        if write.write_buf(left).await? == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
    }
    write.flush().await
}
