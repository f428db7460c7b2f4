//! The reading half of a connection: messages in, one action each.

use std::time::Duration;

use bytes::BytesMut;
use lunette_frame::ScanoutId;
use lunette_session::{Action, Connection};
use lunette_wire::hxfr::{
    ErrorCode, ErrorReply, Framer, Grant, Message, Received, ScanoutResponse, SessionId, StatusResponse,
    SubscribeResponse,
};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout, timeout_at};

use crate::backend::{Backend, EncodeJob, Event, Refused, StreamHandle};
use crate::outgoing::{Outgoing, Replies};
use crate::room::{Pace, Room, Rooms, SMALL};
use crate::serve::Ended;

/// How long a message may take from its first byte to its last: 2 MB/s for the largest.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Reader<'a, B: Backend> {
    backend: &'a B,
    connection: Connection,
    queue: mpsc::Sender<Outgoing<B::Units>>,
    handle: Option<B::Handle>,
    encoder: Option<mpsc::Sender<EncodeJob>>,
    /// Changes when the peer is to connect anew.
    recall: Option<watch::Receiver<u64>>,
    rooms: Rooms,
    /// The place of the large message that is being received, and how fast it comes in.
    large: Option<(Room, Pace)>,
    /// Until when the message that is being received must be complete.
    until: Option<Instant>,
    stall: Duration,
}

/// Whether the reading half goes on after a message.
#[derive(PartialEq, Eq)]
enum Next {
    Read,
    Close,
}

impl<'a, B: Backend> Reader<'a, B> {
    pub(crate) fn new(backend: &'a B, queue: mpsc::Sender<Outgoing<B::Units>>, rooms: Rooms, stall: Duration) -> Self {
        let (connection, handle, encoder, recall) = (Connection::new(), None, None, None);
        Self { backend, connection, queue, handle, encoder, recall, rooms, large: None, until: None, stall }
    }

    pub(crate) async fn run(mut self, socket: &mut (impl AsyncRead + Unpin)) -> Result<(), Ended> {
        let mut framer = Framer::new();
        loop {
            while let Some(received) = framer.next_message().inspect_err(|_| self.backend.count(Event::BadStream))? {
                if self.handle(received).await? == Next::Close {
                    return Ok(());
                }
            }
            self.until = framer.is_mid_message().then(|| self.until.unwrap_or_else(|| Instant::now() + PATIENCE));
            match self.read_or_recall(socket, framer.buffer()).await? {
                None => return Ok(()),
                Some(0) => return if framer.is_mid_message() { Err(Ended::Truncated) } else { Ok(()) },
                Some(_) => {}
            }
        }
    }

    /// Reads what there is; `None` when the peer is to connect anew.
    async fn read_or_recall(
        &mut self,
        socket: &mut (impl AsyncRead + Unpin),
        buffer: &mut BytesMut,
    ) -> Result<Option<usize>, Ended> {
        let Some(mut recall) = self.recall.clone() else { return self.read(socket, buffer).await.map(Some) };
        tokio::select! {
            _ = recall.changed() => Ok(None),
            read = self.read(socket, buffer) => read.map(Some),
        }
    }

    /// Reads what there is, once there is room for a message as large as this one has become.
    async fn read(&mut self, socket: &mut (impl AsyncRead + Unpin), buffer: &mut BytesMut) -> Result<usize, Ended> {
        if buffer.len() < SMALL {
            self.large = None;
            let Some(until) = self.until else { return Ok(socket.read_buf(buffer).await?) };
            let read = timeout_at(until, socket.read_buf(buffer)).await;
            return Ok(read.map_err(|_| Ended::Unfinished(PATIENCE))??);
        }
        if self.large.is_none() {
            let room = self.rooms.take().await;
            self.until = Some(Instant::now() + PATIENCE);
            self.large = Some((room, Pace::start(Instant::now(), buffer.len())));
        }
        self.read_large(socket, buffer).await
    }

    /// Reads more of a large message; gives its place up when it dawdles and others wait.
    async fn read_large(
        &mut self,
        socket: &mut (impl AsyncRead + Unpin),
        buffer: &mut BytesMut,
    ) -> Result<usize, Ended> {
        let Some((_, pace)) = &mut self.large else { return Ok(0) };
        loop {
            let read = timeout_at(pace.next_look(), socket.read_buf(buffer)).await;
            let now = Instant::now();
            if pace.is_too_slow(now, buffer.len()) && self.rooms.are_wanted() {
                return Err(Ended::Unfinished(Pace::TICK));
            }
            match read {
                Ok(read) => return Ok(read?),
                Err(_) if self.until.is_some_and(|until| now >= until) => return Err(Ended::Unfinished(PATIENCE)),
                Err(_) => {}
            }
        }
    }

    async fn handle(&mut self, received: Received) -> Result<Next, Ended> {
        self.until = None;
        let refused = received.body.is_err();
        let action = self.connection.handle(received);
        if refused || action.is_refusal() {
            self.backend.count(Event::BadMessage);
        }
        self.act(action).await
    }

