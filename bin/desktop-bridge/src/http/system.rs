//! How this desktop is doing.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::bridge::Bridge;
use crate::sink::Standing;

pub(super) async fn health() -> &'static str {
    "OK"
}

pub(super) async fn status(State(bridge): State<Arc<Bridge>>) -> Json<Value> {
    let facts = bridge.desk.video.facts();
    let hops = bridge.desk.video.hops();
    let picture = json!({ "size": facts.size.map(|size| size.to_string()), "hops": hops });
    let sink = match bridge.sink.standing() {
        Standing::Starting => json!({ "state": "starting" }),
        Standing::Open { name, unicode } => json!({ "state": "ready", "name": name, "types_any_text": unicode }),
        Standing::Missing(reason) => json!({ "state": "missing", "why": reason }),
    };
    let ready = facts.size.is_some();
    Json(json!({
        "state": if ready { "ready" } else { "starting" },
        "version": crate::BUILD_ID,
        "uptime_s": bridge.started.elapsed().as_secs(),
        "viewers": bridge.desk.lounge.presence().len(),
        "picture": picture,
        "input": sink,
    }))
}

pub(super) async fn clients(State(bridge): State<Arc<Bridge>>) -> Json<Value> {
    let now = bridge.desk.lounge.now();
    let clients: Vec<Value> = bridge
        .desk
        .lounge
        .presence()
        .into_iter()
        .map(|one| {
            json!({
                "id": one.id.0,
                "user_id": one.user_id,
                "user_name": one.name,
                "avatar_url": one.avatar_url,
                "color": one.colour.to_string(),
                "last_x": one.place.0,
                "last_y": one.place.1,
                "idle_ms": u64::try_from(now.saturating_sub(one.seen).as_millis()).unwrap_or(u64::MAX),
            })
        })
        .collect();
    Json(json!({ "clients": clients }))
}

pub(super) async fn video_stats(State(bridge): State<Arc<Bridge>>) -> Json<Value> {
    let facts = bridge.desk.video.facts();
    let source = json!({
        "running": facts.size.is_some(),
        "size": facts.size.map(|size| size.to_string()),
        "client_count": bridge.desk.lounge.presence().len(),
        "hops": bridge.desk.video.hops(),
    });
    let (done, failed) = bridge.sink.counts();
    let input = json!({ "events": done, "failed": failed, "lost": bridge.desk.lounge.lost() });
    Json(json!({ "sources": [source], "input": input }))
}
