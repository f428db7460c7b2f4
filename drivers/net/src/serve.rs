//! One connection: a reading half and a writing half that share a bounded queue.
//!
//! The writing half alone writes, so messages never mix. The reading half waits when the queue is full, so a peer
//! that asks without reading the answers is slowed, not buffered.

use std::io;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use lunette_frame::ScanoutId;
use lunette_session::{Action, Connection};
use lunette_wire::hxfr::{
    ErrorCode, ErrorReply, FrameError, FrameResponseHead, Framer, Message, ScanoutResponse, SessionId,
    SubscribeResponse, TooLarge,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use crate::backend::{Backend, EncodeJob, Event, Refused, StreamEnd, StreamHandle, Units};
use crate::listener::Socket;
use crate::outgoing::{Outgoing, Replies, bytes_of};
use crate::room::{PATIENCE, Room, Rooms, SMALL};

/// Messages that wait for one peer to read.
const QUEUE: usize = 32;

/// Why a connection ended, other than by its peer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Ended {
    #[error("the socket failed")]
    Socket(#[from] io::Error),
    #[error("the peer sent what is no message")]
    Stream(#[from] FrameError),
    #[error("the peer took nothing for {0:?}")]
    Stalled(Duration),
    #[error("the peer did not finish a large message within {0:?}")]
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
    let (read, write) = tokio::io::split(socket);
    let (queue, waiting) = mpsc::channel(QUEUE);
    let connection = Connection::new();
    let reader = Reader { backend, connection, queue, handle: None, encoder: None, rooms, room: None };
    let reader = reader.run(read);
    let writer = Writer { socket: write, stall }.run(waiting);
    tokio::pin!(writer);
    tokio::select! {
        written = &mut writer => written,
        read = reader => {
            // What was asked before the peer stopped asking is still answered.
            writer.await?;
            read
        }
    }
}

struct Reader<'a, B: Backend> {
    backend: &'a B,
    connection: Connection,
    queue: mpsc::Sender<Outgoing<B::Units>>,
    handle: Option<B::Handle>,
    encoder: Option<mpsc::Sender<EncodeJob>>,
    rooms: Rooms,
    /// The place of the large message that is being received, and until when it must be complete.
    room: Option<(Room, Instant)>,
}

/// Whether the reading half goes on after a message.
#[derive(PartialEq, Eq)]
enum Next {
    Read,
    Close,
}

impl<B: Backend> Reader<'_, B> {
    async fn run(mut self, mut socket: impl AsyncRead + Unpin) -> Result<(), Ended> {
        let mut framer = Framer::new();
        loop {
            while let Some(received) = self.next_message(&mut framer)? {
                let action = self.connection.handle(received);
                if self.act(action).await == Next::Close {
                    return Ok(());
                }
            }
            if self.read(&mut socket, framer.buffer()).await? == 0 {
                return Ok(());
            }
        }
    }

    /// Reads what there is, once there is room for a message as large as this one has become.
    async fn read(&mut self, socket: &mut (impl AsyncRead + Unpin), buffer: &mut BytesMut) -> Result<usize, Ended> {
        if buffer.len() < SMALL {
            self.room = None;
            return Ok(socket.read_buf(buffer).await?);
        }
        let until = match &self.room {
            Some((_, until)) => *until,
            None => self.room.insert((self.rooms.take().await, Instant::now() + PATIENCE)).1,
        };
        let read = timeout_at(until, socket.read_buf(buffer)).await;
        Ok(read.map_err(|_| Ended::Unfinished(PATIENCE))??)
    }

    fn next_message(&self, framer: &mut Framer) -> Result<Option<lunette_wire::hxfr::Received>, FrameError> {
        let next = framer.next_message();
        match &next {
            Ok(Some(received)) if received.body.is_err() => self.backend.count(Event::BadMessage),
            Err(_) => self.backend.count(Event::BadStream),
            Ok(_) => {}
        }
        next
    }

    async fn act(&mut self, action: Action) -> Next {
        match action {
            Action::Ignore => Next::Read,
            Action::Reply(session, message) => self.reply(session, message).await,
            Action::Refuse(session, message) => {
                self.backend.count(Event::BadMessage);
                self.reply(session, message).await;
                Next::Close
            }
            Action::Subscribe(scanout) => self.subscribe(scanout).await,
            Action::Enable(enable) => {
                let result = tokio::task::block_in_place(|| self.backend.enable(&enable));
                self.reply(enable.scanout.into(), switched(enable.scanout, result)).await
            }
            Action::Disable(scanout) => {
                let result = tokio::task::block_in_place(|| self.backend.disable(scanout));
                self.reply(scanout.into(), switched(scanout, result)).await
            }
            Action::RequestIdr => {
                self.handle.as_ref().inspect(|handle| handle.request_idr());
                Next::Read
            }
            Action::ConfigureStream(config) => {
                self.handle.as_ref().inspect(|handle| handle.configure(&config));
                Next::Read
            }
            Action::ConfigureRequests(config) => self.encode(SessionId::NONE, EncodeJob::Configure(config)).await,
            Action::ForceKeyframe => self.encode(SessionId::NONE, EncodeJob::ForceKeyframe).await,
            Action::Encode(session, request) => {
                let room = self.room.take().map(|(room, _)| room).unwrap_or_default();
                self.encode(session, EncodeJob::Picture(session, request, room)).await
            }
        }
    }

    async fn reply(&self, session: SessionId, message: Message) -> Next {
        self.put(Outgoing::Reply(session, message)).await
    }

    /// Queues something for the writer; the connection is over when there is no writer any more.
    async fn put(&self, outgoing: Outgoing<B::Units>) -> Next {
        if self.queue.send(outgoing).await.is_ok() { Next::Read } else { Next::Close }
    }

    async fn subscribe(&mut self, scanout: ScanoutId) -> Next {
        let session = SessionId::from(scanout);
        let response = |success| Message::SubscribeResponse(SubscribeResponse { scanout, success });
        match self.backend.subscribe(scanout) {
            Ok((units, handle)) => {
                self.handle = Some(handle);
                self.connection.subscribed(scanout);
                self.put(Outgoing::Follow(session, response(true), units)).await
            }
            Err(refused) => {
                tracing::info!(%scanout, reason = refused.reason, "subscription refused");
                self.reply(session, response(false)).await
            }
        }
    }

    /// Hands a job to this connection's encoder, which exists from the first job on.
    async fn encode(&mut self, session: SessionId, job: EncodeJob) -> Next {
        let encoder = match &mut self.encoder {
            Some(encoder) => encoder,
            none => match self.backend.open_encoder(Replies::new(self.queue.clone())) {
                Ok(encoder) => none.insert(encoder),
                Err(Refused { code, reason }) => {
                    return self.reply(session, Message::Error(ErrorReply::new(code, reason))).await;
                }
            },
        };
        if encoder.send(job).await.is_ok() {
            return Next::Read;
        }
        let gone = ErrorReply::new(ErrorCode::Internal, "this connection's encoder is gone");
        self.reply(session, Message::Error(gone)).await;
        Next::Close
    }
}

