//! The way to a desktop's bridge: requests pass as they are, and WebSockets byte by byte.
//!
//! ```text
//!   browser ══ ours ══▶ gateway ── hydra of its host ──▶ bridge, by the bridge's token for what the caller may do
//! ```
//! Pings and pongs pass too, so that the bridge measures the way to the browser, and not the way to us. When the far end
//! is cut off between two frames, the browser is told so and comes back; within one it just sees its connection end.

mod frames;
mod relay;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, CONNECTION, COOKIE, HOST, HeaderValue, ORIGIN, UPGRADE};
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri};
use axum::response::Response;
use hyper_util::rt::TokioIo;
use lunette_desktop::DesktopId;
use lunette_fleet::Stage;
use lunette_http::{is_websocket, tell_user};
use serde::Serialize;
use tokio::sync::Notify;

use crate::app::App;
use crate::auth::{Caller, Scope};
use crate::clock::now_ms;
use crate::http::Problem;

/// For both sides to speak what a WebSocket carries.
const HEAD: Duration = Duration::from_secs(125);
/// For an answer: a program that a desktop was asked to run may take 600 s, and hydra waits for it a little longer.
const ANSWER: Duration = Duration::from_secs(640);

/// What counts for one connection only, or is for us alone.
const OURS: [HeaderName; 12] = [
    COOKIE,
    ORIGIN,
    HOST,
    AUTHORIZATION,
    HeaderName::from_static("forwarded"),
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("te"),
    HeaderName::from_static("trailer"),
    HeaderName::from_static("transfer-encoding"),
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
];

/// What of an answer would change more of a browser than one page.
const TOO_FAR: [HeaderName; 6] = [
    HeaderName::from_static("set-cookie"),
    HeaderName::from_static("strict-transport-security"),
    HeaderName::from_static("alt-svc"),
    HeaderName::from_static("clear-site-data"),
    HeaderName::from_static("service-worker-allowed"),
    HeaderName::from_static("content-security-policy"),
];

/// One WebSocket that is being carried.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Viewer {
    pub(crate) id: u64,
    pub(crate) desktop: String,
    pub(crate) who: String,
    pub(crate) from: String,
    pub(crate) what: String,
    pub(crate) since_ms: u64,
    #[serde(skip)]
    end: Arc<Notify>,
}

/// Every WebSocket that is being carried.
#[derive(Default)]
pub(crate) struct Viewers {
    // Entered and left once for each of them.
    list: Mutex<BTreeMap<u64, Viewer>>,
    next: AtomicU64,
}

impl Viewers {
    pub(crate) fn list(&self) -> Vec<Viewer> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Ends one; whether it was there.
    pub(crate) fn end(&self, id: u64) -> bool {
        let list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.get(&id).map(|viewer| viewer.end.notify_one()).is_some()
    }

    fn enter(&self, desktop: &DesktopId, who: &Caller, from: String, what: &str) -> Viewer {
        let id = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        let (desktop, who, what) = (desktop.to_string(), who.name.clone(), what.to_owned());
        let viewer = Viewer { id, desktop, who, from, what, since_ms: now_ms(), end: Arc::default() };
        self.list.lock().unwrap_or_else(PoisonError::into_inner).insert(id, viewer.clone());
        viewer
    }

