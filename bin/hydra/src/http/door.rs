//! `--listen-api`: the API for whoever shows its token.
//!
//! The token comes as `Proxy-Authorization`: it is for this hop, while `Authorization` may be for a bridge behind it, and
//! bridges never hear the former. No page of a browser can send it.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{PROXY_AUTHENTICATE, PROXY_AUTHORIZATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use lunette_auth::{Field, Token, from_authorization};

use super::Refusal;

/// The same operations, for whoever shows the token in `file`.
pub(crate) fn guarded(router: Router, file: &Path) -> anyhow::Result<Router> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let token: Token = text.trim().parse().with_context(|| format!("{} holds no token", file.display()))?;
    Ok(router.layer(from_fn_with_state(Arc::new(token), gate)))
}

async fn gate(State(token): State<Arc<Token>>, request: Request, next: Next) -> Response {
    if shown(request.headers()) == Some(*token) {
        return next.run(request).await;
    }
    let refusal =
        Refusal::new(StatusCode::PROXY_AUTHENTICATION_REQUIRED, "the token of this machine's hydra is missing");
    let mut answer = refusal.hint("Proxy-Authorization: Bearer TOKEN, as in --api-token-file").into_response();
    answer.headers_mut().insert(PROXY_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    answer
}

fn shown(headers: &HeaderMap) -> Option<Token> {
    let values = headers.get_all(PROXY_AUTHORIZATION).iter().map(HeaderValue::as_bytes);
    from_authorization(Field::of(values)).ok().flatten()?.parse().ok()
}