    async fn act(&mut self, action: Action) -> Result<Next, Ended> {
        match action {
            Action::Ignore => Ok(Next::Read),
            Action::Reply(session, message) => self.reply(session, message).await,
            Action::Refuse(session, message) => self.reply(session, message).await.map(|_| Next::Close),
            Action::Subscribe(scanout) => self.subscribe(scanout).await,
            Action::Enable(session, enable) => {
                let result = tokio::task::block_in_place(|| self.backend.enable(&enable, self.connection.token()));
                self.reply(session, switched(enable.scanout, result)).await
            }
            Action::Disable(session, scanout) => {
                let result = tokio::task::block_in_place(|| self.backend.disable(scanout, self.connection.token()));
                self.reply(session, switched(scanout, result)).await
            }
            Action::Authorized(token) => {
                self.recall = self.backend.shows(&token);
                Ok(Next::Read)
            }
            Action::Status(session, scanout) => {
                // STATUS_RESP has no room for the reason, and there is only one.
                let standing = self.backend.status(scanout, self.connection.token()).ok();
                self.reply(session, Message::StatusResponse(StatusResponse { scanout, standing })).await
            }
            Action::Grant(session, grant) => self.grant(session, &grant).await,
            Action::RequestIdr => {
                self.handle.as_ref().inspect(|handle| handle.request_idr());
                Ok(Next::Read)
            }
            Action::Hold(flow) => {
                self.handle.as_ref().inspect(|handle| handle.hold(flow));
                Ok(Next::Read)
            }
            Action::WatchCursor => Ok(self.follow_cursor().await),
            Action::ConfigureStream(config) => {
                self.handle.as_ref().inspect(|handle| handle.configure(&config));
                Ok(Next::Read)
            }
            Action::ConfigureRequests(config) => self.order(EncodeJob::Configure(config)).await,
            Action::ForceKeyframe => self.order(EncodeJob::ForceKeyframe).await,
            Action::Encode(session, request) => {
                let room = self.large.take().map(|(room, _)| room).unwrap_or_default();
                self.encode(session, EncodeJob::Picture(session, request, room)).await
            }
        }
    }

    /// Answers a message; behind the answers to the requests before it, if there are any.
    async fn reply(&self, session: SessionId, message: Message) -> Result<Next, Ended> {
        match &self.encoder {
            Some(_) => self.order(EncodeJob::Reply(session, message)).await,
            None => Ok(self.put(Outgoing::Reply(session, message)).await),
        }
    }

    /// Queues something for the writer; the connection is over when there is no writer any more.
    async fn put(&self, outgoing: Outgoing<B::Units>) -> Next {
        if self.queue.send(outgoing).await.is_ok() { Next::Read } else { Next::Close }
    }

    async fn subscribe(&mut self, scanout: ScanoutId) -> Result<Next, Ended> {
        let session = SessionId::from(scanout);
        let response = |success| Message::SubscribeResponse(SubscribeResponse { scanout, success });
        match self.backend.subscribe(scanout, self.connection.token()) {
            Ok((units, handle)) => {
                self.handle = Some(handle);
                self.recall = None;
                self.connection.subscribed(scanout);
                match self.put(Outgoing::Follow(session, response(true), units)).await {
                    Next::Read if self.connection.wants_cursor() => Ok(self.follow_cursor().await),
                    next => Ok(next),
                }
            }
            // SUBSCRIBE_RESP has no room for the reason; the backend has logged it.
            Err(_) => self.reply(session, response(false)).await,
        }
    }

    /// Has the writer send the subscribed scanout's pointer.
    async fn follow_cursor(&self) -> Next {
        match &self.handle {
            Some(handle) => self.put(Outgoing::Cursor(handle.cursor())).await,
            None => Next::Read,
        }
    }

    async fn grant(&self, session: SessionId, grant: &Grant) -> Result<Next, Ended> {
        match self.backend.grant(grant, self.connection.token()) {
            Ok(()) => Ok(Next::Read),
            Err(Refused { code, reason }) => self.reply(session, Message::Error(ErrorReply::new(code, reason))).await,
        }
    }

    /// Hands a picture to this connection's encoder, which exists from the first picture on.
    async fn encode(&mut self, session: SessionId, job: EncodeJob) -> Result<Next, Ended> {
        if self.encoder.is_none() {
            match self.backend.open_encoder(Replies::new(self.queue.clone())) {
                Ok(encoder) => self.encoder = Some(encoder),
                Err(Refused { code, reason }) => {
                    return self.reply(session, Message::Error(ErrorReply::new(code, reason))).await;
                }
            }
            if let Some(config) = self.connection.take_early_config() {
                self.order(EncodeJob::Configure(config)).await?;
            }
        }
        self.order(job).await
    }

    /// Queues something for the encoder, which waits for the peer to take its answers.
    async fn order(&self, job: EncodeJob) -> Result<Next, Ended> {
        let Some(encoder) = &self.encoder else { return Ok(Next::Read) };
        match timeout(self.stall, encoder.send(job)).await {
            Ok(Ok(())) => Ok(Next::Read),
            Ok(Err(_)) => {
                let gone = ErrorReply::new(ErrorCode::Internal, "this connection's encoder is gone");
                self.put(Outgoing::Reply(SessionId::NONE, Message::Error(gone))).await;
                Ok(Next::Close)
            }
            Err(_) => Err(Ended::Stalled(self.stall)),
        }
    }
}

fn switched(scanout: ScanoutId, result: Result<String, Refused>) -> Message {
    let (success, connector) = match result {
        Ok(connector) => (true, connector),
        Err(refused) => (false, refused.reason),
    };
    Message::ScanoutResponse(ScanoutResponse { scanout, success, connector })
}
