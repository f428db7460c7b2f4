//! Desktops: asked for, shown, changed, ended.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use lunette_desktop::{BridgeState, DesktopId, LimitsWish, Wish, check_size};
use lunette_fleet::{Desired, Fleet, HostName, NoRoom, Stage, Unfit, Wanted};
use lunette_frame::Size;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::problem::{Problem, json_answer};
use super::request::{document, id};
use crate::app::App;
use crate::auth::Caller;
use crate::clock::now_ms;
use crate::random;

type Answer = Result<Response, Problem>;

/// Longest wait for a desktop to run, or to be gone.
const LONGEST_WAIT: u64 = 600;
const MOST_TAGS: usize = 32;
const LONGEST_TAG: usize = 64;

/// What may stand behind the question mark.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Switches {
    wait: Option<u64>,
    tag: Option<String>,
    state: Option<Stage>,
    #[serde(default)]
    forget: u8,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    id: Option<DesktopId>,
    name: Option<String>,
    profile: DesktopId,
    size: Option<String>,
    host: Option<HostName>,
    #[serde(default)]
    tags: BTreeSet<String>,
    #[serde(default)]
    limits: LimitsWish,
    locale: Option<String>,
    #[serde(default)]
    environment: std::collections::BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    name: Option<String>,
    tags: Option<BTreeSet<String>>,
    size: Option<String>,
    owner: Option<String>,
}

/// Every desktop that a caller may see.
pub(crate) fn views(app: &App, caller: &Caller) -> Vec<Value> {
    let fleet = app.fleet();
    let all = fleet.all().filter(|desired| caller.sees(desired.id.as_str()));
    let mut all: Vec<_> = all.map(|desired| (desired.created_ms, view(app, &fleet, desired))).collect();
    all.sort_by_key(|(created, _)| *created);
    all.into_iter().map(|(_, view)| view).collect()
}

/// Where a running desktop's picture is.
pub(crate) fn scanout(app: &App, id: &DesktopId) -> Option<(HostName, u16)> {
    let fleet = app.fleet();
    let host = fleet.desired(id)?.host.clone();
    let state = fleet.state(id)?;
    let shows = matches!(state.stage, Stage::Running | Stage::Frozen);
    Some((host, state.seen?.report.scanout.filter(|_| shows)?))
}

fn view(app: &App, fleet: &Fleet, desired: &Desired) -> Value {
    let id = &desired.id;
    let state = fleet.state(id);
    let seen = state.as_ref().and_then(|state| state.seen);
    let report = seen.map(|seen| &seen.report);
    let viewers = app.viewers.list().iter().filter(|viewer| viewer.desktop == id.as_str()).count();
    let people = app.guests.known(id);
    json!({
        "id": id,
        "name": desired.name(),
        "profile": desired.wish.profile,
        "host": desired.host,
        "owner": desired.owner,
        "tags": desired.tags,
        "created_ms": desired.created_ms,
        "wanted": desired.wanted,
        "state": state.as_ref().map_or(Stage::Pending, |state| state.stage),
        "why": state.as_ref().and_then(|state| state.why.clone()),
        "size": report.map_or(desired.wish.size, |report| report.size).to_string(),
        "wanted_size": desired.wish.size.to_string(),
        "scanout": report.and_then(|report| report.scanout),
        "first_picture_ms": report.and_then(|report| report.first_picture_ms),
        "bridge": report.map_or(BridgeState::Absent, |report| report.bridge.state),
        "bridge_why": report.and_then(|report| report.bridge.why.clone()),
        "viewers": viewers,
        "people": people.names,
        "controller": people.controller,
        "page": format!("/d/{id}/"),
        "stream": format!("/api/v1/external-agents/{id}/ws/stream"),
    })
}

fn one(app: &App, id: &DesktopId) -> Result<Value, Problem> {
    let fleet = app.fleet();
    let desired = fleet.desired(id).ok_or_else(|| Problem::no_desktop(id.as_str()))?;
    Ok(view(app, &fleet, desired))
}

