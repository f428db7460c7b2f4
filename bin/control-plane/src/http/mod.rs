//! Requests: one table of operations, from which routes, their guards and the API's description are made.

mod access;
pub(crate) mod desktops;
mod events;
mod external;
mod headers;
mod hosts;
mod openapi;
mod pages;
pub(crate) mod people;
mod problem;
mod request;
mod routes;
mod screenshot;
mod session;
mod system;

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{DefaultBodyLimit, RawPathParams, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, on};
use axum::{Extension, RequestExt, Router};

use crate::app::App;
use crate::audit::Deed;
use crate::auth::{Caller, Peer};
use crate::dialled::Runners;

pub use openapi::document;
pub(crate) use problem::Problem;
use routes::{OPERATIONS, Operation};

/// Bytes of a body, where an operation does not say otherwise.
const LARGEST_BODY: usize = 1 << 20;

/// Every operation behind its guard, and the pages.
pub(crate) fn router(app: Arc<App>) -> Router {
    let mut router = Router::new();
    for operation in OPERATIONS {
        let guard = from_fn_with_state((Arc::clone(&app), operation), guard);
        let method: MethodRouter<Arc<App>> = (operation.handler)(operation.filter());
        router = router.route(operation.path, method.layer(guard));
    }
    let everybody = from_fn_with_state((Arc::clone(&app), &routes::PAGE), guard);
    let dialled = app.tunnels.router(Arc::new(Runners(Arc::clone(&app))));
    router
        .fallback_service(axum::routing::get(pages::serve).layer(everybody).with_state(Arc::clone(&app)))
        .method_not_allowed_fallback(problem::method)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(from_fn(headers::add))
        .with_state(app)
        .merge(dialled)
}

/// Lets a request pass as somebody, or answers it; notes what was done.
async fn guard(
    State((app, operation)): State<(Arc<App>, &'static Operation)>,
    Extension(peer): Extension<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let path = request.uri().path().to_owned();
    let params = request.extract_parts::<RawPathParams>().await;
    let desktop = params.ok().and_then(|params| {
        params.iter().find(|(name, _)| *name == "id" && operation.about_desktop()).map(|(_, id)| id.to_owned())
    });
    let admitted = app.gate.admit(&app.keys, peer, request.method(), request.headers(), operation.need);
    let admitted = admitted.and_then(|caller| theirs(caller, desktop.as_deref()));
    let (who, response) = match admitted {
        Ok(caller) => {
            let who = caller.as_ref().map_or_else(|| "nobody".to_owned(), |caller| caller.name.clone());
            if let Some(caller) = caller {
                request.extensions_mut().insert(caller);
            }
            (who, next.run(request).await)
        }
        Err(problem) => ("nobody".to_owned(), problem.into_response()),
    };
    let told = response.extensions().get::<Who>().map_or(who, |who| who.0.clone());
    let opened = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    if operation.is_audited() || opened {
        let path = if opened { &path } else { operation.path };
        let (from, what) = (peer.0.to_string(), format!("{} {path}", operation.method));
        let status = response.status().as_u16();
        app.audit.note(Deed { who: &told, from: &from, what: &what, desktop: desktop.as_deref(), status });
    }
    tracing::debug!(operation.path, status = response.status().as_u16(), took = ?began.elapsed(), "answered");
    response
}

/// Who logged in, for the audit log: nobody was let in by then.
#[derive(Clone)]
struct Who(String);

/// A desktop that is not theirs is none, for them.
fn theirs(caller: Option<Caller>, desktop: Option<&str>) -> Result<Option<Caller>, Problem> {
    match (&caller, desktop) {
        (Some(caller), Some(id)) if !caller.desktops.as_ref().is_none_or(|desktops| desktops.contains(id)) => {
            Err(Problem::no_desktop(id))
        }
        _ => Ok(caller),
    }
}

/// What is not there yet.
async fn not_yet() -> Problem {
    Problem::new(StatusCode::NOT_IMPLEMENTED, "recordings are not made yet")
        .hint("what is shown can be saved as it comes: `lunette stream ID --save FILE`")
}

/// For every method that is served.
fn handled<H, T>(handler: H) -> impl Fn(axum::routing::MethodFilter) -> MethodRouter<Arc<App>>
where
    H: axum::handler::Handler<T, Arc<App>> + Clone,
    T: 'static,
{
    move |filter| on(filter, handler.clone())
}

/// As `GET`, for those that only read.
fn is_reading(method: &Method) -> bool {
    method == Method::GET || method == Method::HEAD
}
