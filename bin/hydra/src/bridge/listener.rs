//! `--listen-bridges`: the way to bridges from outside of the machine, and to nothing else.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use lunette_desktop::{DesktopId, Places};

use super::route::{BridgesUrl, Way, way};
use super::{Door, Origin, Tokens, pass};
use crate::http::Refusal;
use crate::registry::Registry;

/// Where browsers reach bridges.
#[derive(Debug, Clone)]
pub(crate) struct Bridges {
    base: Option<BridgesUrl>,
}

impl Bridges {
    /// Behind what listens on `listen`; a browser reaches that by `url`, if that is something else.
    pub(crate) fn new(listen: SocketAddr, url: Option<BridgesUrl>) -> Self {
        Self { base: url.or_else(|| BridgesUrl::of(listen)) }
    }

    /// What a person opens to use a desktop, where it can be opened.
    pub(crate) fn url(&self, id: &DesktopId, tokens: &Tokens) -> Option<String> {
        Some(self.base.as_ref()?.page(id, &tokens.control))
    }
}

/// What is served there.
pub(crate) fn router(registry: Arc<Registry>) -> Router {
    Router::new().fallback(serve).with_state(registry)
}

async fn serve(State(registry): State<Arc<Registry>>, request: Request) -> Response {
    match way(request.method(), request.uri(), request.headers()) {
        Way::To { id, target, prefix } => {
            let passed = to(&registry, &id, request, &target, prefix.as_deref()).await;
            passed.unwrap_or_else(IntoResponse::into_response)
        }
        Way::Elsewhere(to) => (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, to)]).into_response(),
        Way::Nowhere => Refusal::new(StatusCode::NOT_FOUND, "no desktop")
            .hint("a desktop is at /d/ID/, or at the root of ID.localhost")
            .into_response(),
    }
}

async fn to(
    registry: &Registry,
    id: &DesktopId,
    request: Request,
    target: &str,
    prefix: Option<&str>,
) -> Result<Response, Refusal> {
    let desktop = registry.get(id).filter(|desktop| !desktop.is_over()).ok_or_else(|| Refusal::no_desktop(id))?;
    let folder = Places::new(&registry.common.config.dir, id).bridge();
    let door = Door::open(&folder, &desktop.bridge).map_err(|error| Refusal::no_bridge(id, &error))?;
    pass(request, target, Origin::Anybody { prefix }, door).await
}
