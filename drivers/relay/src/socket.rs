//! Both kinds of WebSocket, and what they are over.

use axum::extract::Request;
use axum::http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use lunette_dial::ConnPath;
use lunette_http::is_websocket;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::error::RelayError;
use crate::router::INSTANCE_HEADER;
use crate::server::ServerUrl;
use crate::target::Io;

/// A WebSocket, whichever end.
pub(crate) type Socket = WebSocketStream<Box<dyn Io>>;

/// The longest message of a data channel that is taken; ours are much shorter.
const MAX_MESSAGE: usize = 1 << 20;

fn config() -> WebSocketConfig {
    WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE))
}

/// A request for a WebSocket that has been taken.
pub(crate) struct Upgrade {
    on: OnUpgrade,
    accept: String,
}

impl Upgrade {
    /// `None` if the request is none for a WebSocket.
    pub(crate) fn of(request: &mut Request) -> Option<Self> {
        let headers = request.headers();
        let version = headers.get(SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
        let accept = derive_accept_key(headers.get(SEC_WEBSOCKET_KEY)?.as_bytes());
        let asked = is_websocket(headers) && version;
        asked.then(|| Self { on: hyper::upgrade::on(request), accept })
    }

    /// The answer to the request, and the socket once that is sent.
    pub(crate) fn accept(self) -> (Response, impl Future<Output = Result<Socket, hyper::Error>>) {
        let headers = [(CONNECTION, "Upgrade"), (UPGRADE, "websocket"), (SEC_WEBSOCKET_ACCEPT, self.accept.as_str())];
        let response = (StatusCode::SWITCHING_PROTOCOLS, headers).into_response();
        let socket = async move {
            let io: Box<dyn Io> = Box::new(TokioIo::new(self.on.await?));
            Ok(WebSocketStream::from_raw_socket(io, Role::Server, Some(config())).await)
        };
        (response, socket)
    }
}

/// Opens WebSockets at one server.
#[derive(Clone)]
pub(crate) struct Opener {
    pub(crate) server: ServerUrl,
    pub(crate) bearer: HeaderValue,
    pub(crate) instance: String,
    pub(crate) tls: Option<TlsConnector>,
}

impl Opener {
    /// The control channel of a runner.
    pub(crate) async fn control(&self, runner: &str) -> Result<Socket, RelayError> {
        self.open(&format!("{}{}?runnerid={runner}", self.server.prefix(), ConnPath::ENDPOINT)).await
    }

    /// The data channel of a dial.
    pub(crate) async fn data(&self, path: ConnPath) -> Result<Socket, RelayError> {
        self.open(&path.target(self.server.prefix())).await
    }

    /// The name is resolved each time: the server may have moved.
    async fn open(&self, target: &str) -> Result<Socket, RelayError> {
        let to = self.server.to_string();
        let failed = |source| RelayError::Connect { to: to.clone(), source };
        let stream = TcpStream::connect((self.server.host.as_str(), self.server.port)).await.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        let io: Box<dyn Io> = match &self.tls {
            None => Box::new(stream),
            Some(tls) => {
                let name = ServerName::try_from(self.server.host.clone()).map_err(|_| RelayError::Url(to.clone()))?;
                Box::new(tls.connect(name, stream).await.map_err(failed)?)
            }
        };
        let refused = |error| RelayError::Upgrade(Box::new(error));
        let mut request = self.server.websocket(target).into_client_request().map_err(refused)?;
        request.headers_mut().insert("authorization", self.bearer.clone());
        let instance = HeaderValue::from_str(&self.instance).map_err(|_| RelayError::Token)?;
        request.headers_mut().insert(INSTANCE_HEADER, instance);
        let opened = tokio_tungstenite::client_async_with_config(request, io, Some(config())).await;
        opened.map(|(socket, _)| socket).map_err(refused)
    }
}
