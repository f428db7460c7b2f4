//! The viewer's files.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;

pub(super) async fn serve(request: Request) -> Response {
    let Some(asset) = lunette_viewer_page::find(request.uri().path()) else {
        let error = format!("there is nothing at {}", request.uri().path());
        return Problem::new(StatusCode::NOT_FOUND, error)
            .hint("GET /openapi.json lists what there is")
            .into_response();
    };
    let common = [(ETAG, asset.etag), (CACHE_CONTROL, asset.cache_control()), (VARY, "accept-encoding")];
    if has(request.headers(), &IF_NONE_MATCH, asset.etag) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let kind = [(CONTENT_TYPE, asset.content_type())];
    match asset.packed.filter(|_| has(request.headers(), &ACCEPT_ENCODING, "gzip")) {
        Some(packed) => (common, kind, [(CONTENT_ENCODING, "gzip")], Body::from(packed)).into_response(),
        None => (common, kind, Body::from(asset.bytes)).into_response(),
    }
}

/// Whether a list in a header has a word.
fn has(headers: &HeaderMap, name: &axum::http::HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|list| list.split(',')).any(|item| item.split(';').next().unwrap_or_default().trim() == word)
}
