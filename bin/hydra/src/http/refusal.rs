//! What is answered when something was not done.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use lunette_desktop::DesktopId;
use serde::Serialize;

use super::reply::json;
use crate::bridge::DoorError;
use crate::exec::ExecError;
use crate::registry::CreateError;

/// A status, what was wrong, and what may help.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    error: String,
    hint: Option<String>,
}

#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self { status, error: error.into(), hint: None }
    }

    pub(crate) fn bad(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    pub(crate) fn no_desktop(id: &DesktopId) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("no desktop {id}"))
            .hint("GET /api/v1/dev-containers lists those that are there")
    }

    pub(crate) fn no_exec(id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("no program {id:?} in this desktop"))
    }

    pub(crate) fn not_running(id: &DesktopId) -> Self {
        Self::new(StatusCode::CONFLICT, format!("desktop {id} does not run"))
            .hint("its report says in which phase it is, and why")
    }

    pub(crate) fn no_bridge(id: &DesktopId, error: &DoorError) -> Self {
        let status = match error {
            DoorError::Crowded | DoorError::Busy => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_GATEWAY,
        };
        Self::new(status, format!("desktop {id}: {error}")).hint("its report says how its bridge is doing")
    }

    /// What a bridge did, or did not do.
    pub(crate) fn gateway(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, error)
    }

    /// The desktop or its container did not do it.
    pub(crate) fn failed(error: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error)
    }

    #[cfg(test)]
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        json(self.status, &Body { error: &self.error, hint: self.hint.as_deref() })
    }
}

impl From<CreateError> for Refusal {
    fn from(error: CreateError) -> Self {
        let (status, hint) = match &error {
            CreateError::NoProfile { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, Some("GET /api/v1/profiles lists those that are there"))
            }
            CreateError::Wish(_) => (StatusCode::UNPROCESSABLE_ENTITY, None),
            CreateError::Leaving(_) => (StatusCode::CONFLICT, Some("try again when it is gone")),
            CreateError::OtherSession(..) => {
                (StatusCode::CONFLICT, Some("ids differ in more than capitals, dots and underscores"))
            }
            CreateError::NoMemory(_) => {
                (StatusCode::INSUFFICIENT_STORAGE, Some("ask for less, stop a desktop, or run hydra with --overcommit"))
            }
            CreateError::NoSlot(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, Some("end it; its report says why that cannot be done, if so"))
            }
            CreateError::TooMany(_) => (StatusCode::INSUFFICIENT_STORAGE, Some("stop a desktop")),
            CreateError::Random(_) => (StatusCode::SERVICE_UNAVAILABLE, None),
        };
        let refusal = Self::new(status, error.to_string());
        match hint {
            Some(hint) => refusal.hint(hint),
            None => refusal,
        }
    }
}

impl From<ExecError> for Refusal {
    fn from(error: ExecError) -> Self {
        let status = match error {
            ExecError::TooMany => StatusCode::SERVICE_UNAVAILABLE,
            ExecError::Exists(_) => StatusCode::CONFLICT,
        };
        Self::new(status, error.to_string())
    }
}
