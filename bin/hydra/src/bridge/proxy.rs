//! One request to a bridge, and its answer, as they come.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, HOST, HeaderValue, ORIGIN};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use lunette_http::{USER, is_websocket};
use tokio::time::timeout;

use super::door::Door;
use super::headers::{clean_answer, clean_request};
use super::relay::{SILENCE, relay};
use super::tokens::Tokens;
use crate::http::Refusal;

/// Bytes of an answer's head.
const LONGEST_HEAD: usize = 64 * 1024;
/// For both sides to speak what a WebSocket carries.
const HEAD: Duration = Duration::from_secs(120);
/// For a bridge to answer: a program that it was asked to run may take 600 s.
const ANSWER: Duration = Duration::from_secs(630);
/// For a whole exchange; large files take their time.
const EXCHANGE: Duration = Duration::from_secs(3600);

/// Where a request comes from.
pub(crate) enum Origin<'a> {
    /// A browser, or whoever else reaches `--listen-bridges`. What it says passes as it is: the bridge checks its host,
    /// its origin and its token.
    Anybody {
        /// Where it sees the bridge's root, unless that is a root.
        prefix: Option<&'a str>,
    },
    /// A client of the API, who may do everything anyway.
    Api {
        /// As above.
        prefix: &'a str,
        /// What it is let in with, unless it says so itself.
        tokens: Option<Tokens>,
    },
}

/// Passes `request` on, as one for `target`: a path with its query.
pub(crate) async fn pass(
    mut request: Request,
    target: &str,
    origin: Origin<'_>,
    door: Door,
) -> Result<Response, Refusal> {
    let uri = target.parse::<Uri>().map_err(|_| Refusal::bad("a path that makes no sense"))?;
    let websocket = is_websocket(request.headers());
    let client = websocket.then(|| hyper::upgrade::on(&mut request));
    prepare(&mut request, uri, origin);
    let Door { stream, place } = door;
    let place = Arc::new(place);
    let handshake = http1::Builder::new().max_buf_size(LONGEST_HEAD).handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(silent)?;
    let held = Arc::clone(&place);
    tokio::spawn(async move {
        // It ends by itself with the answer, or when nobody waits for it any more.
        if let Ok(Err(error)) = timeout(EXCHANGE, connection.with_upgrades()).await {
            tracing::debug!(%error, "a connection to a bridge ended badly");
        }
        drop(held);
    });
    let answer = timeout(ANSWER, sender.send_request(request)).await;
    let mut answer = answer.map_err(|_| late())?.map_err(silent)?.map(Body::new);
    let granted = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
    match client {
        Some(client) if granted && is_websocket(answer.headers()) => {
            let bridge = hyper::upgrade::on(&mut answer);
            tokio::spawn(async move {
                let relayed = joined(client, bridge).await;
                tracing::debug!(outcome = ?relayed, "a WebSocket ended");
                drop(place);
            });
        }
        _ if granted => return Err(Refusal::gateway("its bridge answers what was not asked")),
        _ => {}
    }
    clean_answer(answer.headers_mut());
    Ok(answer)
}

fn prepare(request: &mut Request, uri: Uri, origin: Origin<'_>) {
    *request.uri_mut() = uri;
    *request.version_mut() = axum::http::Version::HTTP_11;
    let headers = request.headers_mut();
    match origin {
        Origin::Anybody { prefix } => clean_request(headers, prefix),
        Origin::Api { prefix, tokens } => {
            // A control plane tells whom it let in.
            let user = headers.get(USER).cloned();
            clean_request(headers, Some(prefix));
            if let Some(user) = user {
                headers.insert(USER, user);
            }
            // A Unix socket is reached by no page, whatever its names may lead to.
            headers.insert(HOST, HeaderValue::from_static("localhost"));
            headers.remove(ORIGIN);
            let bearer = tokens.and_then(|tokens| HeaderValue::from_str(&format!("Bearer {}", tokens.control)).ok());
            if let Some(bearer) = bearer.filter(|_| !headers.contains_key(AUTHORIZATION)) {
                headers.insert(AUTHORIZATION, bearer);
            }
        }
    }
}

async fn joined(client: hyper::upgrade::OnUpgrade, bridge: hyper::upgrade::OnUpgrade) -> std::io::Result<()> {
    // The client's is ready when our answer is written.
    let both = timeout(HEAD, async { tokio::try_join!(client, bridge) }).await?;
    let (client, bridge) = both.map_err(std::io::Error::other)?;
    relay(TokioIo::new(client), TokioIo::new(bridge), SILENCE).await
}

// By value for `map_err`.
#[expect(clippy::needless_pass_by_value, reason = "as above")]
fn silent(error: hyper::Error) -> Refusal {
    Refusal::gateway(format!("its bridge does not answer: {error}"))
}

fn late() -> Refusal {
    Refusal::gateway(format!("its bridge did not answer within {} s", ANSWER.as_secs()))
}
