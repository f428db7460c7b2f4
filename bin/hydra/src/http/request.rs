//! What comes with a request: a bounded body, an id, switches.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use bytes::Bytes;
use lunette_desktop::{DesktopId, session_id};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::refusal::Refusal;

/// Bytes of a body that is a document.
const LONGEST: usize = 1 << 20;
/// For such a body to arrive.
const ARRIVAL: Duration = Duration::from_secs(10);

/// The whole body.
pub(super) async fn whole(body: Body) -> Result<Bytes, Refusal> {
    match timeout(ARRIVAL, to_bytes(body, LONGEST)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => {
            Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, format!("more than {LONGEST} bytes, or cut off")))
        }
        Err(_) => Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time")),
    }
}

/// A document out of a body.
pub(super) fn document<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
        _ => Refusal::bad(format!("not JSON: {error}")),
    })
}

/// `{id}` of a path, and all names in it.
pub(super) struct Named {
    pub(super) id: DesktopId,
    /// As the client wrote it.
    pub(super) session: String,
    names: BTreeMap<String, String>,
}

impl Named {
    /// Another name in the path.
    pub(super) fn get(&self, name: &str) -> &str {
        self.names.get(name).map_or("", String::as_str)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Path(names) = Path::<BTreeMap<String, String>>::from_request_parts(parts, state)
            .await
            .map_err(|error| Refusal::bad(error.body_text()))?;
        let session = names.get("id").cloned().unwrap_or_default();
        let id = session_id(&session).map_err(|error| Refusal::bad(error.to_string()))?;
        Ok(Self { id, session, names })
    }
}

/// What is behind the question mark.
pub(super) struct Switches(BTreeMap<String, String>);

impl Switches {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// `1` and `true`, or the name alone.
    pub(super) fn is_on(&self, name: &str) -> bool {
        matches!(self.get(name), Some("" | "1" | "true"))
    }

    /// A number, at most `most`.
    pub(super) fn number(&self, name: &str, most: u64) -> Result<Option<u64>, Refusal> {
        let number = |text: &str| text.parse::<u64>().ok().filter(|number| *number <= most);
        self.get(name)
            .map(|text| number(text).ok_or_else(|| Refusal::bad(format!("{name}={text} is not between 0 and {most}"))))
            .transpose()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Switches {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let query = Query::<BTreeMap<String, String>>::from_request_parts(parts, state).await;
        query.map(|Query(map)| Self(map)).map_err(|error| Refusal::bad(error.body_text()))
    }
}
