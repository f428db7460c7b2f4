//! HTTP with the daemon, one connection per request.

use std::future::poll_fn;
use std::io::Write;
use std::path::Path;
use std::pin::Pin;

use anyhow::{Context, bail};
use axum::body::{Body, to_bytes};
use futures_core::Stream;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixStream;

/// Bytes of an answer that is a document.
const LONGEST: usize = 64 << 20;

/// The daemon that listens on a socket.
pub(super) struct Daemon<'a> {
    socket: &'a Path,
}

impl<'a> Daemon<'a> {
    pub(super) fn at(socket: &'a Path) -> Self {
        Self { socket }
    }

    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        document(self.ask("GET", path, Body::empty()).await?).await
    }

    pub(super) async fn delete(&self, path: &str) -> anyhow::Result<Value> {
        document(self.ask("DELETE", path, Body::empty()).await?).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        document(self.ask("POST", path, Body::from(serde_json::to_vec(body)?)).await?).await
    }

    /// Sends text as it is.
    pub(super) async fn post_lines(&self, path: &str, lines: String) -> anyhow::Result<()> {
        accepted(self.ask("POST", path, Body::from(lines)).await?).await.map(drop)
    }

    /// Passes an answer on as it comes.
    pub(super) async fn stream(&self, path: &str, to: &mut impl Write) -> anyhow::Result<()> {
        let response = accepted(self.ask("GET", path, Body::empty()).await?).await?;
        let mut stream = response.into_body().into_data_stream();
        while let Some(chunk) = poll_fn(|context| Pin::new(&mut stream).poll_next(context)).await {
            to.write_all(&chunk?)?;
            to.flush()?;
        }
        Ok(())
    }

    async fn ask(&self, method: &str, path: &str, body: Body) -> anyhow::Result<Response<Body>> {
        let stream = UnixStream::connect(self.socket)
            .await
            .with_context(|| format!("no hydra answers on {}", self.socket.display()))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "hydra")
            .header("content-type", "application/json")
            .body(body)?;
        Ok(sender.send_request(request).await?.map(Body::new))
    }
}

async fn document(response: Response<Body>) -> anyhow::Result<Value> {
    let bytes = to_bytes(accepted(response).await?.into_body(), LONGEST).await?;
    if bytes.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_slice(&bytes)?) }
}

async fn accepted(response: Response<Body>) -> anyhow::Result<Response<Body>> {
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status();
    let bytes = to_bytes(response.into_body(), LONGEST).await?;
    let refusal: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    match (refusal["error"].as_str(), refusal["hint"].as_str()) {
        (Some(error), Some(hint)) => bail!("{error} ({hint})"),
        (Some(error), None) => bail!("{error}"),
        (None, _) => bail!("hydra answers {status}"),
    }
}

/// A word as part of a path.
pub(super) fn path_part(word: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    word.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stays_one_part_of_a_path() {
        assert_eq!(path_part("a/../b?c"), "a%2F..%2Fb%3Fc");
    }
}
