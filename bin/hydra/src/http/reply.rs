//! Bodies of answers: JSON, and streams of bytes with a bounded queue.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures_core::Stream;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

/// A document.
pub(super) fn json(status: StatusCode, content: &impl Serialize) -> Response {
    match serde_json::to_vec(content) {
        Ok(bytes) => with_type(status, "application/json", Body::from(bytes)),
        Err(error) => with_type(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", Body::from(error.to_string())),
    }
}

/// Nothing more to say.
pub(super) fn nothing() -> Response {
    with_type(StatusCode::NO_CONTENT, "text/plain", Body::empty())
}

/// Text or bytes as they come.
pub(super) fn stream(content_type: &'static str, chunks: Chunks) -> Response {
    with_type(StatusCode::OK, content_type, Body::from_stream(chunks))
}

pub(super) fn with_type(status: StatusCode, content_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What a task sends; its place among the streams is free when this is dropped.
pub(super) struct Chunks {
    pub(super) queue: mpsc::Receiver<Bytes>,
    pub(super) _place: Option<OwnedSemaphorePermit>,
}

impl Stream for Chunks {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.queue.poll_recv(context).map(|chunk| chunk.map(Ok))
    }
}
