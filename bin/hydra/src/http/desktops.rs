//! Desktops: made, shown, resized, ended.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use lunette_desktop::control::Request;
use lunette_desktop::{HelixWish, Phase, Places, Wish, check_size, size_text};
use lunette_frame::Size;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::App;
use super::refusal::Refusal;
use super::reply::{json, nothing};
use super::request::{Named, Switches, document, whole};
use super::view::{DesktopView, GoneView};
use crate::desktop::{Desktop, link};
use crate::registry::Created;

/// Longest wait for a desktop to run.
const LONGEST_WAIT: u64 = 600;
/// For input to be taken.
const INPUT: Duration = Duration::from_secs(5);
/// Bytes of input at once.
const MOST_INPUT: usize = 64 * 1024;
/// Bytes of what was refused of it.
const MOST_REFUSALS: u64 = 4096;

type Answer = Result<Response, Refusal>;

pub(super) async fn list(State(app): State<Arc<App>>) -> Response {
    let list: Vec<_> = app.registry.list().iter().map(|desktop| DesktopView::of(&app, desktop)).collect();
    json(StatusCode::OK, &list)
}

pub(super) async fn create(State(app): State<Arc<App>>, switches: Switches, body: Body) -> Answer {
    let wait = switches.number("wait", LONGEST_WAIT)?;
    let wish = wish(&whole(body).await?)?;
    let (status, desktop) = match app.registry.create(wish).await? {
        Created::New(desktop) => (StatusCode::CREATED, desktop),
        Created::Existing(desktop) => (StatusCode::OK, desktop),
    };
    settle(&desktop, wait).await;
    Ok(json(status, &DesktopView::of(&app, &desktop)))
}

/// Ours, or that of existing clients, which always has a `session_id`.
fn wish(body: &[u8]) -> Result<Wish, Refusal> {
    #[derive(Deserialize)]
    struct Probe {
        session_id: Option<serde::de::IgnoredAny>,
    }
    let probe: Probe = document(body)?;
    if probe.session_id.is_none() {
        return document(body);
    }
    let wish = document::<HelixWish>(body)?.wish();
    wish.map_err(|error| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))
}

pub(super) async fn show(State(app): State<Arc<App>>, named: Named, switches: Switches) -> Answer {
    let wait = switches.number("wait", LONGEST_WAIT)?;
    let desktop = find(&app, &named)?;
    settle(&desktop, wait).await;
    Ok(json(StatusCode::OK, &DesktopView::of(&app, &desktop)))
}

async fn settle(desktop: &Desktop, wait: Option<u64>) {
    if let Some(wait) = wait {
        desktop.settled_within(Duration::from_secs(wait)).await;
    }
}

pub(super) async fn remove(State(app): State<Arc<App>>, named: Named) -> Answer {
    let gone = GoneView { session_id: named.session, status: "stopped" };
    let Some(desktop) = app.registry.get(&named.id) else { return Ok(json(StatusCode::OK, &gone)) };
    // On a task of its own: a client that gives up does not leave it half done.
    let (registry, removed) = (Arc::clone(&app.registry), Arc::clone(&desktop));
    let removing = tokio::spawn(async move { registry.remove(&removed).await });
    if removing.await.unwrap_or(false) {
        return Ok(json(StatusCode::OK, &DesktopView::of(&app, &desktop)));
    }
    Err(Refusal::failed(desktop.unended()).hint("it goes on being ended; ask again"))
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NewSize {
    Numbers {
        width: u32,
        height: u32,
    },
    Text {
        #[serde(with = "size_text")]
        size: Size,
    },
}

pub(super) async fn resize(State(app): State<Arc<App>>, named: Named, body: Body) -> Answer {
    let size = match document(&whole(body).await?)? {
        NewSize::Numbers { width, height } => Size { width, height },
        NewSize::Text { size } => size,
    };
    check_size(size).map_err(|error| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))?;
    let desktop = running(&app, &named)?;
    let control = places(&app, &named).control();
    match link::ask(&control, Request::Resize { size }).await {
        Ok(report) => {
            let report = report.unwrap_or_else(|| desktop.report());
            Ok(json(StatusCode::OK, &DesktopView::with(&app, &desktop, report)))
        }
        Err(why) => Err(Refusal::new(StatusCode::CONFLICT, format!("desktop {} keeps its size: {why}", named.id))),
    }
}

pub(super) async fn input(State(app): State<Arc<App>>, named: Named, body: Body) -> Answer {
    let mut lines = whole(body).await?.to_vec();
    if lines.len() > MOST_INPUT {
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, format!("more than {MOST_INPUT} bytes of input")));
    }
    for (number, line) in lines.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty()) {
        serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(line)
            .map_err(|error| Refusal::bad(format!("line {} is no JSON object: {error}", number + 1)))?;
    }
    if lines.last().is_some_and(|last| *last != b'\n') {
        lines.push(b'\n');
    }
    running(&app, &named)?;
    let path = places(&app, &named).input();
    let sending = async {
        let mut stream = UnixStream::connect(path).await?;
        stream.write_all(&lines).await?;
        stream.shutdown().await?;
        // What was refused, a line for each; the rest was done by then.
        let mut refused = String::new();
        stream.take(MOST_REFUSALS).read_to_string(&mut refused).await?;
        Ok::<_, std::io::Error>(refused)
    };
    match timeout(INPUT, sending).await {
        Ok(Ok(refused)) if refused.is_empty() => Ok(nothing()),
        Ok(Ok(refused)) => Err(Refusal::bad(format!("some input was refused: {}", refused.trim()))),
        Ok(Err(error)) => Err(Refusal::failed(format!("desktop {} takes no input: {error}", named.id))),
        Err(_) => Err(Refusal::failed(format!("desktop {} takes no input", named.id))),
    }
}

pub(super) async fn drain(State(app): State<Arc<App>>) -> Answer {
    let registry = Arc::clone(&app.registry);
    let draining = tokio::spawn(async move { registry.drain().await });
    let unended = draining.await.map_err(|error| Refusal::failed(error.to_string()))?;
    if unended.is_empty() { Ok(nothing()) } else { Err(Refusal::failed(unended.join("; "))) }
}

/// The desktop of this path.
pub(super) fn find(app: &App, named: &Named) -> Result<Arc<Desktop>, Refusal> {
    app.registry.get(&named.id).ok_or_else(|| Refusal::no_desktop(&named.id))
}

/// The same, when it runs.
pub(super) fn running(app: &App, named: &Named) -> Result<Arc<Desktop>, Refusal> {
    let desktop = find(app, named)?;
    let runs = matches!(desktop.report().phase, Phase::Running | Phase::Frozen);
    if runs { Ok(desktop) } else { Err(Refusal::not_running(&named.id)) }
}

pub(super) fn places(app: &App, named: &Named) -> Places {
    Places::new(&app.registry.common.config.dir, &named.id)
}
