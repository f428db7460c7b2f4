//! Files for browsers: the wall at the root, the viewer below `/d/ID/`.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};

use super::problem::Problem;

/// The page at the root.
const WALL: &str = "wall.html";

/// Files of the wall; anything else is not there.
pub(super) async fn serve(request: Request) -> Response {
    let path = request.uri().path();
    // Where the pages are not built there is one that says how to build them.
    let found = match path {
        "/" => file(WALL, request.headers()).or_else(|| file("index.html", request.headers())),
        path => file(path.trim_start_matches('/'), request.headers()),
    };
    found.unwrap_or_else(|| missing(path))
}

/// Whether the viewer has such a file.
pub(super) fn is_file(path: &str) -> bool {
    path.is_empty() || lunette_viewer_page::find(path).is_some()
}

/// A file of the viewer.
pub(super) fn viewer(path: &str, headers: &HeaderMap) -> Response {
    let path = if path.is_empty() { "index.html" } else { path };
    file(path, headers).unwrap_or_else(|| missing(path))
}

fn missing(path: &str) -> Response {
    let problem = Problem::new(StatusCode::NOT_FOUND, format!("there is nothing at {path}"));
    problem.hint("GET /openapi.json lists what there is").into_response()
}

fn file(path: &str, headers: &HeaderMap) -> Option<Response> {
    let asset = lunette_viewer_page::find(path)?;
    let common = [(ETAG, asset.etag), (CACHE_CONTROL, asset.cache_control()), (VARY, "accept-encoding")];
    if has(headers, &IF_NONE_MATCH, asset.etag) {
        return Some((StatusCode::NOT_MODIFIED, common).into_response());
    }
    let kind = [(CONTENT_TYPE, asset.content_type())];
    Some(match asset.packed.filter(|_| has(headers, &ACCEPT_ENCODING, "gzip")) {
        Some(packed) => (common, kind, [(CONTENT_ENCODING, "gzip")], Body::from(packed)).into_response(),
        None => (common, kind, Body::from(asset.bytes)).into_response(),
    })
}

/// Whether a list in a header has a word.
fn has(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|list| list.split(',')).any(|item| item.split(';').next().unwrap_or_default().trim() == word)
}
