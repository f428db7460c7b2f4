//! Every operation, once: its route, who may, its handler, and what the API's description says about it.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::routing::{MethodRouter, get, post};
use lunette_auth::Scope;

use super::{desktop, metrics, openapi, streams, system};
use crate::bridge::Bridge;

/// One operation.
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) summary: &'static str,
    /// `None` is for everybody.
    pub(super) scope: Option<Scope>,
    pub(super) handler: fn() -> MethodRouter<Arc<Bridge>>,
}

const fn reading(path: &'static str, summary: &'static str, handler: fn() -> MethodRouter<Arc<Bridge>>) -> Operation {
    Operation { method: "get", path, summary, scope: Some(Scope::View), handler }
}

const fn using(path: &'static str, summary: &'static str, handler: fn() -> MethodRouter<Arc<Bridge>>) -> Operation {
    Operation { method: "post", path, summary, scope: Some(Scope::Control), handler }
}

/// Bytes of what goes onto a clipboard: 16 MiB in base64.
const CLIPBOARD: usize = 24 << 20;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation { scope: None, ..reading("/health", "Whether this desktop answers", || get(system::health)) },
    reading("/status", "How each part of this desktop is doing", || get(system::status)),
    reading("/openapi.json", "This description", || get(openapi::serve)),
    reading("/clients", "Who is here", || get(system::clients)),
    reading("/ws/stream", "The picture and the input, as docs/protocol-stream.md says", || get(streams::stream)),
    Operation {
        scope: Some(Scope::Control),
        ..reading("/ws/input", "Input alone, as docs/protocol-stream.md says", || get(streams::input))
    },
    reading("/video/stats", "How the stream of each viewer is doing", || get(system::video_stats)),
    reading("/metrics", "What happened so far, in Prometheus' text format", || get(metrics::serve)),
    Operation {
        scope: Some(Scope::Control),
        ..reading("/clipboard", "What is on the clipboard (POST: put something there)", || {
            get(desktop::clipboard).post(desktop::set_clipboard).layer(DefaultBodyLimit::max(CLIPBOARD))
        })
    },
    Operation { scope: Some(Scope::Control), ..reading("/windows", "The windows", || get(desktop::windows)) },
    using("/windows/{id}/{action}", "focus, close, maximize or minimize a window", || post(desktop::act_on_window)),
    Operation {
        scope: Some(Scope::Control),
        ..reading("/desktop/workspaces", "The compositor's workspaces", || get(desktop::workspaces))
    },
    using("/desktop/workspaces/{id}/show", "Show a workspace of the compositor", || post(desktop::switch_workspace)),
    Operation {
        scope: Some(Scope::Control),
        ..reading("/apps", "The applications that can be started", || get(desktop::apps))
    },
    using("/apps/launch", "Start an application", || post(desktop::launch)),
];

/// What is not there where MCP is off.
pub(super) const MCP: &str = "/mcp";

/// Operations whose routes are elsewhere: method, path, scope, summary.
pub(super) const ELSEWHERE: &[(&str, &str, Scope, &str)] = &[
    ("get", "/screenshot", Scope::View, "A picture, a part of it, or what changed since another"),
    ("get", "/wait", Scope::View, "Wait until the picture changes, or is still"),
    ("post", "/input", Scope::Control, "Make input happen"),
    ("post", "/exec", Scope::Agent, "Run a program that the policy allows"),
    ("post", "/upload", Scope::Control, "Send a file"),
    ("get", "/file", Scope::Control, "Fetch a file"),
    ("get", "/files", Scope::Control, "The files that can be fetched"),
    ("get", "/workspaces", Scope::Control, "The git work trees"),
    ("get", "/workspace/status", Scope::Control, "What each work tree has that is not kept elsewhere"),
    ("post", "/workspace/commit-and-push", Scope::Control, "Commit what each work tree has, and push it"),
    ("get", "/workspace/review", Scope::Control, "What was done in a work tree, as patches"),
    ("get", "/workspace/files", Scope::Control, "The files of a work tree"),
    ("get", "/workspace/file", Scope::Control, "What is in a file of a work tree"),
    ("post", "/workspace/checkpoints/capture", Scope::Control, "Keep a work tree as it is under a ref"),
    ("post", "/workspace/checkpoints/diff", Scope::Control, "What differs between two checkpoints"),
    ("post", MCP, Scope::Agent, "MCP over streamable HTTP"),
];