fn wanted(app: &App, id: &DesktopId) -> Result<Desired, Problem> {
    app.fleet().desired(id).cloned().ok_or_else(|| Problem::no_desktop(id.as_str()))
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Query(switches): Query<Switches>,
) -> Response {
    let mut all = views(&app, &caller);
    if let Some(tag) = &switches.tag {
        all.retain(|one| one["tags"].as_array().is_some_and(|tags| tags.iter().any(|own| own == tag)));
    }
    if let Some(state) = switches.state {
        all.retain(|one| one["state"] == json!(state));
    }
    json_answer(StatusCode::OK, &all)
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path(named): Path<String>,
    Query(switches): Query<Switches>,
) -> Answer {
    let id = id(&named)?;
    wanted(&app, &id)?;
    settled(&app, &id, switches.wait).await?;
    Ok(json_answer(StatusCode::OK, &one(&app, &id)?))
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Query(switches): Query<Switches>,
    body: Body,
) -> Answer {
    let asked: Create = document(body).await?;
    if !caller.is_unbounded() {
        return Err(Problem::new(StatusCode::FORBIDDEN, format!("{} is for certain desktops only", caller.name)));
    }
    let id = match asked.id.clone() {
        Some(id) => id,
        None => format!("d-{}", random::name().map_err(unlucky)?).parse().map_err(unlucky)?,
    };
    let known = app.fleet().desired(&id).cloned();
    if let Some(known) = known {
        return again(&app, known, &asked, switches.wait).await;
    }
    let mut wish = Wish::plain(asked.profile);
    wish.id = Some(id.clone());
    wish.name = asked.name.map(checked_name).transpose()?;
    wish.size = asked.size.as_deref().map(size).transpose()?.unwrap_or(wish.size);
    (wish.limits, wish.locale, wish.environment) = (asked.limits, asked.locale, asked.environment);
    let tags = checked_tags(asked.tags)?;
    let (owner, created_ms) = (caller.name.clone(), now_ms());
    // Whoever comes next finds this one's place taken.
    let placing = app.placing.lock().await;
    let host = app.fleet().place(&wish, asked.host.as_ref()).map_err(|none| no_room(&none))?;
    app.want(Desired { id: id.clone(), host, wish, wanted: Wanted::Running, owner, tags, created_ms }).await?;
    drop(placing);
    settled(&app, &id, switches.wait).await?;
    Ok(json_answer(StatusCode::CREATED, &one(&app, &id)?))
}

fn no_room(none: &NoRoom) -> Problem {
    let status = match none {
        NoRoom::Nobody => StatusCode::SERVICE_UNAVAILABLE,
        NoRoom::Unknown(_) => StatusCode::UNPROCESSABLE_ENTITY,
        // They may be back in a moment.
        NoRoom::Full(hosts) if hosts.iter().all(|(_, unfit)| matches!(unfit, Unfit::Lost(_))) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        NoRoom::Full(_) => StatusCode::INSUFFICIENT_STORAGE,
    };
    Problem::new(status, none.to_string()).hint("GET /api/v1/hosts says how each is doing")
}

/// One that is there already: it is answered as it is, and started if it was stopped.
async fn again(app: &App, known: Desired, asked: &Create, wait: Option<u64>) -> Answer {
    if known.wanted == Wanted::Gone {
        return Err(Problem::new(StatusCode::CONFLICT, format!("desktop {} is being ended", known.id))
            .hint("try again when it is gone"));
    }
    if known.wish.profile != asked.profile {
        let text = format!("there is a desktop {} already, of the profile {}", known.id, known.wish.profile);
        return Err(Problem::new(StatusCode::CONFLICT, text));
    }
    let id = known.id.clone();
    if known.wanted == Wanted::Stopped {
        app.want(Desired { wanted: Wanted::Running, ..known }).await?;
    }
    settled(app, &id, wait).await?;
    Ok(json_answer(StatusCode::OK, &one(app, &id)?))
}

pub(super) async fn change(State(app): State<Arc<App>>, Path(named): Path<String>, body: Body) -> Answer {
    let id = id(&named)?;
    let asked: Change = document(body).await?;
    let mut desired = wanted(&app, &id)?;
    if let Some(name) = asked.name {
        desired.wish.name = Some(checked_name(name)?);
    }
    if let Some(tags) = asked.tags {
        desired.tags = checked_tags(tags)?;
    }
    if let Some(text) = asked.size {
        desired.wish.size = size(&text)?;
    }
    if let Some(owner) = asked.owner {
        desired.owner = checked_name(owner)?;
    }
    app.want(desired).await?;
    Ok(json_answer(StatusCode::OK, &one(&app, &id)?))
}

pub(super) async fn resize(State(app): State<Arc<App>>, Path(named): Path<String>, body: Body) -> Answer {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum New {
        Text { size: String },
        Numbers { width: u32, height: u32 },
    }
    let id = id(&named)?;
    let new = match document(body).await? {
        New::Text { size: text } => size(&text)?,
        New::Numbers { width, height } => size(&format!("{width}x{height}"))?,
    };
    let mut desired = wanted(&app, &id)?;
    desired.wish.size = new;
    app.want(desired).await?;
    Ok(json_answer(StatusCode::ACCEPTED, &one(&app, &id)?))
}

