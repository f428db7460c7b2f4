//! Requests: one table of operations, from which routes and the API's description are made.

mod desktop;
pub mod events;
mod headers;
mod metrics;
mod openapi;
mod page;
mod requests;
mod routes;
mod schemas;
mod streams;
mod system;

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use lunette_auth::Scope;

use crate::bridge::Bridge;
use crate::listen::Peer;
use crate::{agent, exec, files, mcp, worktrees};

pub use requests::Requests;

/// Bytes of a body, where an operation does not say otherwise.
const LARGEST_BODY: usize = 1 << 20;

/// All operations, each behind the gate.
pub fn router(bridge: Arc<Bridge>) -> Router {
    let mut router = Router::new();
    for operation in routes::OPERATIONS {
        let gate = from_fn_with_state((Arc::clone(&bridge), operation.scope), gate);
        router = router.route(operation.path, (operation.handler)().layer(gate));
    }
    // These look at the scope themselves, each as it needs.
    let programs = Router::new()
        .merge(agent::routes::<Bridge>())
        .merge(exec::routes::<Bridge>())
        .merge(files::routes::<Bridge>())
        .merge(worktrees::routes::<Bridge>())
        .merge(if bridge.mcp { mcp::routes::<Bridge>() } else { Router::new() })
        .layer(from_fn_with_state((Arc::clone(&bridge), Some(Scope::View)), gate));
    let router = router.merge(programs);
    let everybody = from_fn_with_state((Arc::clone(&bridge), None), gate);
    router
        .fallback_service(axum::routing::get(page::serve).layer(everybody))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(from_fn(headers::add))
        .layer(from_fn_with_state(Arc::clone(&bridge), requests::count))
        .with_state(bridge)
}

/// Lets a request pass as somebody, or answers it.
async fn gate(
    State((bridge, scope)): State<(Arc<Bridge>, Option<Scope>)>,
    Extension(peer): Extension<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    match bridge.gate.admit(&peer, request.method(), request.headers(), scope) {
        Ok(identity) => {
            if let Some(identity) = identity {
                request.extensions_mut().insert(identity);
            }
            next.run(request).await
        }
        // A page is not shown the status of a WebSocket that failed, so it is told over one.
        Err(problem) if problem.wants_a_token() && streams::is_one(&request) => {
            streams::turn_away(request, problem).await
        }
        Err(problem) => problem.into_response(),
    }
}
