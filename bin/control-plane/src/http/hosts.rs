//! Machines with desktops, and what desktops can be made of.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use lunette_fleet::{HostFacts, HostName, HostState};
use serde::Deserialize;
use serde_json::{Value, json};

use super::problem::{Problem, json_answer};
use super::request::document;
use crate::app::App;

type Answer = Result<Response, Problem>;

const LIMIT: Duration = Duration::from_secs(10);

pub(super) async fn list(State(app): State<Arc<App>>) -> Response {
    let fleet = app.fleet();
    let list: Vec<Value> = fleet
        .hosts()
        .map(|(name, state, facts, draining)| {
            let wanted = fleet.all().filter(|desired| desired.host == *name).count();
            let pictures = app.host(name).map(|host| host.pictures.word());
            view(name, state, facts, draining, wanted, pictures)
        })
        .collect();
    json_answer(StatusCode::OK, &list)
}

fn view(
    name: &HostName,
    state: &HostState,
    facts: &HostFacts,
    draining: bool,
    wanted: usize,
    pictures: Option<&str>,
) -> Value {
    let (word, why) = match state {
        HostState::Unknown => ("unknown", None),
        HostState::Here => ("here", None),
        HostState::Lost(why) => ("lost", Some(why)),
    };
    json!({
        "name": name, "state": word, "why": why, "draining": draining, "desktops": wanted, "pictures": pictures,
        "facts": facts,
    })
}

pub(super) async fn drain(State(app): State<Arc<App>>, Path(named): Path<String>, body: Body) -> Answer {
    #[derive(Deserialize)]
    struct Drain {
        draining: bool,
    }
    let Drain { draining } = document(body).await?;
    // One that was drained and has not dialled in again is known by that.
    let is_known = |name: &HostName| {
        let fleet = app.fleet();
        fleet.knows(name) || fleet.is_drained(name)
    };
    let known = named.parse::<HostName>().ok().filter(is_known);
    let host = known.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, format!("no host {named}")))?;
    app.drain(host, draining).await?;
    Ok(json_answer(StatusCode::OK, &json!({ "name": named, "draining": draining })))
}

pub(super) async fn profiles(State(app): State<Arc<App>>) -> Answer {
    let mut all: Vec<Value> = Vec::new();
    let mut silent = None;
    for (name, host) in &app.hosts() {
        match host.hydra.ask::<Vec<Value>>(Method::GET, "/api/v1/profiles", None, LIMIT).await {
            Ok(list) => list.into_iter().for_each(|profile| add(&mut all, name, profile)),
            Err(error) => silent = Some(error),
        }
    }
    match silent {
        Some(error) if all.is_empty() => Err(error.into()),
        _ => Ok(json_answer(StatusCode::OK, &all)),
    }
}

/// A profile that several hosts have is one.
fn add(all: &mut Vec<Value>, host: &HostName, mut profile: Value) {
    match all.iter_mut().find(|known| known["name"] == profile["name"]) {
        Some(known) => known["hosts"].as_array_mut().map(|hosts| hosts.push(json!(host))).unwrap_or_default(),
        None => {
            profile["hosts"] = json!([host]);
            all.push(profile);
        }
    }
}
