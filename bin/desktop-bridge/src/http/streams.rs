//! The WebSockets.

use std::sync::Arc;

use axum::Extension;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequest, Query, Request, State};
use axum::http::header::UPGRADE;
use axum::response::{IntoResponse, Response};
use lunette_auth::{Identity, PROTOCOL};
use lunette_viewer::{farewell, serve_input, serve_viewer};
use lunette_wire::stream::{CloseCode, StreamError, VideoMode};
use serde::Deserialize;

use crate::bridge::Bridge;
use crate::listen::Place;
use crate::problem::Problem;

/// Largest message that is read at all; from its own limit on, which is lower, the session says why it ends.
const LARGEST: usize = 1 << 20;

/// What may stand behind the question mark.
#[derive(Debug, Deserialize)]
pub(super) struct Switches {
    /// As in the init message, for clients that have it in the address.
    #[serde(rename = "videoMode")]
    video_mode: Option<String>,
}

pub(super) async fn stream(
    State(bridge): State<Arc<Bridge>>,
    Extension(identity): Extension<Identity>,
    Extension(place): Extension<Place>,
    Query(switches): Query<Switches>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let mut desk = bridge.desk.clone();
    desk.asked_mode = switches.video_mode.as_deref().and_then(VideoMode::from_init_text).or(desk.asked_mode);
    bounded(upgrade).on_upgrade(async move |socket| {
        serve_viewer(socket, desk, identity).await;
        drop(place);
    })
}

pub(super) async fn input(
    State(bridge): State<Arc<Bridge>>,
    Extension(identity): Extension<Identity>,
    Extension(place): Extension<Place>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let desk = bridge.desk.clone();
    bounded(upgrade).on_upgrade(async move |socket| {
        serve_input(socket, desk, identity).await;
        drop(place);
    })
}

/// Whether a request is for a WebSocket.
pub(super) fn is_one(request: &Request) -> bool {
    request.headers().contains_key(UPGRADE)
}

/// Answers over the WebSocket that was asked for, where it was asked for in earnest.
pub(super) async fn turn_away(request: Request, problem: Problem) -> Response {
    let place = request.extensions().get::<Place>().cloned();
    match WebSocketUpgrade::from_request(request, &()).await {
        Ok(upgrade) => {
            let error = StreamError::with_detail("This desktop does not open without a good token.", problem.error());
            bounded(upgrade).on_upgrade(async move |socket| {
                farewell(socket, CloseCode::Unauthorised, error).await;
                drop(place);
            })
        }
        Err(_) => problem.into_response(),
    }
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
