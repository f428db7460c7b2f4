//! Desktops under the paths of existing clients, and the page of each: what their bridges answer.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Path, Query, Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderValue, LOCATION};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use lunette_auth::PROTOCOL;
use lunette_desktop::DesktopId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::headers::Foreign;
use super::problem::{Problem, json_answer};
use super::request::{document, id};
use super::{is_reading, pages};
use crate::app::App;
use crate::auth::{Caller, Peer, Scope};
use crate::hydra::Hydra;
use crate::{gateway, wall};

type Answer = Result<Response, Problem>;

/// Seconds that a program may take in the foreground.
const EXEC: u64 = 30;
const LONGEST_EXEC: u64 = 600;

/// `/api/v1/external-agents/{id}/{*rest}`, and the same below `/api/v1/desktops/{id}/bridge/`.
pub(super) async fn bridge(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(peer): Extension<Peer>,
    Path((named, rest)): Path<(String, String)>,
    request: Request,
) -> Answer {
    passed(&app, &caller, peer, &named, &rest, request).await
}

/// The same, under a path of its own.
pub(super) async fn same(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(peer): Extension<Peer>,
    Path(named): Path<String>,
    request: Request,
) -> Answer {
    passed(&app, &caller, peer, &named, "", request).await
}

/// `/d/{id}`: addresses on a page are relative to it.
pub(super) async fn towards(Path(named): Path<String>) -> Answer {
    let to = HeaderValue::from_str(&format!("/d/{}/", id(&named)?));
    let to = to.map_err(|_| Problem::bad("a path that makes no sense"))?;
    Ok((StatusCode::TEMPORARY_REDIRECT, [(LOCATION, to)]).into_response())
}

/// `/d/{id}/{*rest}`: files of the page, and what the page asks of its desktop.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    caller: Option<Extension<Caller>>,
    Extension(peer): Extension<Peer>,
    Path((named, rest)): Path<(String, String)>,
    request: Request,
) -> Answer {
    if is_reading(request.method()) && pages::is_file(&rest) {
        return Ok(pages::viewer(&rest, request.headers()));
    }
    let Some(Extension(caller)) = caller else {
        return Err(Problem::unknown("this needs a token, or a browser that is logged in"));
    };
    if !caller.sees(&named) {
        return Err(Problem::no_desktop(&named));
    }
    passed(&app, &caller, peer, &named, &rest, request).await
}

/// `/d/{id}/`: the page itself, which is the same for every desktop and everybody.
pub(super) async fn index(request: Request) -> Response {
    pages::viewer("", request.headers())
}

async fn passed(app: &Arc<App>, caller: &Caller, peer: Peer, named: &str, rest: &str, request: Request) -> Answer {
    let id = id(named)?;
    // As the client wrote it: what is decoded here would be decoded twice. What is before has as many parts as a pattern.
    let target = target(request.uri().path_and_query().map_or("/", |path| path.as_str()), rest)?;
    let mut answer = gateway::pass(app, caller, peer.0.to_string(), &id, request, &target).await?;
    answer.extensions_mut().insert(Foreign);
    answer.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    Ok(answer)
}

/// What a bridge is asked for: as much of the end of the path as `rest` has parts, and the query.
fn target(path: &str, rest: &str) -> Result<String, Problem> {
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    // A slash that was written as %2F is within a part, and so is not counted as written.
    let parts = path.matches('/').count();
    let before = if path.starts_with("/d/") {
        3
    } else if path.starts_with("/api/v1/desktops/") {
        6
    } else {
        5
    };
    let start = path.match_indices('/').map(|(at, _)| at).nth(before - 1);
    match start.filter(|_| parts >= before && !rest.split('/').any(|part| part == "..")) {
        Some(start) => Ok(format!("{}{query}", &path[start..])),
        None => Err(Problem::bad("a path that makes no sense")),
    }
}

/// `/api/v1/mcp/desktop?session_id=`.
pub(super) async fn mcp(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(peer): Extension<Peer>,
    Query(named): Query<Session>,
    request: Request,
) -> Answer {
    let id = id(&named.session_id)?;
    if !caller.sees(id.as_str()) {
        return Err(Problem::no_desktop(id.as_str()));
    }
    gateway::pass(&app, &caller, peer.0.to_string(), &id, request, "/mcp").await
}

#[derive(Deserialize)]
pub(super) struct Session {
    session_id: String,
}

/// A program, as existing clients ask for one.
#[derive(Deserialize)]
struct Exec {
    command: Vec<String>,
    #[serde(default)]
    background: bool,
    timeout: Option<u64>,
    #[serde(default)]
    env: std::collections::BTreeMap<String, String>,
}

