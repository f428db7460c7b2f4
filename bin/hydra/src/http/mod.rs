//! The API: HTTP over a Unix socket.

mod bridged;
mod desktops;
mod door;
mod execs;
mod files;
mod logs;
mod openapi;
mod refusal;
mod reply;
mod request;
mod routes;
mod server;
mod system;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::bridge::Bridges;
use crate::registry::Registry;

pub(crate) use door::guarded;
pub use openapi::document;
pub(crate) use refusal::Refusal;
pub(crate) use server::Server;

/// Answers at once that go on as long as somebody reads.
const STREAMS: usize = 128;

/// What every handler has.
pub(crate) struct App {
    registry: Arc<Registry>,
    /// Where browsers reach bridges, if they do.
    bridges: Option<Bridges>,
    streams: Arc<Semaphore>,
}

impl App {
    pub(crate) fn new(registry: Arc<Registry>, bridges: Option<Bridges>) -> Arc<Self> {
        Arc::new(Self { registry, bridges, streams: Arc::new(Semaphore::new(STREAMS)) })
    }

    fn place_for_stream(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        let place = Arc::clone(&self.streams).try_acquire_owned();
        place.map_err(|_| Refusal::failed(format!("{STREAMS} streams are being read already")))
    }
}

/// Every operation, and an answer for what is none.
pub(crate) fn router(app: Arc<App>) -> Router {
    let routed = routes::OPERATIONS
        .iter()
        .fold(Router::new(), |router, operation| router.route(operation.path, (operation.handler)()));
    routed
        .fallback(|| async {
            Refusal::new(StatusCode::NOT_FOUND, "no such path").hint("GET /openapi.json describes all of them")
        })
        .method_not_allowed_fallback(|| async {
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "not with this method").hint("see GET /openapi.json")
        })
        .with_state(app)
}
