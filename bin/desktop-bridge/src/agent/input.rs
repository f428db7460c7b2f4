//! `POST /input`: acting, on condition that what was seen is still there.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::Response;
use lunette_auth::Scope;
use lunette_frame::{Rect, Size};
use lunette_input_events::Event;
use lunette_snapshot::{Changed, Shot};
use lunette_viewer::MOST_EVENTS;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::host::{AgentHost, Caller};
use super::screenshot::FIRST;
use super::view::{Region, in_words};
use super::wait::rect_of;
use super::wish::{Wish, plan};
use crate::problem::{self, Problem};

/// Bytes of a request.
pub(super) const BODY: usize = 512 * 1024;
/// Things to do in one request.
const WISHES: usize = 256;

/// Something to do.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// What, in this order.
    pub events: Vec<Wish>,
    /// The picture that it was decided on.
    pub frame: Option<u64>,
    /// Where that picture must still be what is shown. By default around each place; everywhere when there is none.
    pub region: Option<Region>,
}

/// It is done.
#[derive(Debug)]
pub struct Acted {
    /// The newest picture at that time: whatever comes of it is in later ones. `None` where nobody has looked yet.
    pub frame: Option<u64>,
    /// How many things.
    pub accepted: usize,
}

/// It is not done.
#[derive(Debug)]
pub enum NotActed {
    /// What was seen is not there any more.
    Changed(Changed),
    /// Something else.
    Problem(Problem),
}

/// Does what is asked for, if what it was decided on is still there.
///
/// # Errors
/// When it is not, when it makes no sense, or when the desktop refuses. Nothing has happened then.
pub async fn act<H: AgentHost>(host: &H, caller: &Caller, request: &Request) -> Result<Acted, NotActed> {
    if request.events.is_empty() || request.events.len() > WISHES {
        let count = request.events.len();
        return Err(Problem::bad(format!("{count} events: 1 to {WISHES} can be sent at once")).into());
    }
    let (events, frame) = decide(host, request).await?;
    if events.len() > MOST_EVENTS {
        let error = format!("{} input events at once: {MOST_EVENTS} can wait for the desktop", events.len());
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, error).hint("send it in several requests").into());
    }
    host.input(caller, events).await.map_err(Problem::from)?;
    Ok(Acted { frame, accepted: request.events.len() })
}

/// The events, and the picture that they are meant in. Who names neither a place nor a frame does not wait for a picture.
async fn decide<H: AgentHost>(host: &H, request: &Request) -> Result<(Vec<Event>, Option<u64>), NotActed> {
    if request.frame.is_none() && !request.events.iter().any(Wish::names_a_place) {
        // Nothing is planned in this size.
        let plan = plan(&request.events, Size::new(0, 0))?;
        return Ok((plan.events, host.snapshots().newest()));
    }
    let shot = host.snapshots().shot(Instant::now() + FIRST).await.map_err(Problem::from)?;
    let plan = plan(&request.events, shot.size())?;
    if let Some(frame) = request.frame {
        let regions = match request.region {
            Some(region) => vec![region.into()],
            None if plan.targets.is_empty() => vec![shot.size().bounds()],
            None => plan.targets,
        };
        unchanged(host, &shot, frame, &regions).await?;
    }
    Ok((plan.events, Some(shot.frame())))
}

async fn unchanged<H: AgentHost>(host: &H, shot: &Shot, frame: u64, regions: &[Rect]) -> Result<(), NotActed> {
    for region in regions {
        let deadline = Instant::now() + FIRST;
        let checked = host.snapshots().unchanged_since(frame, *region, deadline).await.map_err(Problem::from)?;
        checked.map_err(NotActed::Changed)?;
    }
    // Places are meant in a picture of the size that they were planned for.
    let now = host.snapshots().shot(Instant::now() + FIRST).await.map_err(Problem::from)?;
    if now.size() == shot.size() {
        return Ok(());
    }
    Err(NotActed::Changed(Changed::Unknown { frame: now.frame(), size: now.size() }))
}

impl From<Problem> for NotActed {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<NotActed> for Problem {
    fn from(refusal: NotActed) -> Self {
        let hint = "look again, decide again, and name the newer frame";
        match refusal {
            NotActed::Problem(problem) => problem,
            NotActed::Changed(Changed::Unknown { frame, .. }) => {
                Self::new(StatusCode::CONFLICT, "nobody knows what changed since that frame; nothing was done")
                    .hint(hint)
                    .with("frame", frame.into())
                    .with("whole", true.into())
            }
            NotActed::Changed(Changed::Rects { frame, rects, .. }) => {
                let error =
                    format!("what is there has changed since that frame ({}); nothing was done", in_words(&rects));
                let rects: Value = rects.into_iter().map(rect_of).collect();
                Self::new(StatusCode::CONFLICT, error).hint(hint).with("frame", frame.into()).with("changed", rects)
            }
        }
    }
}

pub(super) async fn handle<H: AgentHost>(
    State(host): State<Arc<H>>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    caller.needs(Scope::Control)?;
    let request: Request = read_json(body)?;
    let Acted { frame, accepted } = act(&*host, &caller, &request).await?;
    Ok(problem::json(StatusCode::OK, &json!({"frame": frame, "accepted": accepted})))
}

/// The document in a request's body.
pub(crate) fn read_json<T: serde::de::DeserializeOwned>(body: Result<Bytes, BytesRejection>) -> Result<T, Problem> {
    let body = body.map_err(|error| Problem::new(error.status(), error.body_text()))?;
    serde_json::from_slice(&body).map_err(|error| Problem::bad(format!("the body is not what is expected: {error}")))
}
