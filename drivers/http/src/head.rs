//! The head of a request, as far as others judge it.

use axum::http::header::{CONNECTION, HOST, ORIGIN, UPGRADE};
use axum::http::{HeaderMap, HeaderName, Method};
use lunette_auth::{Effect, Field, Heads};

/// What doors look at.
#[must_use]
pub fn heads(headers: &HeaderMap) -> Heads<'_> {
    Heads {
        host: field(headers, &HOST),
        origin: field(headers, &ORIGIN),
        fetch_site: field(headers, &HeaderName::from_static("sec-fetch-site")),
    }
}

/// Whether a request only reads. A WebSocket does more.
#[must_use]
pub fn effect(method: &Method, headers: &HeaderMap) -> Effect {
    let reads = (method == Method::GET || method == Method::HEAD) && !headers.contains_key(UPGRADE);
    if reads { Effect::Reads } else { Effect::Changes }
}

/// A header, which may be there more than once.
#[must_use]
pub fn field<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Field<'a> {
    Field::of(headers.get_all(name).iter().map(|value| value.as_bytes()))
}

/// Whether this asks for, or grants, a WebSocket.
#[must_use]
pub fn is_websocket(headers: &HeaderMap) -> bool {
    let upgrading = connection_words(headers).any(|word| word.eq_ignore_ascii_case("upgrade"));
    upgrading && headers.get(UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// What `Connection` names.
pub fn connection_words(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_websocket_is_asked_for_by_two_headers() {
        assert!(is_websocket(&headers(&[(CONNECTION, "keep-alive, Upgrade"), (UPGRADE, "WebSocket")])));
        assert!(!is_websocket(&headers(&[(CONNECTION, "keep-alive"), (UPGRADE, "websocket")])));
        assert!(!is_websocket(&headers(&[(CONNECTION, "upgrade"), (UPGRADE, "h2c")])));
        assert!(!is_websocket(&headers(&[(CONNECTION, "upgrade")])));
    }

    #[test]
    fn what_may_become_another_protocol_does_not_only_read() {
        assert_eq!(effect(&Method::GET, &HeaderMap::new()), Effect::Reads);
        assert_eq!(effect(&Method::POST, &HeaderMap::new()), Effect::Changes);
        assert_eq!(effect(&Method::GET, &headers(&[(UPGRADE, "websocket")])), Effect::Changes);
    }
}
