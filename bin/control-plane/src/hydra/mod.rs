//! A host's hydra, asked over HTTP.

mod connect;
mod view;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{CONTENT_TYPE, HOST, HeaderValue, PROXY_AUTHORIZATION};
use axum::http::{Method, Request, Response, StatusCode};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use lunette_net::client::Carrier;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;

pub(crate) use connect::Direct;
pub(crate) use view::{BridgeTokens, Listed, decode_list};

/// For a connection to be there.
const CONNECT: Duration = Duration::from_secs(5);
/// Bytes of an answer's head.
const LONGEST_HEAD: usize = 64 * 1024;
/// Bytes of an answer that is a document.
const LONGEST: usize = 16 << 20;

/// A host's hydra.
#[derive(Clone)]
pub(crate) struct Hydra {
    connect: Arc<dyn Carrier>,
    token: Option<PathBuf>,
}

/// Why hydra did not do it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HydraError {
    /// Nobody answers.
    #[error("its hydra does not answer: {0}")]
    Silent(String),
    /// It refused.
    #[error("{error}")]
    Refused { status: StatusCode, error: String },
}

impl HydraError {
    /// Whether asking again would change nothing.
    pub(crate) fn is_lasting(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if status.is_client_error() && *status != StatusCode::CONFLICT)
    }
}

fn silent(error: impl std::fmt::Display) -> HydraError {
    HydraError::Silent(error.to_string())
}

impl Hydra {
    pub(crate) fn new(connect: Arc<dyn Carrier>, token: Option<PathBuf>) -> Self {
        Self { connect, token }
    }

    /// Sends a request as it is, with what opens the door; the head of the answer comes within `limit`.
    pub(crate) async fn send(&self, mut request: Request<Body>, limit: Duration) -> Result<Response<Body>, HydraError> {
        self.sign(&mut request).await?;
        let exchange = async {
            let stream = timeout(CONNECT, self.connect.connect()).await.map_err(|_| silent("no connection in time"))?;
            let stream = TokioIo::new(stream.map_err(silent)?);
            let handshake = http1::Builder::new().max_buf_size(LONGEST_HEAD).handshake(stream).await;
            let (mut sender, connection) = handshake.map_err(silent)?;
            tokio::spawn(async move {
                if let Err(error) = connection.with_upgrades().await {
                    tracing::debug!(%error, "a connection to a hydra ended badly");
                }
            });
            sender.send_request(request).await.map_err(silent)
        };
        let answer = timeout(limit, exchange).await.map_err(|_| silent("no answer in time"))??;
        Ok(answer.map(Body::new))
    }

    async fn sign(&self, request: &mut Request<Body>) -> Result<(), HydraError> {
        let headers = request.headers_mut();
        headers.entry(HOST).or_insert(HeaderValue::from_static("hydra"));
        headers.remove(PROXY_AUTHORIZATION);
        let Some(file) = &self.token else { return Ok(()) };
        // Read every time: whoever starts the machine anew may have written another.
        let text = tokio::fs::read_to_string(file).await;
        let text = text.map_err(|error| silent(format!("cannot read {}: {error}", file.display())))?;
        let value = HeaderValue::from_str(&format!("Bearer {}", text.trim())).map_err(silent)?;
        headers.insert(PROXY_AUTHORIZATION, value);
        Ok(())
    }

    /// Asks for something that is no document, of so many bytes at most.
    pub(crate) async fn fetch(&self, path: &str, limit: Duration, most: usize) -> Result<Bytes, HydraError> {
        let request = Request::get(path).body(Body::empty()).map_err(silent)?;
        self.whole(request, limit, most).await
    }

    /// A whole answer, when it is a good one.
    async fn whole(&self, request: Request<Body>, limit: Duration, most: usize) -> Result<Bytes, HydraError> {
        let answer = self.send(request, limit).await?;
        let status = answer.status();
        let bytes = timeout(limit, to_bytes(answer.into_body(), most)).await;
        let bytes = bytes.map_err(|_| silent("no whole answer in time"))?.map_err(silent)?;
        if !status.is_success() {
            return Err(HydraError::Refused { status, error: refusal(&bytes, status) });
        }
        Ok(bytes)
    }

    /// Asks for a document.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        limit: Duration,
    ) -> Result<T, HydraError> {
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request = Request::builder().method(method).uri(path).header(CONTENT_TYPE, "application/json").body(body);
        let bytes = self.whole(request.map_err(silent)?, limit, LONGEST).await?;
        let bytes = if bytes.is_empty() { &b"null"[..] } else { &bytes[..] };
        serde_json::from_slice(bytes).map_err(|error| silent(format!("an answer that makes no sense: {error}")))
    }
}

fn refusal(bytes: &[u8], status: StatusCode) -> String {
    let said: Value = serde_json::from_slice(bytes).unwrap_or_default();
    match (said["error"].as_str(), said["hint"].as_str()) {
        (Some(error), Some(hint)) => format!("{error} ({hint})"),
        (Some(error), None) => error.to_owned(),
        _ => format!("hydra answers {status}"),
    }
}
