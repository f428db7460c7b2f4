//! A viewer on the host: HTTP and WebSockets to a desktop's bridge, by the way that browsers take.

use std::io::{Read, Write};
use std::net::{SocketAddrV4, TcpStream};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use lunette_sys_openh264::Decoder;
use lunette_wire::stream::{ClientMessage, Init, Input, ServerMessage};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::{Picture, SOON};

/// Where a desktop's bridge is reached, and what opens it.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    pub(crate) address: SocketAddrV4,
    pub(crate) id: String,
    pub(crate) token: String,
}

/// What a bridge, or hydra for it, answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Way {
    /// Asks once; `token` opens the bridge, or does not.
    pub(crate) fn ask(&self, method: &str, path: &str, token: Option<&str>, body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).expect("somebody listens");
        stream.set_read_timeout(Some(SOON)).expect("a limit");
        let bearer = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}.localhost:{}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n{bearer}\r\n{body}",
            self.id,
            self.address.port(),
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("it is taken");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("it has an end");
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        Answer { status, body: answer.split_off(end) }
    }

    /// Whether the bridge answers at all.
    pub(crate) fn is_open(&self) -> bool {
        self.ask("GET", "/health", None, "").status == 200
    }
}

/// A connection to `/ws/stream`.
pub(crate) struct Viewer {
    runtime: Runtime,
    socket: WebSocketStream<tokio::net::TcpStream>,
    decoder: Decoder,
}

impl Viewer {
    pub(crate) fn open(way: &Way) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        // The timer belongs to the runtime.
        let socket = runtime.block_on(async { timeout(SOON, connect(way)).await }).expect("an answer in time");
        Self { runtime, socket, decoder: Decoder::new().expect("a decoder") }
    }

    /// Types text as a person's client does.
    pub(crate) fn type_text(&mut self, text: &str) {
        let message = ClientMessage::Input(Input::Text(text.to_owned())).encode();
        self.runtime.block_on(self.socket.send(Message::Binary(message))).expect("it is taken");
    }

    /// Waits for a picture of which `is_it` says yes.
    pub(crate) fn wait(&mut self, what: &str, limit: Duration, is_it: impl Fn(&Picture) -> bool) -> Picture {
        let until = Instant::now() + limit;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let next = self.runtime.block_on(async { timeout(left, self.socket.next()).await });
            let message = next.unwrap_or_else(|_| panic!("{what}: not seen within {limit:?}"));
            let message = message.unwrap_or_else(|| panic!("{what}: the stream ended"));
            let Message::Binary(bytes) = message.expect("a message") else { continue };
            let Ok(ServerMessage::Video(frame)) = ServerMessage::decode(&bytes) else { continue };
            let decoded = self.decoder.decode(&frame.data).expect("a picture decodes");
            let picture = decoded.map(|decoded| Picture::of(&decoded));
            if let Some(picture) = picture.filter(|picture| is_it(picture)) {
                return picture;
            }
        }
    }
}

async fn connect(way: &Way) -> WebSocketStream<tokio::net::TcpStream> {
    let stream = tokio::net::TcpStream::connect(way.address).await.expect("somebody listens");
    let url = format!("ws://{}.localhost:{}/ws/stream", way.id, way.address.port());
    let mut request = url.into_client_request().expect("a request");
    let bearer = format!("Bearer {}", way.token).parse().expect("a header");
    request.headers_mut().insert("authorization", bearer);
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.expect("a WebSocket");
    let init = Init { user_name: Some("e2e".to_owned()), ..Init::default() }.to_json();
    socket.send(Message::text(init)).await.expect("it is taken");
    socket
}
