//! Does what the fleet says is to be done, and tells it what came of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use lunette_desktop::{BridgeState, DesktopId, Wish};
use lunette_fleet::{Action, Desired, Failure, HostFacts, HostName, Stage, Wanted};
use lunette_frame::Size;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::album::take_last;
use crate::app::App;
use crate::hydra::{Hydra, HydraError, Listed, decode_list};

/// For a list, and other small things.
const LOOK: Duration = Duration::from_secs(10);
/// For a desktop to be taken on; its start is not waited for.
const CREATE: Duration = Duration::from_secs(30);
/// For a desktop to be ended, with everything of it.
const REMOVE: Duration = Duration::from_secs(90);
const RESIZE: Duration = Duration::from_secs(30);
/// Never idle for longer, should a wake-up be lost.
const IDLE: Duration = Duration::from_secs(5);

/// What was told of each desktop last.
type Told = BTreeMap<DesktopId, (Stage, Option<String>, BridgeState)>;

/// Goes on for ever.
pub(crate) async fn run(app: Arc<App>) {
    let mut told = Told::new();
    loop {
        loop {
            // Apart, so that the fleet is free while the action is done.
            let action = app.fleet().next(app.now());
            let Some(action) = action else { break };
            act(&app, action).await;
        }
        tell(&app, &mut told).await;
        let now = app.now();
        let due = app.fleet().wakes_at(now).map_or(IDLE, |at| at.saturating_sub(now).min(IDLE));
        tokio::select! {
            () = app.wake.notified() => {}
            () = sleep(due) => {}
        }
    }
}

async fn act(app: &Arc<App>, action: Action) {
    match action {
        Action::Look(host) => in_background(app, |app| look(app, host)),
        Action::Create(host, id, wish) => in_background(app, |app| create(app, host, id, wish)),
        Action::Remove(host, id) => in_background(app, |app| remove(app, host, id)),
        Action::Resize(host, id, size) => in_background(app, |app| resize(app, host, id, size)),
        Action::Adopt(desired) => adopt(app, *desired).await,
        Action::Forget(id) => forget(app, id).await,
    }
}

fn in_background<F: Future<Output = ()> + Send + 'static>(app: &Arc<App>, work: impl FnOnce(Arc<App>) -> F) {
    let (working, app) = (work(Arc::clone(app)), Arc::clone(app));
    tokio::spawn(async move {
        working.await;
        app.wake.notify_one();
    });
}

fn hydra(app: &App, host: &HostName) -> Option<Hydra> {
    app.host(host).map(|host| host.hydra.clone())
}

async fn look(app: Arc<App>, host: HostName) {
    let found = match hydra(&app, &host) {
        Some(hydra) => list(&hydra).await.map_err(|error| error.to_string()),
        None => Err("nothing leads there".to_owned()),
    };
    let found = found.map(|(facts, listed)| {
        app.set_bridges(listed.iter().map(|one| (one.seen.id.clone(), one.tokens.clone())));
        (facts, listed.into_iter().map(|one| one.seen).collect())
    });
    app.fleet().looked(app.now(), &host, found);
}

async fn list(hydra: &Hydra) -> Result<(HostFacts, Vec<Listed>), HydraError> {
    let list: Value = hydra.ask(Method::GET, "/api/v1/dev-containers", None, LOOK).await?;
    let facts = hydra.ask(Method::GET, "/system/stats", None, LOOK).await?;
    Ok((facts, decode_list(&list)?))
}

async fn create(app: Arc<App>, host: HostName, id: DesktopId, wish: Box<Wish>) {
    app.note("desktop.create", Some(&id), format!("{id} is asked for on {host}")).await;
    let outcome = match (hydra(&app, &host), serde_json::to_value(&*wish)) {
        (Some(hydra), Ok(body)) => {
            let made = hydra.ask::<Value>(Method::POST, "/api/v1/dev-containers", Some(&body), CREATE).await;
            made.map(drop).map_err(failure)
        }
        (None, _) => Err(nowhere()),
        (_, Err(error)) => Err(Failure { why: error.to_string(), refused: true }),
    };
    done(&app, &id, outcome);
}

