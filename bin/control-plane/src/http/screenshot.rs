//! One picture of a desktop, made here where its host's pictures are reached, else by its bridge. Of a stopped one it is
//! the last that there was, and `X-Paused-Screenshot` says so.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::header::{ETAG, HeaderValue, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use lunette_desktop::DesktopId;
use lunette_fleet::{Stage, Wanted};
use lunette_snapshot::{Encoding, Scale, View};
use serde::Deserialize;
use tokio::task::spawn_blocking;

use super::desktops::scanout;
use super::problem::{Problem, with_type};
use super::request::id;
use crate::app::App;
use crate::auth::{Caller, Peer};
use crate::gateway;

type Answer = Result<Response, Problem>;

const LIMIT: Duration = Duration::from_secs(10);
/// What existing clients get that ask for nothing else.
const QUALITY: u8 = 40;
/// Whether it is a picture of what does not run.
const PAUSED: HeaderName = HeaderName::from_static("x-paused-screenshot");
const IS_PAUSED: HeaderValue = HeaderValue::from_static("true");
const IS_LIVE: HeaderValue = HeaderValue::from_static("false");

/// What may stand behind the question mark.
#[derive(Debug, Deserialize)]
pub(super) struct Switches {
    format: Option<String>,
    quality: Option<u8>,
    scale: Option<f64>,
    include_cursor: Option<String>,
    region: Option<String>,
    since: Option<String>,
}

impl Switches {
    /// Whether only the bridge can do this: it knows the pointer, and what changed.
    fn is_for_the_bridge(&self) -> bool {
        let cursor = self.include_cursor.as_deref().is_some_and(|value| !matches!(value, "0" | "false"));
        cursor || self.region.is_some() || self.since.is_some()
    }

    fn encoding(&self) -> Result<Encoding, Problem> {
        match self.format.as_deref() {
            None | Some("jpeg" | "jpg") => Ok(Encoding::Jpeg(self.quality.unwrap_or(QUALITY).clamp(1, 100))),
            Some("png") => Ok(Encoding::Png),
            Some("webp") => Ok(Encoding::Webp),
            Some(other) => Err(Problem::bad(format!("format={other}: jpeg, png and webp are there"))),
        }
    }
}

pub(super) async fn serve(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(peer): Extension<Peer>,
    Path(named): Path<String>,
    Query(switches): Query<Switches>,
    request: Request,
) -> Answer {
    let id = id(&named)?;
    if is_stopped(&app, &id) {
        return paused(&app, id, &switches, request.headers()).await;
    }
    let at = scanout(&app, &id).and_then(|(host, scanout)| Some((app.host(&host)?, scanout)));
    let at = at.filter(|(host, _)| host.pictures.is_up() && !switches.is_for_the_bridge());
    let shot = match at {
        Some((host, scanout)) => match app.eyes.shot(&id, &host, scanout, LIMIT).await {
            Ok(shot) => Some(shot),
            // The tunnel stands and nothing comes by it: there is another way.
            Err(why) if host.pictures.is_dialled() => {
                tracing::warn!(%id, why, "no picture by what the host dialled in");
                None
            }
            Err(why) => return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, format!("desktop {id}: {why}"))),
        },
        None => None,
    };
    let Some(shot) = shot else {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        let target = format!("/screenshot{query}");
        let answer = gateway::pass(&app, &caller, peer.0.to_string(), &id, request, &target).await;
        return answer.map(|answer| marked(answer, IS_LIVE));
    };
    let (encoding, scale) = (switches.encoding()?, scale(switches.scale)?);
    let etag = format!("\"{}-{}-{}\"", shot.frame(), encoding.name(), scale.get());
    let mut answer = if knows(request.headers(), &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let view = View { scale, ..View::default() };
        let made = spawn_blocking(move || shot.render(&view)?.encode(encoding)).await;
        let failed = |text: String| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, text);
        let file = made.map_err(|error| failed(error.to_string()))?;
        let file = file.map_err(|error| failed(lunette_cause::chain(&error)))?;
        with_type(StatusCode::OK, encoding.media_type(), Body::from(file))
    };
    tagged(&mut answer, &etag);
    Ok(marked(answer, IS_LIVE))
}

/// Whether it is to be stopped, and nothing of it is known to run: its host may be lost, or not asked yet.
fn is_stopped(app: &App, id: &DesktopId) -> bool {
    let fleet = app.fleet();
    let Some((desired, state)) = fleet.desired(id).zip(fleet.state(id)) else { return false };
    desired.wanted == Wanted::Stopped && matches!(state.stage, Stage::Stopped | Stage::Lost | Stage::Pending)
}

/// How a stopped desktop looked at last.
async fn paused(app: &App, id: DesktopId, switches: &Switches, headers: &HeaderMap) -> Answer {
    let stopped = |more: &str| Problem::new(StatusCode::CONFLICT, format!("desktop {id} is stopped{more}"));
    if switches.is_for_the_bridge() || !matches!(switches.encoding()?, Encoding::Jpeg(_)) {
        return Err(stopped("").hint("format=jpeg, and nothing else, shows how it looked at last"));
    }
    let (album, name) = (app.album.clone(), id.clone());
    let failed = |why: String| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, why);
    let kept = spawn_blocking(move || album.show(&name)).await.map_err(|error| failed(error.to_string()))?;
    let kept = kept.map_err(|error| failed(format!("its last picture cannot be read: {error}")))?;
    let kept = kept.ok_or_else(|| stopped(", and has no last picture"))?;
    let etag = kept.tag();
    let mut answer = match knows(headers, &etag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => with_type(StatusCode::OK, Encoding::Jpeg(QUALITY).media_type(), Body::from(kept.jpeg)),
    };
    tagged(&mut answer, &etag);
    Ok(marked(answer, IS_PAUSED))
}

fn knows(headers: &HeaderMap, etag: &str) -> bool {
    headers.get(IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == etag.as_bytes())
}

fn tagged(answer: &mut Response, etag: &str) {
    if let Ok(value) = HeaderValue::from_str(etag) {
        answer.headers_mut().insert(ETAG, value);
    }
}

fn marked(mut answer: Response, paused: HeaderValue) -> Response {
    answer.headers_mut().insert(PAUSED, paused);
    answer
}

fn scale(share: Option<f64>) -> Result<Scale, Problem> {
    let Some(share) = share else { return Ok(Scale::FULL) };
    Scale::new(share).ok_or_else(|| Problem::bad(format!("scale={share} is not between {} and 1", Scale::LEAST)))
}
