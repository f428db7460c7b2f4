//! The writing half of a connection: whole messages, one after the other.

use std::io;
use std::time::Duration;

use bytes::Buf;
use lunette_wire::hxfr::{ErrorReply, FrameResponseHead, Message, SessionId};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use crate::backend::{StreamEnd, Units};
use crate::cursor::CursorFeed;
use crate::outgoing::{Outgoing, bytes_of};
use crate::serve::Ended;

/// How many times the stall limit one message may take, however steadily the peer takes a little of it.
const CRAWL: u32 = 4;

pub(crate) struct Writer<'a, W> {
    socket: &'a mut W,
    stall: Duration,
}

impl<'a, W: AsyncWrite + Unpin> Writer<'a, W> {
    pub(crate) fn new(socket: &'a mut W, stall: Duration) -> Self {
        Self { socket, stall }
    }

    pub(crate) async fn run<U: Units>(mut self, mut waiting: mpsc::Receiver<Outgoing<U>>) -> Result<(), Ended> {
        while let Some(outgoing) = waiting.recv().await {
            match outgoing {
                Outgoing::Reply(session, message) => self.write(bytes_of(session, &message)?).await?,
                // Comes behind a Follow only.
                Outgoing::Cursor(_) => {}
                Outgoing::Follow(session, message, units) => {
                    self.write(bytes_of(session, &message)?).await?;
                    return self.follow(session, units, waiting).await;
                }
            }
        }
        Ok(())
    }

    /// Writes units, and replies between them, until the reading half or the stream ends.
    async fn follow<U: Units>(
        &mut self,
        session: SessionId,
        mut units: U,
        mut waiting: mpsc::Receiver<Outgoing<U>>,
    ) -> Result<(), Ended> {
        let mut cursor = CursorFeed::default();
        loop {
            tokio::select! {
                biased;
                outgoing = waiting.recv() => match outgoing {
                    Some(Outgoing::Reply(session, message) | Outgoing::Follow(session, message, _)) => {
                        self.write(bytes_of(session, &message)?).await?;
                    }
                    Some(Outgoing::Cursor(feed)) => cursor.follow(feed),
                    None => return Ok(()),
                },
                update = cursor.next() => self.write(bytes_of(session, &Message::Cursor(update))?).await?,
                unit = units.next() => match unit {
                    Ok(unit) => {
                        let pts = Some(unit.pts.into());
                        let head = FrameResponseHead::new(session, pts, pts, unit.kind, unit.data.len())?;
                        self.write(Buf::chain(head.as_bytes().as_slice(), unit.data)).await?;
                    }
                    Err(StreamEnd { code, reason }) => {
                        let error = Message::Error(ErrorReply::new(code, reason));
                        return self.write(bytes_of(session, &error)?).await;
                    }
                },
            }
        }
    }

    /// Writes all of it, as long as the peer takes some of it now and then.
    async fn write(&mut self, mut bytes: impl Buf) -> Result<(), Ended> {
        let last = Instant::now() + self.stall * CRAWL;
        while bytes.has_remaining() {
            let until = last.min(Instant::now() + self.stall);
            match timeout_at(until, self.socket.write_buf(&mut bytes)).await {
                Ok(Ok(0)) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                Ok(written) => written?,
                Err(_) => return Err(Ended::Stalled(self.stall)),
            };
        }
        Ok(())
    }
}
