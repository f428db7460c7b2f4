//! How this desktop is doing.

use std::sync::Arc;
use std::time::SystemTime;

use axum::Json;
use axum::extract::State;
use lunette_session::{Counters, DropReason, Presence, SubscriberId};
use serde_json::{Map, Value, json};

use crate::bridge::Bridge;
use crate::sink::Standing;
use lunette_http::rfc3339_of;

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
        "session_id": session_id(&bridge),
        "uptime_s": bridge.started.elapsed().as_secs(),
        "viewers": bridge.desk.lounge.presence().len(),
        "picture": picture,
        "input": sink,
    }))
}

pub(super) async fn clients(State(bridge): State<Arc<Bridge>>) -> Json<Value> {
    let (now, clock) = (bridge.desk.lounge.now(), SystemTime::now());
    let one = |one: Presence| {
        let idle = now.saturating_sub(one.seen);
        json!({
            "id": one.id.0,
            "user_id": one.user_id,
            "user_name": one.name,
            "avatar_url": one.avatar_url,
            "color": one.colour.to_string(),
            "last_x": one.place.0,
            "last_y": one.place.1,
            "last_seen": rfc3339_of(clock.checked_sub(idle).unwrap_or(clock)),
            "controls": one.controls,
            "idle_ms": u64::try_from(idle.as_millis()).unwrap_or(u64::MAX),
        })
    };
    let clients: Vec<Value> = bridge.desk.lounge.presence().into_iter().map(one).collect();
    Json(json!({ "session_id": session_id(&bridge), "clients": clients }))
}

pub(super) async fn video_stats(State(bridge): State<Arc<Bridge>>) -> Json<Value> {
    let video = &bridge.desk.video;
    let (facts, stats) = (video.facts(), video.stats());
    let drops = stats.totals.subscribers.drops;
    let by_reason: Map<_, _> =
        DropReason::ALL.iter().map(|reason| (reason.as_str().to_owned(), drops.of(*reason).into())).collect();
    let here = bridge.desk.lounge.connections().here;
    let client = |(id, counters): &(SubscriberId, Counters)| {
        let viewer = here.iter().find(|viewer| viewer.subscriber == Some(*id)).and_then(|viewer| viewer.member);
        json!({
            // Who looks at single pictures has no number.
            "client_id": viewer.map(|viewer| viewer.0),
            "buffer_used": counters.queued,
            "buffer_size": stats.queue_units,
            "buffer_pct": percent(counters.queued, stats.queue_units),
            "delivered": counters.delivered,
            "dropped": counters.drops.total(),
        })
    };
    let source = json!({
        "node_id": stats.scanout.get(),
        "running": stats.running,
        "pending_stop": stats.pending_stop,
        "client_count": stats.subscribers.len(),
        "frames_received": stats.totals.units,
        "frames_dropped": drops.total(),
        "frames_dropped_by": by_reason,
        "gop_buffer_size": stats.kept_units,
        "clients": stats.subscribers.iter().map(client).collect::<Vec<_>>(),
        "size": facts.size.map(|size| size.to_string()),
        "hops": video.hops(),
    });
    let (done, failed) = bridge.sink.counts();
    let input = json!({ "events": done, "failed": failed, "lost": bridge.desk.lounge.lost() });
    Json(json!({ "session_id": session_id(&bridge), "sources": [source], "input": input }))
}

/// Empty where nobody said: clients expect a text.
fn session_id(bridge: &Bridge) -> &str {
    bridge.session_id.as_deref().unwrap_or_default()
}

fn percent(used: usize, size: usize) -> u64 {
    let parts = (used as u64 * 100).checked_div(size as u64);
    parts.unwrap_or(0)
}
