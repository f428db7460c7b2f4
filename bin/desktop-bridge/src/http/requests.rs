//! Requests, counted by how they were answered.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;

use crate::bridge::Bridge;

/// How many requests were answered with a status of each class.
#[derive(Debug, Default)]
pub struct Requests([AtomicU64; 5]);

impl Requests {
    /// The classes.
    pub(super) const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

    fn count(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).clamp(1, 5) - 1;
        self.0[class].fetch_add(1, Relaxed);
    }

    /// Each class with its number of requests.
    pub(super) fn by_class(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Self::CLASSES.into_iter().zip(self.0.iter().map(|count| count.load(Relaxed)))
    }
}

/// Counts a request when it is answered; a WebSocket when it begins.
pub(super) async fn count(State(bridge): State<Arc<Bridge>>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    bridge.requests.count(response.status());
    response
}