/// `/api/v1/external-agents/{id}/exec`, by hydra, which needs no program in the desktop to help.
pub(super) async fn exec(State(app): State<Arc<App>>, Path(named): Path<String>, body: Body) -> Answer {
    let id = id(&named)?;
    let Exec { command, background, timeout, env } = document(body).await?;
    let Some((program, arguments)) = command.split_first() else {
        return Err(Problem::bad("command names no program"));
    };
    // hydra takes a single word for a line of a shell; here a word is a word.
    let (program, arguments) = match arguments {
        [] => ("env", vec![program.clone()]),
        arguments => (program.as_str(), arguments.to_vec()),
    };
    let seconds = timeout.unwrap_or(EXEC).clamp(1, LONGEST_EXEC);
    let variables: Vec<String> = env.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let wish = json!({
        "cmd": program, "args": arguments, "env": variables, "detached": background, "timeout_seconds": seconds,
    });
    let said = ask_exec(&app, &id, &wish, seconds).await?;
    let (stdout, stderr) = (said["stdout"].as_str().unwrap_or_default(), said["stderr"].as_str().unwrap_or_default());
    let code = said["exit_code"].as_i64();
    let answer = json!({
        "success": background || code == Some(0),
        "output": format!("{stdout}{stderr}"),
        "error": said["error"].as_str().unwrap_or_default(),
        "exit_code": code.unwrap_or(if background { 0 } else { -1 }),
        "pid": 0,
        "stdout": stdout,
        "stderr": stderr,
        "id": said["id"],
    });
    Ok(json_answer(StatusCode::OK, &answer))
}

async fn ask_exec(app: &App, id: &DesktopId, wish: &Value, seconds: u64) -> Result<Value, Problem> {
    let limit = std::time::Duration::from_secs(seconds + 10);
    let path = format!("/api/v1/dev-containers/{id}/exec");
    Ok(hydra_of(app, id)?.ask(Method::POST, &path, Some(wish), limit).await?)
}

/// hydra of the host that a desktop is to be on, whatever its state.
fn hydra_of(app: &App, id: &DesktopId) -> Result<Hydra, Problem> {
    let host = app.fleet().desired(id).map(|desired| desired.host.clone());
    let host = host.ok_or_else(|| Problem::no_desktop(id.as_str()))?;
    let host = app.host(&host).ok_or_else(|| Problem::new(StatusCode::BAD_GATEWAY, "nothing leads to its host"))?;
    Ok(host.hydra.clone())
}

/// What a desktop, its launcher or its bridge prints, as hydra has it.
pub(super) async fn logs(State(app): State<Arc<App>>, Path(named): Path<String>, request: Request) -> Answer {
    let id = id(&named)?;
    let hydra = hydra_of(&app, &id)?;
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut asked = gateway::empty(&format!("/api/v1/dev-containers/{id}/logs{query}"));
    asked.headers_mut().remove(AUTHORIZATION);
    let mut answer = hydra.send(asked, std::time::Duration::from_secs(30)).await?;
    answer.extensions_mut().insert(Foreign);
    Ok(answer)
}

/// `/api/v1/wall`.
pub(super) async fn wall(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let upgrade = upgrade.protocols([PROTOCOL]).max_message_size(64 << 10).max_frame_size(64 << 10);
    upgrade.on_upgrade(move |socket| wall::serve(app, caller, socket))
}

/// Every WebSocket that is being carried.
pub(super) async fn viewers(State(app): State<Arc<App>>, Extension(caller): Extension<Caller>) -> Response {
    let list = app.viewers.list().into_iter().filter(|viewer| caller.sees(&viewer.desktop));
    json_answer(StatusCode::OK, &list.collect::<Vec<_>>())
}

/// Ends one.
pub(super) async fn end_viewer(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(number): Path<u64>,
) -> Answer {
    let there = app.viewers.list().into_iter().find(|viewer| viewer.id == number);
    let theirs = there.is_some_and(|viewer| caller.sees(&viewer.desktop) && caller.scopes.has(Scope::Operate));
    if theirs && app.viewers.end(number) {
        return Ok(super::problem::nothing());
    }
    Err(Problem::new(StatusCode::NOT_FOUND, format!("no viewer {number}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bridge_gets_what_follows_as_it_was_written() {
        let asked = |path: &str, rest: &str| target(path, rest).ok();
        assert_eq!(asked("/d/a/ws/stream?x=1", "ws/stream").as_deref(), Some("/ws/stream?x=1"));
        assert_eq!(asked("/api/v1/external-agents/a/file?name=a%2Fb", "file").as_deref(), Some("/file?name=a%2Fb"));
        assert_eq!(asked("/api/v1/desktops/a/bridge/windows/7", "windows/7").as_deref(), Some("/windows/7"));
        assert_eq!(asked("/d/a/x/%2e%2e/y", "x/../y"), None);
    }
}
