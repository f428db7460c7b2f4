//! `GET /wait`: until something changes, or until nothing does.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use lunette_auth::Scope;
use lunette_frame::Rect;
use lunette_snapshot::Changed;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::host::{AgentHost, Caller};
use super::query::Members;
use super::screenshot::size_of;
use super::view::{REGION, Region};
use crate::problem::{self, Problem};

/// The longest wait, and the usual one.
pub(crate) const LONGEST: Duration = Duration::from_secs(60);
pub(crate) const USUAL: Duration = Duration::from_secs(10);
const TIME: &str = "a time in milliseconds from 0 to 60000";

pub(super) async fn handle<H: AgentHost>(
    State(host): State<Arc<H>>,
    caller: Caller,
    members: Members,
) -> Result<Response, Problem> {
    caller.needs(Scope::View)?;
    let region = members.parse::<Region>("region", REGION)?.map(Rect::from);
    let change_since = members.parse("change_since", "the number of a picture")?;
    let stable = members.read("stable_ms", TIME, millis)?;
    let limit = members.read("timeout_ms", TIME, millis)?.unwrap_or(USUAL);
    let deadline = Instant::now() + limit;
    let body = match (change_since, stable) {
        (Some(since), None) => change(&*host, since, region, deadline).await?,
        (None, Some(quiet)) => quietness(&*host, quiet, region, deadline).await?,
        _ => return Err(Problem::bad("either change_since or stable_ms is needed").hint(HINT)),
    };
    Ok(problem::json(StatusCode::OK, &body))
}

const HINT: &str =
    "GET /wait?change_since=FRAME or GET /wait?stable_ms=500, with timeout_ms and region=X,Y,W,H if needed";

async fn change<H: AgentHost>(host: &H, since: u64, region: Option<Rect>, deadline: Instant) -> Result<Value, Problem> {
    let wait = host.snapshots().wait_change(since, region, deadline).await?;
    let timed_out = wait.changed.is_nothing();
    let mut body = json!({
        "frame": wait.shot.frame(),
        "size": size_of(wait.shot.size()),
        "changed": !timed_out,
        "timed_out": timed_out,
    });
    match wait.changed {
        Changed::Rects { rects, .. } => body["rects"] = rects.into_iter().map(rect_of).collect(),
        Changed::Unknown { .. } => body["whole"] = true.into(),
    }
    Ok(body)
}

async fn quietness<H: AgentHost>(
    host: &H,
    quiet: Duration,
    region: Option<Rect>,
    deadline: Instant,
) -> Result<Value, Problem> {
    let wait = host.snapshots().wait_stable(quiet, region, deadline).await?;
    Ok(json!({
        "frame": wait.shot.frame(),
        "size": size_of(wait.shot.size()),
        "stable": wait.stable,
        "timed_out": !wait.stable,
    }))
}

fn millis(text: &str) -> Option<Duration> {
    text.parse().ok().map(Duration::from_millis).filter(|time| *time <= LONGEST)
}

/// A rectangle in JSON.
pub(crate) fn rect_of(rect: Rect) -> Value {
    json!({"x": rect.x, "y": rect.y, "width": rect.width, "height": rect.height})
}
