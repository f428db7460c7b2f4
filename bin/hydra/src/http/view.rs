//! A desktop and a program as clients see them.

use std::path::PathBuf;

use lunette_desktop::{
    BackendKind, BridgeReport, BridgeState, DesktopId, Ending, Limits, Phase, Places, Report, SESSION_VARIABLE,
};
use serde::Serialize;

use super::App;
use crate::bridge::Tokens;
use crate::desktop::Desktop;
use crate::exec::{Record, Status};
use lunette_http::rfc3339;

/// The fields of existing clients first, ours behind.
#[derive(Debug, Serialize)]
pub(crate) struct DesktopView {
    session_id: String,
    container_id: String,
    container_name: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_address: Option<String>,
    container_type: String,
    desktop_version: String,
    gpu_vendor: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    render_node: Option<String>,
    id: DesktopId,
    name: String,
    profile: DesktopId,
    backend: BackendKind,
    slot: u16,
    limits: Limits,
    ordered_at_ms: u64,
    /// Why it ended last, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    bridge: BridgeView,
    report: Report,
}

/// The way to a desktop's bridge.
#[derive(Debug, Serialize)]
struct BridgeView {
    state: BridgeState,
    restarts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// Below `--listen-bridges`.
    path: String,
    /// What a person opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    tokens_file: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<Tokens>,
}

impl BridgeView {
    fn of(app: &App, id: &DesktopId, report: &Report) -> Self {
        let tokens_file = Places::new(&app.registry.common.config.dir, id).tokens();
        // Those of a desktop that is over open nothing.
        let tokens = Tokens::read(&tokens_file).filter(|_| !report.phase.is_over());
        let url = app.bridges.as_ref().zip(tokens.as_ref()).and_then(|(bridges, tokens)| bridges.url(id, tokens));
        let BridgeReport { state, restarts, why } = report.bridge.clone();
        Self { state, restarts, why, path: format!("/d/{id}/"), url, tokens_file, tokens }
    }
}

impl DesktopView {
    pub(crate) fn of(app: &App, desktop: &Desktop) -> Self {
        Self::with(app, desktop, desktop.report())
    }

    /// A desktop of which its launcher said more than hydra has heard.
    pub(crate) fn with(app: &App, desktop: &Desktop, report: Report) -> Self {
        let order = &desktop.order;
        let why = report.reason.as_ref().map(ToString::to_string);
        let render_node = report.devices.iter().find(|node| node.starts_with("/dev/dri/renderD")).cloned();
        Self {
            session_id: order.environment.get(SESSION_VARIABLE).cloned().unwrap_or_else(|| order.id.to_string()),
            container_id: order.id.to_string(),
            container_name: order.name.clone(),
            status: status(report.phase),
            error: why.clone().filter(|_| report.phase == Phase::Failed),
            ip_address: report.address.clone(),
            container_type: container_type(order.profile.name.as_str()).to_owned(),
            desktop_version: env!("CARGO_PKG_VERSION").to_owned(),
            gpu_vendor: order.gpu_vendor.clone(),
            render_node,
            id: order.id.clone(),
            name: order.name.clone(),
            profile: order.profile.name.clone(),
            backend: order.backend,
            slot: order.slot.get(),
            limits: order.limits.clone(),
            ordered_at_ms: order.ordered_at_ms,
            why,
            bridge: BridgeView::of(app, &order.id, &report),
            report,
        }
    }
}

/// A desktop that is gone.
#[derive(Debug, Serialize)]
pub(super) struct GoneView {
    pub(super) session_id: String,
    pub(super) status: &'static str,
}

fn status(phase: Phase) -> &'static str {
    match phase {
        Phase::Starting => "starting",
        Phase::Running | Phase::Frozen | Phase::Stopping => "running",
        Phase::Stopped => "stopped",
        Phase::Failed => "error",
    }
}

fn container_type(profile: &str) -> &str {
    if profile == "gnome" { "ubuntu" } else { profile }
}

/// A program.
#[derive(Debug, Serialize)]
pub(super) struct ExecView {
    id: String,
    sandbox_id: String,
    cmd: String,
    args: Vec<String>,
    cwd: String,
    sudo: bool,
    detached: bool,
    status: Status,
    started_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    stdout: String,
    stderr: String,
}

impl ExecView {
    pub(super) fn of(id: &DesktopId, record: &Record) -> Self {
        let status = record.status();
        let state = record.state();
        let (finished_at, how) = state.finished.as_ref().map(|end| (rfc3339(end.at_ms), end.how.clone())).unzip();
        Self {
            id: record.id.clone(),
            sandbox_id: id.to_string(),
            cmd: record.shape.cmd.clone(),
            args: record.shape.args.clone(),
            cwd: record.shape.cwd.clone(),
            sudo: record.shape.sudo,
            detached: record.shape.detached,
            status,
            started_at: rfc3339(record.started_ms),
            finished_at,
            exit_code: how.as_ref().and_then(|how| how.as_ref().ok()).map(exit_code),
            error: how.and_then(Result::err),
            stdout: state.stdout.text(),
            stderr: state.stderr.text(),
        }
    }
}

/// As a shell counts: signals above 128.
pub(super) fn exit_code(ending: &Ending) -> i32 {
    match ending {
        Ending::Status(status) => *status,
        Ending::Signal(signal) => 128 + signal,
    }
}
