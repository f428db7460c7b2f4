//! The control plane, asked over HTTP.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::time::timeout;

mod stream;

pub(crate) use stream::{Stream, connect};

/// For an answer that nothing is waited for.
const LIMIT: Duration = Duration::from_secs(60);
/// More than an answer has when nothing goes wrong.
const LONGEST: usize = 256 << 20;

/// A control plane.
pub(crate) struct Api {
    runtime: Runtime,
    url: String,
    token: String,
    certificate: Option<PathBuf>,
}

impl Api {
    /// The one at `url`, whose folder is here.
    pub(crate) fn of(url: &str, folder: &Path) -> Result<Self> {
        let path = folder.join("admin.token");
        let token = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let certificate = Some(folder.join("tls-certificate.pem")).filter(|path| path.exists());
        Self::new(url, token.trim(), certificate)
    }

    /// The one at `url`, by a token of its.
    pub(crate) fn new(url: &str, token: &str, certificate: Option<PathBuf>) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { runtime, url: url.trim_end_matches('/').to_owned(), token: token.to_owned(), certificate })
    }

    /// Where it is, without a slash at the end.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What opens it.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The certificate that is trusted besides.
    pub(crate) fn certificate(&self) -> Option<&Path> {
        self.certificate.as_deref()
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    pub(crate) fn get(&self, path: &str) -> Result<Value> {
        self.get_within(path, Duration::ZERO)
    }

    /// With so much time more than usual.
    pub(crate) fn get_within(&self, path: &str, more: Duration) -> Result<Value> {
        document(&self.bytes("GET", path, None, LIMIT + more)?)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.post_within(path, body, Duration::ZERO)
    }

    pub(crate) fn post_within(&self, path: &str, body: &Value, more: Duration) -> Result<Value> {
        document(&self.bytes("POST", path, Some(body), LIMIT + more)?)
    }

    pub(crate) fn delete(&self, path: &str, more: Duration) -> Result<Value> {
        document(&self.bytes("DELETE", path, None, LIMIT + more)?)
    }

    /// An answer's bytes.
    pub(crate) fn bytes(&self, method: &str, path: &str, body: Option<&Value>, limit: Duration) -> Result<Vec<u8>> {
        self.runtime.block_on(async {
            let answer = async {
                let answer = self.send(method, path, body).await?;
                let status = answer.status();
                let body = answer.into_body().collect().await.context("the answer was cut off")?.to_bytes();
                if !status.is_success() {
                    bail!(refusal(&body, status));
                }
                anyhow::ensure!(body.len() <= LONGEST, "an answer of {} bytes", body.len());
                Ok(body.to_vec())
            };
            timeout(limit, answer).await.map_err(|_| anyhow!("{path}: no answer within {} s", limit.as_secs()))?
        })
    }

    /// Passes an answer on as it comes.
    pub(crate) fn pour(&self, path: &str, to: &mut impl std::io::Write) -> Result<()> {
        self.runtime.block_on(async {
            let answer = self.send("GET", path, None).await?;
            let status = answer.status();
            let mut body = answer.into_body();
            if !status.is_success() {
                bail!(refusal(&body.collect().await?.to_bytes(), status));
            }
            while let Some(frame) = body.frame().await {
                if let Ok(bytes) = frame?.into_data() {
                    to.write_all(&bytes)?;
                    to.flush()?;
                }
            }
            Ok(())
        })
    }

    async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Response<Incoming>> {
        let (host, stream) = connect(&self.url, self.certificate.as_deref()).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let bytes = body.map(ToString::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", host)
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(bytes)))?;
        Ok(sender.send_request(request).await?)
    }
}

fn document(bytes: &[u8]) -> Result<Value> {
    if bytes.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(bytes).context("the answer is no JSON") }
}

fn refusal(bytes: &[u8], status: hyper::StatusCode) -> String {
    let said: Value = serde_json::from_slice(bytes).unwrap_or_default();
    match (said["error"].as_str(), said["hint"].as_str()) {
        (Some(error), Some(hint)) => format!("{error} ({hint})"),
        (Some(error), None) => error.to_owned(),
        _ => format!("the control plane answers {status}"),
    }
}

/// A word as part of a path.
pub(crate) fn path_part(word: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    word.bytes().map(escape).collect()
}
