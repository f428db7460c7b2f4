//! One request at a time over the daemon's socket.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, UPGRADE};
use hyper::upgrade::Upgraded;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::Error;

/// Making a container may pull apart layers on a slow disk.
const LIMIT: Duration = Duration::from_secs(60);
const LONGEST_ANSWER: usize = 4 << 20;
/// The newest version of the protocol that this code was read against.
const NEWEST: (u32, u32) = (1, 47);

/// A daemon and the version of its protocol to be spoken.
#[derive(Debug, Clone)]
pub(super) struct Client {
    socket: PathBuf,
    version: String,
}

#[derive(Deserialize)]
struct Complaint {
    message: String,
}

impl Client {
    /// Asks for the daemon's version.
    pub(super) async fn new(socket: &Path) -> Result<Self, Error> {
        let mut client = Self { socket: socket.to_owned(), version: String::new() };
        let response = client.send("answer a ping", client.request(Method::GET, "/_ping", None)?, Some(LIMIT)).await?;
        let theirs = response.headers().get("api-version").and_then(|value| value.to_str().ok()).and_then(version);
        let (major, minor) = theirs.map_or(NEWEST, |theirs| theirs.min(NEWEST));
        client.version = format!("/v{major}.{minor}");
        Ok(client)
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, step: &'static str, path: &str) -> Result<T, Error> {
        self.json(step, self.request(Method::GET, path, None)?, Some(LIMIT)).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        step: &'static str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, Error> {
        self.json(step, self.request(Method::POST, path, body)?, Some(LIMIT)).await
    }

    /// A request that is answered when something has happened, whenever that is.
    pub(super) async fn post_and_wait<T: DeserializeOwned>(&self, step: &'static str, path: &str) -> Result<T, Error> {
        self.json(step, self.request(Method::POST, path, None)?, None).await
    }

    pub(super) async fn delete(&self, step: &'static str, path: &str) -> Result<(), Error> {
        self.json(step, self.request(Method::DELETE, path, None)?, Some(LIMIT)).await
    }

    /// Turns a request's connection into one for the streams of a process.
    pub(super) async fn hijack(
        &self,
        step: &'static str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<TokioIo<Upgraded>, Error> {
        let mut request = self.request(Method::POST, path, body)?;
        request.headers_mut().insert(CONNECTION, "Upgrade".parse().map_err(|_| self.silent("a header"))?);
        request.headers_mut().insert(UPGRADE, "tcp".parse().map_err(|_| self.silent("a header"))?);
        let response = self.send(step, request, Some(LIMIT)).await?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(self.refused(step, response).await);
        }
        let upgraded = hyper::upgrade::on(response).await.map_err(|error| self.silent(error))?;
        Ok(TokioIo::new(upgraded))
    }

    async fn json<T: DeserializeOwned>(
        &self,
        step: &'static str,
        request: Request<Full<Bytes>>,
        limit: Option<Duration>,
    ) -> Result<T, Error> {
        let response = self.send(step, request, limit).await?;
        // "Not modified" is how the daemon says that it was so already.
        if !response.status().is_success() && response.status() != StatusCode::NOT_MODIFIED {
            return Err(self.refused(step, response).await);
        }
        let body = self.body(response, limit).await?;
        let body = if body.is_empty() { Bytes::from_static(b"null") } else { body };
        serde_json::from_slice(&body).map_err(|error| self.silent(error))
    }

    fn request(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Request<Full<Bytes>>, Error> {
        let bytes = body.map(|value| Bytes::from(value.to_string())).unwrap_or_default();
        Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.version))
            .header(HOST, "docker")
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(bytes))
            .map_err(|error| self.silent(error))
    }

    async fn send(
        &self,
        step: &'static str,
        request: Request<Full<Bytes>>,
        limit: Option<Duration>,
    ) -> Result<Response<hyper::body::Incoming>, Error> {
        let exchange = async {
            let stream = UnixStream::connect(&self.socket).await.map_err(|error| self.silent(error))?;
            let handshake = http1::handshake(TokioIo::new(stream)).await;
            let (mut sender, connection) = handshake.map_err(|error| self.silent(error))?;
            tokio::spawn(connection.with_upgrades());
            sender.send_request(request).await.map_err(|error| self.silent(error))
        };
        match limit {
            Some(limit) => timeout(limit, exchange).await.map_err(|_| Error::Late { what: step, limit })?,
            None => exchange.await,
        }
    }

    async fn body(&self, response: Response<hyper::body::Incoming>, limit: Option<Duration>) -> Result<Bytes, Error> {
        let collect = Limited::new(response.into_body(), LONGEST_ANSWER).collect();
        let collected = match limit {
            Some(limit) => timeout(limit, collect).await.map_err(|_| self.silent("its answer has no end"))?,
            None => collect.await,
        };
        collected.map(http_body_util::Collected::to_bytes).map_err(|error| self.silent(error))
    }

    async fn refused(&self, step: &'static str, response: Response<hyper::body::Incoming>) -> Error {
        let status = response.status().as_u16();
        let body = self.body(response, Some(LIMIT)).await.unwrap_or_default();
        let complaint = serde_json::from_slice::<Complaint>(&body).map(|complaint| complaint.message);
        let message = complaint.unwrap_or_else(|_| String::from_utf8_lossy(&body).trim().to_owned());
        Error::Docker { step, status, message }
    }

    fn silent(&self, cause: impl Display) -> Error {
        Error::Daemon { socket: self.socket.clone(), cause: cause.to_string() }
    }
}

fn version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(version("1.9") < version("1.41"));
        assert_eq!(version("x"), None);
    }
}
