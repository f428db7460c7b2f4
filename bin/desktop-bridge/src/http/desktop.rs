//! Clipboard, windows and applications.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::agent::{AgentHost, App, Clip, ClipKind, Window, WindowAction, Workspace};
use crate::bridge::Bridge;
use crate::problem::Problem;

/// What a clipboard holds, as it is sent: pictures in base64.
#[derive(Debug, Deserialize)]
pub(super) struct ClipDocument {
    r#type: String,
    data: String,
}

/// The best that the clipboard has: a picture, else HTML, else text. As text, what cannot be had is empty.
pub(super) async fn clipboard(State(bridge): State<Arc<Bridge>>) -> Json<Value> {
    for kind in [ClipKind::Image, ClipKind::Html] {
        if let Ok(Some(clip)) = bridge.clipboard(kind).await {
            let text = match bridge.clipboard(ClipKind::Text).await {
                Ok(Some(Clip::Text(text))) => Some(text),
                _ => None,
            };
            return Json(document(clip, text.as_deref()));
        }
    }
    match bridge.clipboard(ClipKind::Text).await {
        Ok(Some(clip)) => Json(document(clip, None)),
        _ => Json(json!({ "type": "text", "data": "" })),
    }
}

fn document(clip: Clip, text: Option<&str>) -> Value {
    match clip {
        Clip::Text(text) => json!({ "type": "text", "data": text }),
        Clip::Html(html) => json!({ "type": "html", "data": html, "text": text }),
        Clip::Image(png) => json!({ "type": "image", "data": STANDARD.encode(png), "text": text }),
    }
}

pub(super) async fn set_clipboard(
    State(bridge): State<Arc<Bridge>>,
    body: Result<Json<ClipDocument>, JsonRejection>,
) -> Result<Json<Value>, Problem> {
    let Json(document) = body.map_err(|error| Problem::new(error.status(), error.body_text()))?;
    let clip = match document.r#type.as_str() {
        "text" => Clip::Text(document.data),
        "html" => Clip::Html(document.data),
        "image" => {
            let bad = |_| Problem::new(StatusCode::BAD_REQUEST, "data is no base64");
            Clip::Image(STANDARD.decode(document.data).map_err(bad)?)
        }
        other => {
            let error = format!("type {other:?} is none of text, html and image");
            return Err(Problem::new(StatusCode::BAD_REQUEST, error));
        }
    };
    bridge.set_clipboard(clip).await?;
    Ok(Json(json!({ "success": true })))
}

pub(super) async fn windows(State(bridge): State<Arc<Bridge>>) -> Result<Json<Vec<Window>>, Problem> {
    Ok(Json(bridge.windows().await?))
}

pub(super) async fn act_on_window(
    State(bridge): State<Arc<Bridge>>,
    Path((id, action)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let action = match action.as_str() {
        "focus" => WindowAction::Focus,
        "close" => WindowAction::Close,
        "maximize" => WindowAction::Maximize,
        "minimize" => WindowAction::Minimize,
        other => {
            let error = format!("{other:?} is none of focus, close, maximize and minimize");
            return Err(Problem::new(StatusCode::NOT_FOUND, error));
        }
    };
    bridge.window(&id, action).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn workspaces(State(bridge): State<Arc<Bridge>>) -> Result<Json<Vec<Workspace>>, Problem> {
    Ok(Json(bridge.workspaces().await?))
}

pub(super) async fn switch_workspace(
    State(bridge): State<Arc<Bridge>>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    bridge.switch_workspace(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn apps(State(bridge): State<Arc<Bridge>>) -> Result<Json<Vec<App>>, Problem> {
    Ok(Json(bridge.apps().await?))
}

#[derive(Debug, Deserialize)]
pub(super) struct Launch {
    id: String,
}

pub(super) async fn launch(
    State(bridge): State<Arc<Bridge>>,
    body: Result<Json<Launch>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(Launch { id }) = body.map_err(|error| Problem::new(error.status(), error.body_text()))?;
    bridge.launch(&id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