pub(super) async fn start(
    State(app): State<Arc<App>>,
    Path(named): Path<String>,
    Query(switches): Query<Switches>,
) -> Answer {
    set(&app, &named, Wanted::Running, switches.wait).await
}

pub(super) async fn stop(
    State(app): State<Arc<App>>,
    Path(named): Path<String>,
    Query(switches): Query<Switches>,
) -> Answer {
    set(&app, &named, Wanted::Stopped, switches.wait).await
}

async fn set(app: &App, named: &str, state: Wanted, wait: Option<u64>) -> Answer {
    let id = id(named)?;
    let desired = wanted(app, &id)?;
    if desired.wanted == Wanted::Gone {
        return Err(Problem::new(StatusCode::CONFLICT, format!("desktop {id} is being ended")));
    }
    app.want(Desired { wanted: state, ..desired }).await?;
    settled(app, &id, wait).await?;
    Ok(json_answer(StatusCode::ACCEPTED, &one(app, &id)?))
}

pub(super) async fn remove(
    State(app): State<Arc<App>>,
    Path(named): Path<String>,
    Query(switches): Query<Switches>,
) -> Answer {
    let id = id(&named)?;
    let gone = json!({ "id": id, "state": "gone" });
    let Ok(desired) = wanted(&app, &id) else { return Ok(json_answer(StatusCode::OK, &gone)) };
    if switches.forget == 1 {
        let forgotten = id.clone();
        app.store.ask(move |store| store.forget_desktop(&forgotten)).await?;
        app.fleet().forget(&id);
        app.album.forget(&id);
        app.changed();
        return Ok(json_answer(StatusCode::OK, &gone));
    }
    app.want(Desired { wanted: Wanted::Gone, ..desired }).await?;
    settled(&app, &id, switches.wait).await?;
    match one(&app, &id) {
        Ok(view) => Ok(json_answer(StatusCode::ACCEPTED, &view)),
        Err(_) => Ok(json_answer(StatusCode::OK, &gone)),
    }
}

/// Waits until a desktop is as it is wanted, and can be used, or will not be; at most so many seconds.
async fn settled(app: &App, id: &DesktopId, wait: Option<u64>) -> Result<(), Problem> {
    let Some(seconds) = wait else { return Ok(()) };
    if seconds > LONGEST_WAIT {
        return Err(Problem::bad(format!("wait={seconds} is more than {LONGEST_WAIT}")));
    }
    let deadline = Instant::now() + Duration::from_secs(seconds);
    let mut changes = app.changes();
    loop {
        changes.mark_unchanged();
        if is_settled(&app.fleet(), id) || !matches!(timeout_at(deadline, changes.changed()).await, Ok(Ok(()))) {
            return Ok(());
        }
    }
}

fn is_settled(fleet: &Fleet, id: &DesktopId) -> bool {
    let Some((desired, state)) = fleet.desired(id).zip(fleet.state(id)) else { return true };
    match (desired.wanted, state.stage) {
        // Pictures come first: whoever waits wants to type, too.
        (Wanted::Running, Stage::Running) => {
            !state.seen.is_some_and(|seen| seen.report.bridge.state == BridgeState::Starting)
        }
        (Wanted::Running, stage) => stage == Stage::Failed,
        (Wanted::Stopped, stage) => stage == Stage::Stopped,
        (Wanted::Gone, _) => false,
    }
}

fn size(text: &str) -> Result<Size, Problem> {
    let size: Size = text.parse().map_err(|error| Problem::unfit(format!("{text:?}: {error}")))?;
    check_size(size).map_err(|error| Problem::unfit(error.to_string()))?;
    Ok(size)
}

fn checked_name(name: String) -> Result<String, Problem> {
    let plain = !name.trim().is_empty() && name.len() <= 128 && !name.chars().any(char::is_control);
    plain.then_some(name).ok_or_else(|| Problem::unfit("a name has 1 to 128 bytes, and no control characters"))
}

fn checked_tags(tags: BTreeSet<String>) -> Result<BTreeSet<String>, Problem> {
    let plain = |tag: &String| {
        (1..=LONGEST_TAG).contains(&tag.len()) && !tag.chars().any(|letter| letter.is_control() || letter == ',')
    };
    let fit = tags.len() <= MOST_TAGS && tags.iter().all(plain);
    fit.then_some(tags).ok_or_else(|| Problem::unfit("at most 32 tags, each of 1 to 64 bytes, without commas"))
}

fn unlucky(error: impl std::fmt::Display) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
}
