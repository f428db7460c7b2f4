//! Whether all is well, for whoever watches this program.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use lunette_fleet::HostState;
use serde_json::{Value, json};

use super::problem::{json_answer, with_type};
use crate::app::App;

pub(super) async fn health() -> &'static str {
    "OK\n"
}

/// Whether the store answers, and a host does.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Response {
    let store = app.store.ask(|store| store.events(u64::MAX >> 1, 1)).await;
    let hosts: BTreeMap<String, Value> = {
        let fleet = app.fleet();
        let word = |state: &HostState| match state {
            HostState::Here => json!("here"),
            HostState::Unknown => json!("not asked yet"),
            HostState::Lost(why) => json!(why),
        };
        fleet.hosts().map(|(name, state, ..)| (name.to_string(), word(state))).collect()
    };
    let here = hosts.is_empty() || hosts.values().any(|state| state == "here");
    let status = if store.is_ok() && here { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let store = store.err().map_or_else(|| "ok".to_owned(), |error| lunette_cause::chain(&error));
    json_answer(status, &json!({ "store": store, "hosts": hosts }))
}

pub(super) async fn version() -> Response {
    let version = env!("CARGO_PKG_VERSION");
    json_answer(StatusCode::OK, &json!({ "name": env!("CARGO_PKG_NAME"), "version": version }))
}

/// In the words of Prometheus.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let mut text = String::new();
    let viewers = app.viewers.list();
    {
        let fleet = app.fleet();
        let mut stages: BTreeMap<String, u32> = BTreeMap::new();
        for desired in fleet.all() {
            let stage = fleet.state(&desired.id).map(|state| format!("{:?}", state.stage).to_lowercase());
            *stages.entry(stage.unwrap_or_default()).or_default() += 1;
        }
        head(&mut text, "desktops", "gauge", "Desktops by how they are doing");
        for (stage, count) in &stages {
            let _ = writeln!(text, "control_plane_desktops{{state=\"{stage}\"}} {count}");
        }
        head(&mut text, "host_up", "gauge", "Whether a host answers");
        for (name, state, ..) in fleet.hosts() {
            let up = u8::from(*state == HostState::Here);
            let _ = writeln!(text, "control_plane_host_up{{host=\"{name}\"}} {up}");
        }
        head(&mut text, "host_memory_available_bytes", "gauge", "Free memory of a host");
        for (name, _, facts, _) in fleet.hosts() {
            let bytes = facts.memory_available_mib.unwrap_or(0) << 20;
            let _ = writeln!(text, "control_plane_host_memory_available_bytes{{host=\"{name}\"}} {bytes}");
        }
    }
    head(&mut text, "viewers", "gauge", "WebSockets that are carried to desktops");
    let _ = writeln!(text, "control_plane_viewers {}", viewers.len());
    head(&mut text, "uptime_seconds", "gauge", "Since this program began");
    let _ = writeln!(text, "control_plane_uptime_seconds {}", app.started.elapsed().as_secs());
    with_type(StatusCode::OK, "text/plain; version=0.0.4", Body::from(text))
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP control_plane_{name} {help}\n# TYPE control_plane_{name} {kind}");
}
