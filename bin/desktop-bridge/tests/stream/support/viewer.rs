//! A client of the stream: sends and receives messages, and waits with a deadline for each.

use std::num::{NonZeroU32, NonZeroU64};

use futures_util::{SinkExt, StreamExt};
use lunette_wire::stream::{
    ClientControl, ClientMessage, ConnectionComplete, Feedback, Init, Input, InputState, Refused, ServerControl,
    ServerMessage, ServerText, VideoFrame,
};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::{Request as Handshake, Response};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{Bridge, SOON};

/// The init of a client that knows the extensions.
pub(crate) fn knowing(name: &str) -> Init {
    Init { lunette: NonZeroU32::new(1), ..earlier(name) }
}

/// The init of one that knows none.
pub(crate) fn earlier(name: &str) -> Init {
    Init { user_name: Some(name.to_owned()), ..Init::default() }
}

/// What opens a connection.
pub(crate) struct Request {
    handshake: Handshake,
    address: std::net::SocketAddr,
    receive_buffer: Option<u32>,
}

impl Request {
    pub(crate) fn of(bridge: &Bridge, path: &str) -> Self {
        let address = bridge.address();
        let handshake = format!("ws://{address}{path}").into_client_request().expect("a request");
        Self { handshake, address, receive_buffer: None }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.handshake.headers_mut().insert(name, value.parse().expect("a header"));
        self
    }

    /// By way of what listens here instead.
    pub(crate) fn through(mut self, address: std::net::SocketAddr) -> Self {
        self.address = address;
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// As a browser shows its token.
    pub(crate) fn offering(self, token: &str) -> Self {
        self.header("sec-websocket-protocol", &format!("lunette, lunette.bearer.{token}"))
    }

    /// Leaves as little room as the system allows for what is not read.
    pub(crate) fn narrow(mut self) -> Self {
        self.receive_buffer = Some(8 << 10);
        self
    }

    /// A WebSocket, and how the server answered.
    pub(crate) async fn connect(self) -> Result<(Viewer, Response), Error> {
        let socket = TcpSocket::new_v4().expect("a socket");
        if let Some(size) = self.receive_buffer {
            socket.set_recv_buffer_size(size).expect("a socket");
        }
        let stream = socket.connect(self.address).await.expect("it listens");
        stream.set_nodelay(true).expect("TCP");
        let upgrading = tokio_tungstenite::client_async(self.handshake, stream);
        let (socket, response) = timeout(SOON, upgrading).await.expect("an answer in time")?;
        Ok((Viewer { socket, extended: false, received_bytes: 0, reports: true }, response))
    }

    pub(crate) async fn open(self) -> Viewer {
        self.connect().await.expect("a WebSocket").0
    }
}

/// What comes from the server.
#[derive(Debug)]
pub(crate) enum Arrival {
    Message(ServerMessage),
    Text(ServerText),
    /// The close code; `None` when the connection just ended.
    Closed(Option<u16>),
}

/// One connection.
pub(crate) struct Viewer {
    socket: WebSocketStream<TcpStream>,
    extended: bool,
    received_bytes: u64,
    /// Whether it tells what arrived.
    pub(crate) reports: bool,
}

impl Viewer {
    /// Connected, and its init sent.
    pub(crate) async fn join(bridge: &Bridge, init: &Init) -> Self {
        let mut viewer = Request::of(bridge, "/ws/stream").open().await;
        viewer.init(init).await;
        viewer
    }

    /// The same, and everything read up to the first picture, which is given too.
    pub(crate) async fn watching(bridge: &Bridge, init: &Init) -> (Self, VideoFrame) {
        let mut viewer = Self::join(bridge, init).await;
        let first = viewer.frame().await;
        (viewer, first)
    }

    pub(crate) async fn init(&mut self, init: &Init) {
        self.extended = init.knows_extensions();
        self.text(&init.to_json()).await;
    }

    pub(crate) async fn text(&mut self, text: &str) {
        self.socket.send(Message::text(text.to_owned())).await.expect("it is taken");
    }

    pub(crate) async fn bytes(&mut self, bytes: &[u8]) {
        self.socket.send(Message::binary(bytes.to_vec())).await.expect("it is taken");
    }

    /// Whether it was taken; not when the server has ended the connection.
    pub(crate) async fn try_bytes(&mut self, bytes: &[u8]) -> bool {
        self.socket.send(Message::binary(bytes.to_vec())).await.is_ok()
    }