async fn remove(app: Arc<App>, host: HostName, id: DesktopId) {
    app.note("desktop.end", Some(&id), format!("{id} is ended on {host}")).await;
    let pauses = app.fleet().desired(&id).is_some_and(|desired| desired.wanted == Wanted::Stopped);
    if pauses {
        take_last(&app, &host, &id).await;
    }
    let outcome = match hydra(&app, &host) {
        Some(hydra) => {
            let path = format!("/api/v1/dev-containers/{id}");
            hydra.ask::<Value>(Method::DELETE, &path, None, REMOVE).await.map(drop).map_err(failure)
        }
        None => Err(nowhere()),
    };
    done(&app, &id, outcome);
}

async fn resize(app: Arc<App>, host: HostName, id: DesktopId, size: Size) {
    let outcome = match hydra(&app, &host) {
        Some(hydra) => {
            let (path, body) = (format!("/api/v1/dev-containers/{id}/resize"), json!({ "size": size.to_string() }));
            hydra.ask::<Value>(Method::POST, &path, Some(&body), RESIZE).await.map(drop).map_err(failure)
        }
        None => Err(nowhere()),
    };
    done(&app, &id, outcome);
}

fn done(app: &App, id: &DesktopId, outcome: Result<(), Failure>) {
    if let Err(failure) = &outcome {
        tracing::warn!(%id, why = failure.why, "a host did not do what it was asked");
    }
    app.fleet().done(app.now(), id, outcome);
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failure(error: HydraError) -> Failure {
    Failure { refused: error.is_lasting(), why: error.to_string() }
}

fn nowhere() -> Failure {
    Failure { why: "nothing leads to its host".to_owned(), refused: false }
}

async fn adopt(app: &App, desired: Desired) {
    let (id, host) = (desired.id.clone(), desired.host.clone());
    if let Err(error) = app.store.ask(move |store| store.put_desktop(&desired)).await {
        tracing::error!(error = lunette_cause::chain(&error), %id, "a desktop that was found cannot be kept");
    }
    app.note("desktop.found", Some(&id), format!("{id} runs on {host}, and was not known here")).await;
}

async fn forget(app: &App, id: DesktopId) {
    let gone = id.clone();
    if let Err(error) = app.store.ask(move |store| store.forget_desktop(&gone)).await {
        tracing::error!(error = lunette_cause::chain(&error), %id, "a desktop that is gone cannot be forgotten");
    }
    app.eyes.close(&id);
    app.album.forget(&id);
    app.note("desktop.gone", Some(&id), format!("nothing is left of {id}")).await;
}

/// Tells of every desktop that is otherwise than it was told last.
async fn tell(app: &App, told: &mut Told) {
    let now = {
        let fleet = app.fleet();
        let state = |desired: &Desired| {
            let state = fleet.state(&desired.id)?;
            let bridge = state.seen.map(|seen| seen.report.bridge.state).unwrap_or_default();
            Some((desired.id.clone(), (state.stage, state.why, bridge)))
        };
        fleet.all().filter_map(state).collect::<Told>()
    };
    if now == *told {
        return;
    }
    for (id, (stage, why, _)) in &now {
        if told.get(id).is_none_or(|(before, _, _)| before != stage) {
            let kind = kind(*stage);
            let because = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            app.note(kind, Some(id), format!("{id} is {}{because}", &kind["desktop.".len()..])).await;
        }
    }
    *told = now;
    app.changed();
}

fn kind(stage: Stage) -> &'static str {
    match stage {
        Stage::Pending => "desktop.pending",
        Stage::Starting => "desktop.starting",
        Stage::Running => "desktop.running",
        Stage::Frozen => "desktop.frozen",
        Stage::Stopping => "desktop.stopping",
        Stage::Stopped => "desktop.stopped",
        Stage::Failed => "desktop.failed",
        Stage::Lost => "desktop.lost",
    }
}
