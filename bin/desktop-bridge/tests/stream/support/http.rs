//! Requests that are answered once.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Bridge, SOON};

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{}", self.body))
    }
}

/// One request on a connection of its own.
pub(crate) async fn request(bridge: &Bridge, method: &str, path: &str, token: Option<&str>) -> Answer {
    send(bridge, method, path, token, "").await
}

/// The same, with something in it.
pub(crate) async fn post(bridge: &Bridge, path: &str, body: &Value) -> Answer {
    send(bridge, "POST", path, None, &body.to_string()).await
}

async fn send(bridge: &Bridge, method: &str, path: &str, token: Option<&str>, body: &str) -> Answer {
    let asking = async {
        let mut socket = TcpStream::connect(bridge.address()).await.expect("it listens");
        let token = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\n{token}connection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        socket.write_all(head.as_bytes()).await.expect("it is taken");
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).await.expect("an answer");
        // Pictures are no text; only their heads are looked at.
        String::from_utf8_lossy(&answer).into_owned()
    };
    let answer = timeout(SOON, asking).await.expect("an answer in time");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a whole head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Answer { status, body: body.to_owned() }
}

pub(crate) async fn get(bridge: &Bridge, path: &str) -> Answer {
    request(bridge, "GET", path, None).await
}
