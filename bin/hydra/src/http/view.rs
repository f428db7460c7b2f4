//! A desktop and a program as clients see them.

use lunette_desktop::{BackendKind, DesktopId, Ending, Limits, Phase, Report, SESSION_VARIABLE};
use serde::Serialize;

use super::time::rfc3339;
use crate::desktop::Desktop;
use crate::exec::{Record, Status};

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
    report: Report,
}

impl DesktopView {
    pub(crate) fn of(desktop: &Desktop) -> Self {
        Self::with(desktop, desktop.report())
    }

    /// A desktop of which its launcher said more than hydra has heard.
    pub(crate) fn with(desktop: &Desktop, report: Report) -> Self {
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
