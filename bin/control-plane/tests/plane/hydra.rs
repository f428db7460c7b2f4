//! A hydra without desktops: it does at once what it is asked for, and counts.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const TOKEN: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// What its bridges show.
pub(crate) const LAST_PICTURE: &[u8] = b"\xff\xd8\xff and so on";

/// What it has, and what it was asked for.
#[derive(Default)]
pub(crate) struct Inside {
    pub(crate) desktops: BTreeMap<String, Value>,
    pub(crate) creates: usize,
    /// What came to bridges: path and token.
    pub(crate) bridged: Vec<(String, String)>,
}

type Shared = Arc<Mutex<Inside>>;

/// A running one; its desktops outlive it.
pub(crate) struct Hydra {
    pub(crate) inside: Shared,
    pub(crate) address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Hydra {
    pub(crate) async fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), Shared::default(), true).await
    }

    /// One that asks nobody for a token, as on its own machine.
    pub(crate) async fn start_open() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), Shared::default(), false).await
    }

    async fn start_at(address: SocketAddr, inside: Shared, guarded: bool) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let (address, router) = (listener.local_addr().unwrap(), router(Arc::clone(&inside), guarded));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { inside, address, serving }
    }

    /// It dies, and comes back with what it had.
    pub(crate) async fn die(self) -> impl Future<Output = Self> {
        let Self { inside, address, serving } = self;
        serving.abort();
        let _ = serving.await;
        Self::start_at(address, inside, true)
    }

    pub(crate) fn creates(&self) -> usize {
        self.inside.lock().unwrap().creates
    }

    pub(crate) fn bridged(&self) -> Vec<(String, String)> {
        self.inside.lock().unwrap().bridged.clone()
    }
}

fn router(inside: Shared, guarded: bool) -> Router {
    let router = Router::new()
        .route("/api/v1/dev-containers", get(list).post(create))
        .route("/api/v1/dev-containers/{id}", axum::routing::delete(remove))
        .route("/api/v1/dev-containers/{id}/resize", post(resize))
        .route("/api/v1/dev-containers/{id}/exec", post(exec))
        .route("/api/v1/dev-containers/{id}/logs", get(|| async { "printed\n" }))
        .route("/api/v1/dev-containers/{id}/screenshot", get(|| async { LAST_PICTURE }))
        .route("/api/v1/dev-containers/{id}/clients", get(|| async { Json(json!({})) }))
        .route("/api/v1/dev-containers/{id}/proxy/9876/{*rest}", any(bridge))
        .route("/api/v1/profiles", get(|| async { Json(json!([{ "name": "light", "summary": "for tests" }])) }))
        .route("/system/stats", get(|| async { Json(json!({ "memory_available_mib": 1000, "max_desktops": 4 })) }))
        .with_state(inside);
    if guarded { router.layer(axum::middleware::from_fn(guard)) } else { router }
}

async fn guard(request: Request, next: axum::middleware::Next) -> Response {
    let shown = request.headers().get("proxy-authorization").and_then(|value| value.to_str().ok());
    if shown == Some(&format!("Bearer {TOKEN}")) {
        return next.run(request).await;
    }
    StatusCode::PROXY_AUTHENTICATION_REQUIRED.into_response()
}

async fn list(State(inside): State<Shared>) -> Json<Value> {
    Json(inside.lock().unwrap().desktops.values().cloned().collect())
}

async fn create(State(inside): State<Shared>, Json(wish): Json<Value>) -> Response {
    let mut inside = inside.lock().unwrap();
    inside.creates += 1;
    if wish["profile"] != "light" {
        let refusal = json!({ "error": "no such profile", "hint": "light is there" });
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(refusal)).into_response();
    }
    let id = wish["id"].as_str().unwrap().to_owned();
    let desktop = json!({
        "id": id, "name": wish["name"].as_str().unwrap_or(&id), "profile": "light", "ordered_at_ms": 1,
        "limits": {},
        "report": {
            "id": id, "phase": "running", "since_ms": 1, "launcher_pid": 1, "scanout": 3, "size": wish["size"],
            "bridge": { "state": "ready" },
        },
        "bridge": { "tokens": { "view": "the-view", "control": "the-control", "agent": "the-agent" } },
    });
    inside.desktops.insert(id, desktop.clone());
    (StatusCode::CREATED, Json(desktop)).into_response()
}

async fn remove(State(inside): State<Shared>, Path(id): Path<String>) -> Json<Value> {
    inside.lock().unwrap().desktops.remove(&id);
    Json(json!({}))
}

async fn resize(State(inside): State<Shared>, Path(id): Path<String>, Json(wish): Json<Value>) -> Response {
    if wish["size"] == "640x480" {
        return (StatusCode::CONFLICT, Json(json!({ "error": "it keeps its size" }))).into_response();
    }
    if let Some(desktop) = inside.lock().unwrap().desktops.get_mut(&id) {
        desktop["report"]["size"] = wish["size"].clone();
    }
    Json(json!({})).into_response()
}

async fn exec(Json(wish): Json<Value>) -> Json<Value> {
    Json(json!({ "id": "cmd-1", "stdout": wish["args"].to_string(), "stderr": "", "exit_code": 0 }))
}

/// Says who it was asked by; a WebSocket says what it hears, and at `end` it is cut off.
async fn bridge(
    State(inside): State<Shared>,
    Path((_, rest)): Path<(String, String)>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    headers: HeaderMap,
) -> Response {
    let token = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    inside.lock().unwrap().bridged.push((rest, token.clone()));
    let Ok(upgrade) = upgrade else {
        let has = |name: &str| headers.contains_key(name);
        let user = headers.get("lunette-user").map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned());
        let body = json!({ "token": token, "user": user, "cookie": has("cookie"), "origin": has("origin") });
        return ([("set-cookie", "foreign=1")], Body::from(body.to_string())).into_response();
    };
    upgrade.protocols(["lunette"]).on_upgrade(|mut socket| async move {
        while let Some(Ok(message)) = socket.recv().await {
            match message {
                Message::Text(text) if text.as_str() == "end" => return,
                Message::Text(text) => drop(socket.send(Message::Text(text)).await),
                _ => {}
            }
        }
    })
}
