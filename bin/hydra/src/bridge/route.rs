//! Which desktop a request to `--listen-bridges` is for.
//!
//! ```text
//!   http://ID.localhost:PORT/path       → path of ID      an origin for each desktop, for browsers
//!   http://127.0.0.1:PORT/d/ID/path     → path of ID      for other programs
//! ```
//!
//! Pages of different desktops must not be of one origin, or one that is hostile reads what the others keep in the
//! browser, tokens among it. So a browser that is about to show a page at `/d/ID/` is sent to the name of its own.

use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::str::FromStr;

use axum::http::header::{HOST, HeaderMap};
use axum::http::{Method, Uri};
use lunette_desktop::DesktopId;

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// It is for this desktop.
    To {
        /// Whose.
        id: DesktopId,
        /// Path and query, for its bridge.
        target: String,
        /// Where the client sees the bridge's root, unless that is a root.
        prefix: Option<String>,
    },
    /// Its client is to ask elsewhere.
    Elsewhere(String),
    /// It is for nobody.
    Nowhere,
}

/// Decides.
pub(super) fn way(method: &Method, uri: &Uri, headers: &HeaderMap) -> Way {
    if headers.get_all(HOST).iter().count() > 1 {
        return Way::Nowhere;
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let (name, port) = split(host);
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    if let Some(label) = strip_suffix(name, ".localhost") {
        let Ok(id) = label.to_ascii_lowercase().parse() else { return Way::Nowhere };
        return Way::To { id, target: format!("{}{query}", uri.path()), prefix: None };
    }
    let Some(rest) = uri.path().strip_prefix("/d/") else { return Way::Nowhere };
    let (id, path) = rest.split_once('/').map_or((rest, None), |(id, path)| (id, Some(path)));
    let Ok(id) = id.parse::<DesktopId>() else { return Way::Nowhere };
    let get = method == Method::GET || method == Method::HEAD;
    match path {
        path if get && is_page(headers) && is_loopback(name) => {
            Way::Elsewhere(format!("http://{id}.localhost{port}/{}{query}", path.unwrap_or_default()))
        }
        Some(path) => Way::To { target: format!("/{path}{query}"), prefix: Some(format!("/d/{id}/")), id },
        // Addresses on a page are relative to it.
        None => Way::Elsewhere(format!("/d/{id}/{query}")),
    }
}

/// How a browser of this machine reaches `--listen-bridges`: `http://`, a name or an address of the loopback, a port.
///
/// The names below `localhost` are there for each desktop, and nowhere else without a certificate and a name server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BridgesUrl {
    /// With its colon; empty where it goes without saying.
    port: String,
}

/// Why an address of bridges is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BridgesUrlError {
    #[error("{0:?} is not http://HOST:PORT")]
    Form(String),
    #[error("{0} is not the loopback; browsers of other machines reach desktops by the control plane")]
    Elsewhere(String),
}

impl BridgesUrl {
    /// Of what listens at `address`, unless no browser of this machine can.
    pub(super) fn of(address: SocketAddr) -> Option<Self> {
        let reachable = address.ip().is_loopback() || address.ip().is_unspecified();
        reachable.then(|| Self { port: format!(":{}", address.port()) })
    }

    /// Where a browser is to open a desktop; with a token behind it that no server sees.
    pub(super) fn page(&self, id: &DesktopId, token: &str) -> String {
        format!("http://{id}.localhost{}/#token={token}", self.port)
    }
}

impl FromStr for BridgesUrl {
    type Err = BridgesUrlError;

    fn from_str(text: &str) -> Result<Self, BridgesUrlError> {
        let host = text.strip_prefix("http://").map(|rest| rest.strip_suffix('/').unwrap_or(rest));
        let (name, port) = split(host.ok_or_else(|| BridgesUrlError::Form(text.to_owned()))?);
        let is_port = port.is_empty() || port[1..].parse::<NonZeroU16>().is_ok();
        if name.is_empty() || name.contains(['/', '?', '#', '@']) || !is_port {
            return Err(BridgesUrlError::Form(text.to_owned()));
        }
        if !is_loopback(name) {
            return Err(BridgesUrlError::Elsewhere(name.to_owned()));
        }
        Ok(Self { port: port.to_owned() })
    }
}

/// Whether a browser is about to show what is answered, by itself or within another page.
fn is_page(headers: &HeaderMap) -> bool {
    let to = headers.get("sec-fetch-dest").map(axum::http::HeaderValue::as_bytes);
    to.is_some_and(|to| [&b"document"[..], b"iframe", b"frame", b"embed", b"object"].contains(&to))
}