fn switched(scanout: ScanoutId, result: Result<String, Refused>) -> Message {
    let (success, connector) = match result {
        Ok(connector) => (true, connector),
        Err(refused) => (false, refused.reason),
    };
    Message::ScanoutResponse(ScanoutResponse { scanout, success, connector })
}

struct Writer<W> {
    socket: W,
    stall: Duration,
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    async fn run<U: Units>(mut self, mut waiting: mpsc::Receiver<Outgoing<U>>) -> Result<(), Ended> {
        while let Some(outgoing) = waiting.recv().await {
            match outgoing {
                Outgoing::Reply(session, message) => self.write(bytes_of(session, &message)?).await?,
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
        loop {
            tokio::select! {
                biased;
                outgoing = waiting.recv() => match outgoing {
                    Some(Outgoing::Reply(session, message) | Outgoing::Follow(session, message, _)) => {
                        self.write(bytes_of(session, &message)?).await?;
                    }
                    None => return Ok(()),
                },
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

    /// Writes all of it, however slowly the peer takes it, as long as it takes some.
    async fn write(&mut self, mut bytes: impl Buf) -> Result<(), Ended> {
        while bytes.has_remaining() {
            match timeout(self.stall, self.socket.write_buf(&mut bytes)).await {
                Ok(Ok(0)) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                Ok(written) => written?,
                Err(_) => return Err(Ended::Stalled(self.stall)),
            };
        }
        Ok(())
    }
}