    fn leave(&self, id: u64) {
        self.list.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}

/// Passes a request on to a desktop's bridge, as one for `target`: a path with its query.
pub(crate) async fn pass(
    app: &Arc<App>,
    caller: &Caller,
    from: String,
    id: &DesktopId,
    mut request: Request,
    target: &str,
) -> Result<Response, Problem> {
    let hydra = reachable(app, id)?;
    let client = is_websocket(request.headers()).then(|| hyper::upgrade::on(&mut request));
    prepare(app, caller, id, &mut request, target)?;
    let answer = hydra.send(request, ANSWER).await;
    let mut answer = answer.map_err(|error| Problem::new(StatusCode::BAD_GATEWAY, format!("desktop {id}: {error}")))?;
    let granted = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
    match client {
        Some(client) if granted && is_websocket(answer.headers()) => {
            let bridge = hyper::upgrade::on(&mut answer);
            carry(app, app.viewers.enter(id, caller, from, target), client, bridge);
        }
        _ if granted => return Err(Problem::new(StatusCode::BAD_GATEWAY, "its bridge answers what was not asked")),
        _ => {}
    }
    clean(answer.headers_mut());
    Ok(answer)
}

fn reachable(app: &App, id: &DesktopId) -> Result<crate::hydra::Hydra, Problem> {
    let fleet = app.fleet();
    let desired = fleet.desired(id).ok_or_else(|| Problem::no_desktop(id.as_str()))?;
    let state = fleet.state(id).ok_or_else(|| Problem::no_desktop(id.as_str()))?;
    let host = app.host(&desired.host);
    match (state.stage, host) {
        (Stage::Running | Stage::Frozen | Stage::Starting | Stage::Stopping, Some(host)) => Ok(host.hydra.clone()),
        (Stage::Lost, _) | (_, None) => {
            let why = state.why.unwrap_or_default();
            Err(Problem::new(StatusCode::BAD_GATEWAY, format!("desktop {id} cannot be reached: {why}")))
        }
        (stage, _) => {
            let why = state.why.map(|why| format!(": {why}")).unwrap_or_default();
            let stage = format!("{stage:?}").to_lowercase();
            Err(Problem::new(StatusCode::CONFLICT, format!("desktop {id} is {stage}{why}")))
        }
    }
}

fn prepare(app: &App, caller: &Caller, id: &DesktopId, request: &mut Request, target: &str) -> Result<(), Problem> {
    let path = format!("/api/v1/dev-containers/{id}/proxy/9876{target}");
    *request.uri_mut() = path.parse::<Uri>().map_err(|_| Problem::bad("a path that makes no sense"))?;
    *request.version_mut() = axum::http::Version::HTTP_11;
    let websocket = is_websocket(request.headers());
    let headers = request.headers_mut();
    OURS.iter().for_each(|name| drop(headers.remove(name)));
    // The bridge knows tokens; whom others see there is said by who knows people.
    tell_user(headers, &caller.name);
    // Tokens of ours are of no use there; the page's subprotocol is.
    let protocols = headers.remove("sec-websocket-protocol");
    if protocols.is_some_and(|list| list.to_str().is_ok_and(offers_ours)) {
        headers.insert("sec-websocket-protocol", HeaderValue::from_static(lunette_auth::PROTOCOL));
    }
    if !websocket {
        headers.remove(CONNECTION);
        headers.remove(UPGRADE);
    }
    let tokens = app.bridge(id).ok_or_else(|| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, format!("the bridge of desktop {id} is not there yet"))
    })?;
    let token = match caller.scopes {
        scopes if scopes.has(Scope::Agent) && !is_person(caller) => tokens.agent,
        scopes if scopes.has(Scope::Agent) && needs_agent(target) => tokens.agent,
        scopes if scopes.has(Scope::Control) => tokens.control,
        _ => tokens.view,
    };
    let bearer = HeaderValue::from_str(&format!("Bearer {token}"));
    headers.insert(AUTHORIZATION, bearer.map_err(|_| Problem::new(StatusCode::BAD_GATEWAY, "a token of no use"))?);
    Ok(())
}

/// Whoever comes with the agent's token takes part as an agent; an administrator at a browser is a person.
fn is_person(caller: &Caller) -> bool {
    caller.scopes.has(Scope::Admin) || matches!(caller.through, crate::auth::Through::Cookie(_))
}

fn needs_agent(target: &str) -> bool {
    ["/mcp", "/exec"].iter().any(|path| target.split('?').next() == Some(path))
}

fn offers_ours(list: &str) -> bool {
    list.split(',').any(|word| word.trim() == lunette_auth::PROTOCOL)
}

fn clean(headers: &mut HeaderMap) {
    TOO_FAR.iter().for_each(|name| drop(headers.remove(name)));
}

fn carry(app: &Arc<App>, viewer: Viewer, client: hyper::upgrade::OnUpgrade, bridge: hyper::upgrade::OnUpgrade) {
    let app = Arc::clone(app);
    app.changed();
    tokio::spawn(async move {
        let both = tokio::time::timeout(HEAD, async { tokio::try_join!(client, bridge) }).await;
        let ended = match both {
            Ok(Ok((client, bridge))) => {
                let (client, bridge) = (TokioIo::new(client), TokioIo::new(bridge));
                tokio::select! {
                    ended = relay::relay(client, bridge, relay::SILENCE) => ended.map_err(|error| error.to_string()),
                    () = viewer.end.notified() => Err("it was ended from here".to_owned()),
                }
            }
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the upgrade did not come about in time".to_owned()),
        };
        tracing::debug!(id = viewer.id, desktop = viewer.desktop, outcome = ?ended, "a WebSocket ended");
        app.viewers.leave(viewer.id);
        app.changed();
    });
}

/// An empty body, for requests that are made here.
pub(crate) fn empty(path: &str) -> Request {
    let mut request = Request::new(Body::empty());
    if let Ok(uri) = path.parse() {
        *request.uri_mut() = uri;
    }
    request
}
