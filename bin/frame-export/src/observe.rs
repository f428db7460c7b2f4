//! `/metrics` and `/healthz`.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::BUILD_ID;
use crate::backend::Backend;
use crate::metrics::Exposition;

pub(crate) fn router(backend: Arc<Backend>) -> Router {
    Router::new().route("/metrics", get(metrics)).route("/healthz", get(healthz)).with_state(backend)
}

async fn healthz(State(backend): State<Arc<Backend>>) -> impl IntoResponse {
    let scanouts = backend.control().scanouts().len();
    let connections = backend.metrics().open();
    let body = format!(
        "{{\"status\":\"ok\",\"build\":\"{BUILD_ID}\",\"scanouts\":{scanouts},\"connections\":{connections}}}\n"
    );
    ([(CONTENT_TYPE, "application/json")], body)
}

async fn metrics(State(backend): State<Arc<Backend>>) -> impl IntoResponse {
    let mut text = Exposition::default();
    text.family("frame_export_build_info", "gauge", "Which build this is.");
    text.sample("frame_export_build_info", &[("build", &BUILD_ID)], 1);
    backend.metrics().expose(&mut text);
    backend.streams().expose(lunette_capture::now(), &mut text);
    ([(CONTENT_TYPE, Exposition::CONTENT_TYPE)], text.finish())
}
