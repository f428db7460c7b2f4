//! What the head of an answer says about why it is a refusal.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

/// Says how to be let in, and when to come again.
pub fn explain(response: &mut Response, retry_after: Option<Duration>) {
    let unauthorised = response.status() == StatusCode::UNAUTHORIZED;
    let headers = response.headers_mut();
    if unauthorised {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(wait) = retry_after {
        headers.insert(header::RETRY_AFTER, wait.as_secs().max(1).into());
    }
}
