//! What is answered when something was not done: problem+json (RFC 9457).

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

/// A status, what was wrong, and what may help.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    detail: String,
    hint: Option<String>,
    retry_after: Option<Duration>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), hint: None, retry_after: None }
    }

    /// The request makes no sense.
    pub(crate) fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// Values that cannot be.
    pub(crate) fn unfit(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// Somebody we do not know.
    pub(crate) fn unknown(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, detail)
    }

    pub(crate) fn no_desktop(id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("no desktop {id}")).hint("GET /api/v1/desktops lists those there are")
    }

    /// Too many of something; in so long there is room again.
    pub(crate) fn too_many(wait: Duration) -> Self {
        let detail = format!("too many requests: wait {:.1} s", wait.as_secs_f64());
        Self { retry_after: Some(wait), ..Self::new(StatusCode::TOO_MANY_REQUESTS, detail) }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// What may help.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // "error" and "hint" are what clients of bridges and of hydra know.
        let mut body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Refused"),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "error": self.detail,
        });
        if let Some(hint) = self.hint {
            body["hint"] = hint.into();
        }
        let mut response = with_type(self.status, "application/problem+json", Body::from(body.to_string()));
        lunette_http::explain(&mut response, self.retry_after);
        response
    }
}

impl From<lunette_store::StoreError> for Problem {
    fn from(error: lunette_store::StoreError) -> Self {
        let text = lunette_cause::chain(&error);
        tracing::error!(error = text, "the store");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, text)
    }
}

impl From<crate::hydra::HydraError> for Problem {
    fn from(error: crate::hydra::HydraError) -> Self {
        let status = match &error {
            crate::hydra::HydraError::Silent(_) => StatusCode::BAD_GATEWAY,
            crate::hydra::HydraError::Refused { status, .. } => *status,
        };
        Self::new(status, error.to_string())
    }
}

/// For every method that a path does not have.
pub(crate) async fn method(method: Method, uri: Uri) -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("{method} {} is not possible", uri.path()))
        .hint("GET /openapi.json lists what is")
}

/// A document that nobody keeps.
pub(crate) fn json_answer(status: StatusCode, content: &impl Serialize) -> Response {
    match serde_json::to_vec(content) {
        Ok(bytes) => with_type(status, "application/json", Body::from(bytes)),
        Err(error) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// Nothing more to say.
pub(crate) fn nothing() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

pub(crate) fn with_type(status: StatusCode, kind: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
