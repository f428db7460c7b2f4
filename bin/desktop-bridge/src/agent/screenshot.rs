//! `GET /screenshot`.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use lunette_auth::Scope;
use lunette_frame::{Rect, Size};
use lunette_snapshot::{Changed, Encoding, Scale, Shot, View};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::host::{AgentHost, Caller};
use super::query::Members;
use super::view::{Format, REGION, Region, picture, pictures};
use crate::problem::{self, Problem};

/// How long a picture may take that is not there yet: a stream that starts.
pub(crate) const FIRST: Duration = Duration::from_secs(10);

/// What was asked for.
struct Wanted {
    encoding: Encoding,
    region: Option<Rect>,
    scale: Scale,
    since: Option<u64>,
    cursor: bool,
}

impl Wanted {
    fn read(members: &Members) -> Result<Self, Problem> {
        let format = members.parse("format", "png, jpeg or webp")?.unwrap_or(Format::Jpeg);
        let quality = |text: &str| text.parse().ok().filter(|quality| (1..=100).contains(quality));
        let quality = members.read("quality", "a quality from 1 to 100", quality)?.unwrap_or(70);
        let scale = |text: &str| text.parse().ok().and_then(Scale::new);
        let scale = members.read("scale", "a scale from 0.05 to 1", scale)?;
        let region = members.parse::<Region>("region", REGION)?.map(Rect::from);
        let since = members.parse("since", "the number of a picture")?;
        if since.is_some() && scale.is_some_and(|scale| scale != Scale::FULL) {
            return Err(Problem::bad("since and scale do not go together: rectangles are as they are"));
        }
        let cursor = !members.is_off("include_cursor");
        Ok(Self { encoding: format.encoding(quality), region, scale: scale.unwrap_or_default(), since, cursor })
    }
}

pub(super) async fn handle<H: AgentHost>(
    State(host): State<Arc<H>>,
    caller: Caller,
    members: Members,
) -> Result<Response, Problem> {
    caller.needs(Scope::View)?;
    let wanted = Wanted::read(&members)?;
    let deadline = Instant::now() + FIRST;
    match wanted.since {
        Some(since) => {
            let (shot, changed) = host.snapshots().changed_since(since, wanted.region, deadline).await?;
            rectangles(shot, &changed, &wanted).await
        }
        None => whole(host.snapshots().shot(deadline).await?, &*host, &wanted).await,
    }
}

async fn whole<H: AgentHost>(shot: Shot, host: &H, wanted: &Wanted) -> Result<Response, Problem> {
    let cursor = if wanted.cursor { host.cursor() } else { None };
    let view = View { region: wanted.region, scale: wanted.scale, cursor };
    let (frame, size) = (shot.frame(), shot.size());
    let made = picture(shot, view, wanted.encoding).await?;
    let mut response = Response::new(Body::from(made.file));
    let kind = HeaderValue::from_static(made.encoding.media_type());
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(marked(response, frame, size))
}

/// The headers that say which picture it is.
fn marked(mut response: Response, frame: u64, size: Size) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("x-lunette-frame"), HeaderValue::from(frame));
    if let Ok(size) = HeaderValue::from_str(&size.to_string()) {
        headers.insert(HeaderName::from_static("x-lunette-size"), size);
    }
    response
}

/// What changed, each part as a file; the whole picture when nobody knows. The pointer is not drawn in: where it was
/// is no change of the picture.
async fn rectangles(shot: Shot, changed: &Changed, wanted: &Wanted) -> Result<Response, Problem> {
    let (frame, size) = (shot.frame(), shot.size());
    let all = wanted.region.and_then(|region| region.intersect(size.bounds())).unwrap_or(size.bounds());
    let parts = match changed {
        Changed::Unknown { .. } => vec![all],
        // One file of everything is smaller, and done sooner, than many of half of it.
        Changed::Rects { rects, .. } if rects.iter().map(|rect| rect.area()).sum::<u64>() * 2 > all.area() => vec![all],
        Changed::Rects { rects, .. } => rects.clone(),
    };
    let views = parts.iter().map(|part| View { region: Some(*part), ..View::default() }).collect();
    let made = pictures(shot, views, wanted.encoding).await?;
    let rect = |(part, picture): (&Rect, super::view::Picture)| {
        let Rect { x, y, width, height } = part;
        let (format, data) = (picture.encoding.name(), BASE64.encode(picture.file));
        json!({"x": x, "y": y, "width": width, "height": height, "format": format, "data": data})
    };
    let rects: Vec<Value> = parts.iter().zip(made).map(rect).collect();
    let mut body = json!({"frame": frame, "size": size_of(size), "rects": rects});
    if matches!(changed, Changed::Unknown { .. }) {
        body["whole"] = true.into();
    }
    Ok(marked(problem::json(StatusCode::OK, &body), frame, size))
}

pub(crate) fn size_of(size: Size) -> Value {
    json!({"width": size.width, "height": size.height})
}
