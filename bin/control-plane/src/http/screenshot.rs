//! One picture of a desktop, made here where its host's pictures are reached, else by its bridge.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::header::{ETAG, HeaderValue, IF_NONE_MATCH};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
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
    let at = scanout(&app, &id).and_then(|(host, scanout)| Some((app.host(&host)?, scanout)));
    let at = at.filter(|(host, _)| host.export.is_some() && !switches.is_for_the_bridge());
    let Some((host, scanout)) = at else {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        let target = format!("/screenshot{query}");
        return gateway::pass(&app, &caller, peer.0.to_string(), &id, request, &target).await;
    };
    let (encoding, scale) = (switches.encoding()?, scale(switches.scale)?);
    let shot = app.eyes.shot(&id, &host, scanout, LIMIT).await;
    let shot = shot.map_err(|why| Problem::new(StatusCode::SERVICE_UNAVAILABLE, format!("desktop {id}: {why}")))?;
    let etag = format!("\"{}-{}-{}\"", shot.frame(), encoding.name(), scale.get());
    let known = request.headers().get(IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == etag.as_bytes());
    let mut answer = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let view = View { scale, ..View::default() };
        let made = spawn_blocking(move || shot.render(&view)?.encode(encoding)).await;
        let failed = |text: String| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, text);
        let file = made.map_err(|error| failed(error.to_string()))?;
        let file = file.map_err(|error| failed(lunette_cause::chain(&error)))?;
        with_type(StatusCode::OK, encoding.media_type(), Body::from(file))
    };
    let headers = answer.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&etag) {
        headers.insert(ETAG, value);
    }
    headers.insert(HeaderName::from_static("x-paused-screenshot"), HeaderValue::from_static("false"));
    Ok(answer)
}

fn scale(share: Option<f64>) -> Result<Scale, Problem> {
    let Some(share) = share else { return Ok(Scale::FULL) };
    Scale::new(share).ok_or_else(|| Problem::bad(format!("scale={share} is not between {} and 1", Scale::LEAST)))
}
