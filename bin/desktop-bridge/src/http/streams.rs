//! The WebSockets.

use std::sync::Arc;

use axum::Extension;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Query, State};
use axum::response::Response;
use lunette_auth::{Identity, PROTOCOL};
use lunette_viewer::{serve_input, serve_viewer};
use serde::Deserialize;

use crate::bridge::Bridge;

/// Largest message of a client.
const LARGEST: usize = 64 << 10;

/// What may stand behind the question mark.
#[derive(Debug, Deserialize)]
pub(super) struct Switches {
    /// As in the init message, for clients that have it in the address.
    #[serde(rename = "videoMode")]
    _video_mode: Option<String>,
}

pub(super) async fn stream(
    State(bridge): State<Arc<Bridge>>,
    Extension(identity): Extension<Identity>,
    Query(_switches): Query<Switches>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let desk = bridge.desk.clone();
    bounded(upgrade).on_upgrade(move |socket| serve_viewer(socket, desk, identity))
}

pub(super) async fn input(
    State(bridge): State<Arc<Bridge>>,
    Extension(identity): Extension<Identity>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let desk = bridge.desk.clone();
    bounded(upgrade).on_upgrade(move |socket| serve_input(socket, desk, identity))
}

fn bounded(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .protocols([PROTOCOL])
        .max_message_size(LARGEST)
        .max_frame_size(LARGEST)
        // Pictures are large and must not wait for more of them.
        .write_buffer_size(0)
        .max_write_buffer_size(64 << 20)
}
