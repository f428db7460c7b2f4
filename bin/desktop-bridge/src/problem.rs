//! What is answered when something was not done.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use lunette_cause::chain;
use lunette_snapshot::SnapshotError;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::agent::HostError;

/// A status, what was wrong, and what may help; as JSON `{"error", "hint"?, …}`.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    error: String,
    hint: Option<String>,
    more: Map<String, Value>,
    retry_after: Option<Duration>,
    stranger: bool,
}

impl Problem {
    /// Something was wrong.
    pub fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self { status, error: error.into(), hint: None, more: Map::new(), retry_after: None, stranger: false }
    }

    /// The request was wrong.
    pub fn bad(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    /// Too many of something; in so long there is room again.
    #[must_use]
    pub fn too_many(wait: Duration) -> Self {
        let error = format!("too many requests: wait {:.1} s", wait.as_secs_f64());
        Self { retry_after: Some(wait), ..Self::new(StatusCode::TOO_MANY_REQUESTS, error) }
    }

    /// The request's token is missing, wrong or not good enough: another token would do.
    #[must_use]
    pub fn for_want_of_a_token(self) -> Self {
        Self { stranger: true, ..self }
    }

    /// Whether another token would do.
    #[must_use]
    pub const fn wants_a_token(&self) -> bool {
        self.stranger
    }

    /// What may help.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// One more member of the answer.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.more.insert(name.to_owned(), value);
        self
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What was wrong.
    #[must_use]
    pub fn error(&self) -> &str {
        &self.error
    }

    /// What was wrong and what may help, in one text.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{}. {hint}", self.error),
            None => self.error.clone(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = self.more;
        body.insert("error".to_owned(), self.error.into());
        body.extend(self.hint.map(|hint| ("hint".to_owned(), hint.into())));
        let mut response = json(self.status, &body);
        lunette_http::explain(&mut response, self.retry_after);
        response
    }
}

impl From<HostError> for Problem {
    fn from(error: HostError) -> Self {
        let status = match &error {
            HostError::Refused(_) => StatusCode::CONFLICT,
            HostError::NotFound(_) => StatusCode::NOT_FOUND,
            HostError::Invalid(_) => StatusCode::BAD_REQUEST,
            HostError::Unsupported(_) => StatusCode::NOT_IMPLEMENTED,
            HostError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::new(status, error.to_string())
    }
}

impl From<SnapshotError> for Problem {
    fn from(error: SnapshotError) -> Self {
        let status = match &error {
            SnapshotError::Region { .. } => StatusCode::BAD_REQUEST,
            SnapshotError::Feed(_) | SnapshotError::Decode(_) | SnapshotError::NoPicture | SnapshotError::Thread(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            SnapshotError::Cursor { .. } | SnapshotError::Convert(..) | SnapshotError::Encode { .. } => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        let problem = Self::new(status, chain(&error));
        match status {
            StatusCode::SERVICE_UNAVAILABLE => problem.hint("GET /status says which part of the desktop is not ready"),
            _ => problem,
        }
    }
}

/// For every method that a path does not have.
pub(crate) async fn method(method: Method, uri: Uri) -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("{method} {} is not possible", uri.path()))
}

/// A document that nobody keeps.
pub(crate) fn json(status: StatusCode, content: &impl Serialize) -> Response {
    let (status, body) = match serde_json::to_vec(content) {
        Ok(bytes) => (status, bytes),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, Value::from(error.to_string()).to_string().into_bytes()),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
