//! Files to and from the desktop, in one folder and nowhere else.
//!
//! ```text
//!   POST /upload ─▶ .lunette-upload-… ─ whole ─▶ renamed to its name, or name (1), where that is taken
//!   GET /file?name=, GET /files ◀──────────────── plain files of the folder; links are not followed
//! ```
//! The folder is opened once; names are looked up in what was opened, one component at a time, so that neither a name
//! nor a link in the folder leads out of it.

mod download;
mod folder;
mod name;
mod upload;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{get, post};

use crate::agent::AgentHost;
use crate::problem::Problem;

pub use folder::{Entry, FileError, Folder, NewFile};
pub use name::{FileName, NameError};

/// `/upload`, `/file` and `/files`.
pub fn routes<H: AgentHost>() -> Router<Arc<H>> {
    let upload = post(upload::handle::<H>).fallback(method).layer(DefaultBodyLimit::max(upload::BODY));
    Router::new()
        .route("/upload", upload)
        .route("/file", get(download::file::<H>).fallback(method))
        .route("/files", get(download::list::<H>).fallback(method))
}

async fn method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "files are sent with POST /upload and fetched with GET")
}

fn folder<H: AgentHost>(host: &H) -> Result<&Folder, Problem> {
    let none = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "this desktop has no folder for files");
    host.folder().ok_or_else(none)
}

impl From<FileError> for Problem {
    fn from(error: FileError) -> Self {
        let status = match &error {
            FileError::Name(_) => StatusCode::BAD_REQUEST,
            FileError::Missing(_) => StatusCode::NOT_FOUND,
            FileError::Taken(_) => StatusCode::CONFLICT,
            FileError::Full => StatusCode::INSUFFICIENT_STORAGE,
            FileError::Io { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, lunette_cause::chain(&error))
    }
}
