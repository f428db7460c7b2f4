//! Every operation, once: its route, who may, its handler, and what the API's description says about it.

use std::sync::Arc;

use axum::routing::{MethodRouter, get};
use lunette_auth::Scope;

use super::{openapi, streams, system};
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
];
