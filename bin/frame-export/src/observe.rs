//! `/metrics` and `/healthz`.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::json;

use crate::BUILD_ID;
use crate::backend::Backend;
use crate::metrics::{self, Exposition};

pub(crate) fn router(backend: Arc<Backend>) -> Router {
    Router::new().route("/metrics", get(expose)).route("/healthz", get(healthz)).with_state(backend)
}

async fn healthz(State(backend): State<Arc<Backend>>) -> impl IntoResponse {
    let scanouts = backend.control().scanouts().len();
    let connections = backend.metrics().open();
    let machine = backend.machine().map(|machine| match machine.unreachable() {
        None => json!({ "connected": true }),
        Some(reason) => json!({ "connected": false, "reason": reason }),
    });
    let health = json!({
        "status": "ok",
        "build": BUILD_ID,
        "scanouts": scanouts,
        "connections": connections,
        "machine": machine,
    });
    ([(CONTENT_TYPE, "application/json")], format!("{health}\n"))
}

async fn expose(State(backend): State<Arc<Backend>>) -> impl IntoResponse {
    let mut text = Exposition::default();
    text.family("frame_export_build_info", "gauge", "Which build this is.");
    text.sample("frame_export_build_info", &[("build", &BUILD_ID)], 1);
    backend.metrics().expose(&mut text);
    backend.gate().expose(&mut text);
    if let Some(machine) = backend.machine() {
        metrics::machine::expose(machine.unreachable().is_none(), &machine.states(), &mut text);
    }
    backend.streams().expose(lunette_capture::now(), &mut text);
    ([(CONTENT_TYPE, Exposition::CONTENT_TYPE)], text.finish())
}
