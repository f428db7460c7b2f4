//! `POST /upload`.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::multipart::{Field, MultipartError, MultipartRejection};
use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use axum::response::Response;
use lunette_auth::Scope;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::folder;
use super::folder::{NewFile, failed};
use super::name::FileName;
use crate::agent::{AgentHost, Caller};
use crate::problem::{Problem, json};

/// Bytes of a file.
const FILE: u64 = 500 << 20;
/// Bytes of a request: one file and what is around it.
pub(super) const BODY: usize = (500 << 20) + (64 << 10);
/// Without a byte.
const STALLED: Duration = Duration::from_secs(30);

pub(super) async fn handle<H: AgentHost>(
    State(host): State<Arc<H>>,
    caller: Caller,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Problem> {
    caller.needs(Scope::Control)?;
    let folder = folder(&*host)?;
    let mut form = form.map_err(|error| Problem::new(error.status(), error.body_text()))?;
    let _place = folder.senders.try_acquire().map_err(|_| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many files are being sent at once").hint("try again soon")
    })?;
    while let Some(field) = within(form.next_field()).await? {
        if field.name() == Some("file") {
            let name = FileName::sanitised(field.file_name().unwrap_or_default());
            let name = name.map_err(|error| Problem::bad(error.to_string()))?;
            let (file, size) = receive(folder.create()?, field).await?;
            let kept = file.keep(&name)?;
            let path = folder.path().join(kept.as_str());
            let body = json!({"path": path.to_string_lossy(), "size": size, "filename": kept.as_str()});
            return Ok(json(StatusCode::OK, &body));
        }
    }
    Err(Problem::bad("the form has no field `file`").hint("send multipart/form-data with one field `file`"))
}

async fn receive(mut new: NewFile, mut field: Field<'_>) -> Result<(NewFile, u64), Problem> {
    let file = new.take().ok_or_else(|| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the file is gone"))?;
    let mut file = tokio::fs::File::from_std(file);
    let action = failed("write the file");
    let mut size = 0;
    while let Some(chunk) = within(field.chunk()).await? {
        size += chunk.len() as u64;
        if size > FILE {
            let error = format!("a file of more than {} MB", FILE >> 20);
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, error));
        }
        file.write_all(&chunk).await.map_err(&action)?;
    }
    file.flush().await.map_err(&action)?;
    Ok((new, size))
}

async fn within<T>(step: impl Future<Output = Result<T, MultipartError>>) -> Result<T, Problem> {
    match timeout(STALLED, step).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Problem::new(error.status(), error.body_text())),
        Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "nothing came for 30 s")),
    }
}
