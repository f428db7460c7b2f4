//! The machine, the program, and what both offer.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use lunette_desktop::{BackendKind, CompositorKind, DesktopId, Limits, Promise, RootSource};
use serde::Serialize;
use tokio::task::spawn_blocking;

use super::App;
use super::desktops::find;
use super::refusal::Refusal;
use super::reply::json;
use super::request::Named;
use crate::memory::Memory;
use crate::profiles::Found;
use crate::scanouts::Scanouts;

type Answer = Result<Response, Refusal>;

#[derive(Serialize)]
struct Health {
    status: &'static str,
    desktops: usize,
}

pub(super) async fn health(State(app): State<Arc<App>>) -> Response {
    let desktops = app.registry.list().iter().filter(|desktop| !desktop.is_over()).count();
    json(StatusCode::OK, &Health { status: "ok", desktops })
}

#[derive(Serialize)]
struct Version {
    name: &'static str,
    version: &'static str,
}

pub(super) async fn version() -> Response {
    json(StatusCode::OK, &Version { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") })
}

#[derive(Serialize)]
struct System {
    uptime_s: u64,
    cpus: usize,
    load: Option<f64>,
    memory_total_mib: Option<u64>,
    memory_available_mib: Option<u64>,
    /// Of what is available, MiB that desktops may still take.
    memory_promised_mib: u64,
    /// Whether desktops are taken on beyond that.
    overcommit: bool,
    /// `None` where there is no manager of outputs.
    scanouts: Option<Scanouts>,
    /// What desktops can be made of, with their usual bounds.
    profiles: BTreeMap<DesktopId, Limits>,
    desktops: usize,
    max_desktops: usize,
}

pub(super) async fn stats(State(app): State<Arc<App>>) -> Response {
    let memory = Memory::now();
    let load = fs::read_to_string("/proc/loadavg").ok();
    let config = &app.registry.common.config;
    let (registry, backend) = (Arc::clone(&app.registry), config.backend);
    // Somebody may be waiting for a disk with it.
    let profiles = spawn_blocking(move || registry.profiles.known(backend)).await;
    let system = System {
        uptime_s: app.registry.common.clock.now().steady.as_secs(),
        cpus: std::thread::available_parallelism().map_or(1, Into::into),
        load: load.and_then(|text| text.split(' ').next()?.parse().ok()),
        memory_total_mib: memory.map(|memory| memory.total_mib),
        memory_available_mib: memory.map(|memory| memory.available_mib),
        memory_promised_mib: app.registry.promises().iter().map(Promise::unused_mib).sum(),
        overcommit: config.overcommit,
        scanouts: Scanouts::look(&config.lease_socket).await,
        profiles: profiles.unwrap_or_default(),
        desktops: app.registry.list().iter().filter(|desktop| !desktop.is_over()).count(),
        max_desktops: config.max_desktops,
    };
    json(StatusCode::OK, &system)
}

#[derive(Serialize)]
struct ProfileView {
    name: DesktopId,
    summary: String,
    compositor: CompositorKind,
    backend: BackendKind,
    source: String,
    limits: Limits,
    start_limit_s: u32,
}

pub(super) async fn profiles(State(app): State<Arc<App>>) -> Answer {
    let found = spawn_blocking(move || app.registry.profiles.look()).await;
    let found = found.map_err(|error| Refusal::failed(error.to_string()))?;
    Ok(json(StatusCode::OK, &found.into_iter().map(profile).collect::<Vec<_>>()))
}

fn profile(found: Found) -> ProfileView {
    let (backend, source) = match found.root {
        RootSource::Folder(path) => (BackendKind::Runc, path.display().to_string()),
        RootSource::Image(image) => (BackendKind::Docker, image),
    };
    ProfileView {
        name: found.profile.name,
        summary: found.profile.summary,
        compositor: found.profile.compositor.kind,
        backend,
        source,
        limits: found.profile.limits,
        start_limit_s: found.profile.start_limit_s,
    }
}

/// What one desktop uses.
pub(super) async fn usage(State(app): State<Arc<App>>, named: Named) -> Answer {
    let desktop = find(&app, &named)?;
    if desktop.is_over() {
        return Err(Refusal::not_running(&named.id));
    }
    let usage = app.registry.common.engine.usage(&desktop.order).await.map_err(Refusal::failed)?;
    Ok(json(StatusCode::OK, &usage))
}
