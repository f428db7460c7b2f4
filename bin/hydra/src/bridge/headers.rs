//! Which headers pass.

use axum::http::header::{
    CONNECTION, COOKIE, HeaderMap, HeaderName, HeaderValue, SET_COOKIE, STRICT_TRANSPORT_SECURITY, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};

use lunette_http::{USER, connection_words, is_websocket};

const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");
const UPGRADING: HeaderValue = HeaderValue::from_static("upgrade");

/// What counts for one connection only, besides what `Connection` names.
const OF_THE_CONNECTION: [HeaderName; 8] = [
    CONNECTION,
    UPGRADE,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-authenticate"),
    HeaderName::from_static("proxy-connection"),
];

/// What a client says of us, or of others: a bridge hears it from nobody but us.
const OF_PROXIES: [HeaderName; 8] = [
    COOKIE,
    FORWARDED_PREFIX,
    USER,
    HeaderName::from_static("forwarded"),
    HeaderName::from_static("proxy-authorization"),
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
];

/// What would change more of a browser than the page of one desktop.
const TOO_FAR: [HeaderName; 6] = [
    SET_COOKIE,
    STRICT_TRANSPORT_SECURITY,
    HeaderName::from_static("alt-svc"),
    HeaderName::from_static("clear-site-data"),
    HeaderName::from_static("service-worker-allowed"),
    HeaderName::from_static("nel"),
];

/// Leaves of a request what its bridge is to hear; `prefix` is where the client sees the bridge's root.
pub(super) fn clean_request(headers: &mut HeaderMap, prefix: Option<&str>) {
    strip(headers, &OF_PROXIES);
    if let Some(prefix) = prefix.and_then(|prefix| HeaderValue::from_str(prefix).ok()) {
        headers.insert(FORWARDED_PREFIX, prefix);
    }
}

/// Leaves of an answer what its client is to hear.
pub(super) fn clean_answer(headers: &mut HeaderMap) {
    strip(headers, &TOO_FAR);
}

fn strip(headers: &mut HeaderMap, more: &[HeaderName]) {
    let websocket = is_websocket(headers);
    let named: Vec<HeaderName> = connection_words(headers).filter_map(|word| word.parse().ok()).collect();
    for name in named.iter().chain(&OF_THE_CONNECTION).chain(more) {
        headers.remove(name);
    }
    if websocket {
        headers.insert(CONNECTION, UPGRADING);
        headers.insert(UPGRADE, WEBSOCKET);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn what_counts_for_one_connection_does_not_pass() {
        let mut request = headers(&[
            ("connection", "keep-alive, x-secret"),
            ("keep-alive", "5"),
            ("x-secret", "1"),
            ("te", "trailers"),
            ("accept", "*/*"),
            ("authorization", "Bearer x"),
        ]);
        clean_request(&mut request, None);
        assert_eq!(names(&request), ["accept", "authorization"]);
    }

    #[test]
    fn a_websocket_is_asked_for_again() {
        let mut request =
            headers(&[("connection", "keep-alive, Upgrade"), ("upgrade", "WebSocket"), ("sec-websocket-key", "k")]);
        clean_request(&mut request, None);
        assert!(is_websocket(&request));
        assert_eq!(names(&request), ["connection", "sec-websocket-key", "upgrade"]);
        let mut other = headers(&[("connection", "upgrade"), ("upgrade", "h2c")]);
        clean_request(&mut other, None);
        assert!(other.is_empty(), "{other:?}");
    }

    #[test]
    fn a_bridge_hears_from_us_alone_where_it_is_seen() {
        let mut request = headers(&[
            ("x-forwarded-prefix", "/evil"),
            ("x-forwarded-host", "evil"),
            ("cookie", "of=another"),
            ("lunette-user", "another"),
        ]);
        clean_request(&mut request, Some("/d/a/"));
        assert_eq!(names(&request), ["x-forwarded-prefix"]);
        assert_eq!(request["x-forwarded-prefix"], "/d/a/");
    }

    #[test]
    fn an_answer_changes_no_more_of_a_browser_than_one_page() {
        let mut answer = headers(&[
            ("set-cookie", "for=all"),
            ("service-worker-allowed", "/"),
            ("clear-site-data", "*"),
            ("content-type", "text/html"),
        ]);
        clean_answer(&mut answer);
        assert_eq!(names(&answer), ["content-type"]);
    }
}