    pub(crate) async fn say(&mut self, message: &ClientMessage) {
        self.bytes(&message.encode()).await;
    }

    pub(crate) async fn input(&mut self, input: Input) {
        self.say(&ClientMessage::Input(input)).await;
    }

    pub(crate) async fn control(&mut self, control: ClientControl) {
        self.say(&ClientMessage::Control(control)).await;
    }

    /// Says good-bye and waits until the server has said it too.
    pub(crate) async fn leave(mut self) {
        self.socket.close(None).await.expect("it is taken");
        loop {
            if let Arrival::Closed(_) = self.next().await {
                return;
            }
        }
    }

    /// The next thing that the protocol knows.
    pub(crate) async fn next(&mut self) -> Arrival {
        let deadline = Instant::now() + SOON;
        loop {
            let next = timeout_at(deadline, self.socket.next()).await;
            match next.unwrap_or_else(|_| panic!("nothing for {SOON:?}")) {
                Some(Ok(Message::Binary(bytes))) => return self.take(&bytes).await,
                Some(Ok(Message::Text(text))) => {
                    return Arrival::Text(ServerText::decode(&text).expect("a text of the protocol"));
                }
                Some(Ok(Message::Close(frame))) => return Arrival::Closed(frame.map(|frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Arrival::Closed(None),
            }
        }
    }

    async fn take(&mut self, bytes: &[u8]) -> Arrival {
        let message = ServerMessage::decode(bytes).expect("a message of the protocol");
        if let ServerMessage::Video(frame) = &message {
            self.received_bytes += bytes.len() as u64;
            if self.extended && self.reports {
                self.report(frame.head.pts_us).await;
            }
        }
        Arrival::Message(message)
    }

    /// Tells what arrived.
    pub(crate) async fn report(&mut self, pts_us: u64) {
        let received_pts_us = NonZeroU64::new(pts_us);
        let received_bytes = self.received_bytes;
        let feedback = Feedback { received_pts_us, painted_pts_us: None, received_bytes, decode_queue: 0 };
        // The server may have closed already; what it said is still to be read.
        let _ = self.socket.send(Message::Binary(ClientMessage::Feedback(feedback).encode())).await;
    }

    /// The next message, which must be one.
    pub(crate) async fn message(&mut self) -> ServerMessage {
        match self.next().await {
            Arrival::Message(message) => message,
            other => panic!("{other:?}"),
        }
    }

    /// Drops what comes until `of` finds something.
    pub(crate) async fn until<T>(&mut self, mut of: impl FnMut(ServerMessage) -> Option<T>) -> T {
        loop {
            match self.next().await {
                Arrival::Message(message) => {
                    if let Some(found) = of(message) {
                        return found;
                    }
                }
                Arrival::Text(_) => {}
                Arrival::Closed(code) => panic!("closed with {code:?}"),
            }
        }
    }

    pub(crate) async fn frame(&mut self) -> VideoFrame {
        self.until(|message| match message {
            ServerMessage::Video(frame) => Some(frame),
            _ => None,
        })
        .await
    }

    pub(crate) async fn input_state(&mut self) -> InputState {
        self.until(|message| match message {
            ServerMessage::Control(ServerControl::Input(state)) => Some(state),
            _ => None,
        })
        .await
    }

    pub(crate) async fn refused(&mut self) -> Refused {
        self.until(|message| match message {
            ServerMessage::Control(ServerControl::Refused(refused)) => Some(refused),
            _ => None,
        })
        .await
    }

    pub(crate) async fn self_id(&mut self) -> u32 {
        self.until(|message| match message {
            ServerMessage::SelfId(id) => Some(id.0),
            _ => None,
        })
        .await
    }

    /// Drops messages until the text that says that everything is set up.
    pub(crate) async fn complete(&mut self) -> ConnectionComplete {
        loop {
            match self.next().await {
                Arrival::Text(ServerText::ConnectionComplete(complete)) => return complete,
                Arrival::Message(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// How it ended: the last stream error, and the close code.
    pub(crate) async fn end(&mut self) -> (Option<String>, Option<u16>) {
        let mut cause = None;
        loop {
            match self.next().await {
                Arrival::Message(ServerMessage::StreamError(error)) => cause = Some(error.text().to_owned()),
                Arrival::Closed(code) => return (cause, code),
                _ => {}
            }
        }
    }
}
