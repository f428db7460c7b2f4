//! What comes with a request: a bounded document, an id.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::StatusCode;
use bytes::Bytes;
use lunette_desktop::{DesktopId, session_id};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::problem::Problem;

/// Bytes of a document.
const LONGEST: usize = 1 << 20;
/// For it to arrive.
const ARRIVAL: Duration = Duration::from_secs(10);

/// The whole body.
pub(super) async fn whole(body: Body) -> Result<Bytes, Problem> {
    match timeout(ARRIVAL, to_bytes(body, LONGEST)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => {
            Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("more than {LONGEST} bytes, or cut off")))
        }
        Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time")),
    }
}

/// A document out of a body.
pub(super) async fn document<T: DeserializeOwned>(body: Body) -> Result<T, Problem> {
    let bytes = whole(body).await?;
    serde_json::from_slice(&bytes).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => Problem::unfit(error.to_string()),
        _ => Problem::bad(format!("not JSON: {error}")),
    })
}

/// An id, as clients write it.
pub(super) fn id(text: &str) -> Result<DesktopId, Problem> {
    session_id(text).map_err(|error| Problem::bad(error.to_string()))
}