/// A name, and a port with its colon.
fn split(host: &str) -> (&str, &str) {
    let at = host.rfind(':').filter(|at| !host[*at..].contains(']')).unwrap_or(host.len());
    host.split_at(at)
}

fn is_loopback(name: &str) -> bool {
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

fn strip_suffix<'a>(name: &'a str, suffix: &str) -> Option<&'a str> {
    let at = name.len().checked_sub(suffix.len()).filter(|at| name.is_char_boundary(*at))?;
    let (front, back) = name.split_at(at);
    back.eq_ignore_ascii_case(suffix).then_some(front)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(host: &str, path: &str, to: Option<&str>) -> Way {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        if let Some(to) = to {
            headers.insert("sec-fetch-dest", to.parse().unwrap());
        }
        way(&Method::GET, &path.parse().unwrap(), &headers)
    }

    fn to(id: &str, target: &str, prefix: Option<&str>) -> Way {
        Way::To { id: id.parse().unwrap(), target: target.to_owned(), prefix: prefix.map(str::to_owned) }
    }

    #[test]
    fn a_name_of_its_own_is_its_root() {
        assert_eq!(ask("d-1.localhost:9877", "/ws/stream?a=1", None), to("d-1", "/ws/stream?a=1", None));
        assert_eq!(ask("D-1.LocalHost", "/", Some("document")), to("d-1", "/", None));
        assert_eq!(ask("d-1.localhost:9877", "/d/d-2/", None), to("d-1", "/d/d-2/", None));
    }

    #[test]
    fn a_program_gets_it_by_a_path() {
        assert_eq!(ask("127.0.0.1:1", "/d/a/screenshot?q=1", None), to("a", "/screenshot?q=1", Some("/d/a/")));
        assert_eq!(ask("other:1", "/d/a/", Some("document")), to("a", "/", Some("/d/a/")));
        assert_eq!(ask("127.0.0.1:1", "/d/a", None), Way::Elsewhere("/d/a/".to_owned()));
    }

    #[test]
    fn a_browser_is_sent_to_an_origin_of_that_desktop_alone() {
        let sent = |to: &str| Way::Elsewhere(to.to_owned());
        assert_eq!(ask("127.0.0.1:9877", "/d/a/?x=1", Some("document")), sent("http://a.localhost:9877/?x=1"));
        assert_eq!(ask("[::1]:9877", "/d/a/p", Some("iframe")), sent("http://a.localhost:9877/p"));
        assert_eq!(ask("localhost", "/d/a", Some("document")), sent("http://a.localhost/"));
    }

    #[test]
    fn what_names_no_desktop_leads_nowhere() {
        for (host, path) in [
            ("127.0.0.1", "/"),
            ("127.0.0.1", "/d/"),
            ("127.0.0.1", "/d/../x/"),
            ("127.0.0.1", "/d/A/"),
            ("127.0.0.1", "/d/%61/"),
            ("127.0.0.1", "/api/v1/dev-containers"),
            (".localhost", "/"),
            ("a.b.localhost", "/"),
            ("xlocalhost", "/"),
        ] {
            assert_eq!(ask(host, path, None), Way::Nowhere, "{host} {path}");
        }
    }

    #[test]
    fn an_address_for_people_has_an_origin_of_its_own() {
        let id = "a".parse().unwrap();
        let page = |base: &str| base.parse::<BridgesUrl>().map(|base| base.page(&id, "T"));
        let own = "http://a.localhost:81/#token=T";
        for base in ["http://127.0.0.1:81", "http://localhost:81/", "http://[::1]:81"] {
            assert_eq!(page(base).as_deref(), Ok(own), "{base}");
        }
        assert_eq!(page("http://localhost").as_deref(), Ok("http://a.localhost/#token=T"));
        let of = BridgesUrl::of("0.0.0.0:81".parse().unwrap()).map(|base| base.page(&id, "T"));
        assert_eq!(of.as_deref(), Some(own));
    }

    #[test]
    fn pages_of_desktops_are_never_of_an_origin_that_they_share() {
        let refused = |base: &str| base.parse::<BridgesUrl>().unwrap_err();
        for base in ["http://desk.example", "http://10.0.0.1:81", "http://[fd00::1]:81/"] {
            assert!(matches!(refused(base), BridgesUrlError::Elsewhere(_)), "{base}");
        }
        for base in
            ["", "127.0.0.1:81", "https://localhost:81", "http://localhost:81/d", "http://:81", "http://localhost:x"]
        {
            assert!(matches!(refused(base), BridgesUrlError::Form(_)), "{base}");
        }
        assert_eq!(BridgesUrl::of("10.0.2.15:9877".parse().unwrap()), None);
    }
}
