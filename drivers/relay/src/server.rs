//! Where the control plane is.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::error::RelayError;

/// An address such as `https://example.org:8443/prefix`. `wss` and `ws` are the same as `https` and `http`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerUrl {
    pub(crate) tls: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    prefix: String,
}

impl ServerUrl {
    /// What stands before `/api/…`, for servers below a path.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Whether what is sent there is encrypted, or stays within this machine.
    #[must_use]
    pub fn keeps_secrets(&self) -> bool {
        let is_loopback = || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        self.tls || self.host == "localhost" || is_loopback()
    }

    /// The WebSocket's address for a path with its query.
    pub(crate) fn websocket(&self, target: &str) -> String {
        let scheme = if self.tls { "wss" } else { "ws" };
        format!("{scheme}://{}{target}", self.authority())
    }

    fn authority(&self) -> String {
        let port = if self.tls { 443 } else { 80 };
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == port { host } else { format!("{host}:{}", self.port) }
    }
}

impl FromStr for ServerUrl {
    type Err = RelayError;

    fn from_str(text: &str) -> Result<Self, RelayError> {
        parse(text).ok_or_else(|| RelayError::Url(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<ServerUrl> {
    let (scheme, rest) = text.split_once("://")?;
    let tls = match scheme {
        "https" | "wss" => true,
        "http" | "ws" => false,
        _ => return None,
    };
    let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().ok()?),
        _ => (authority, if tls { 443 } else { 80 }),
    };
    let bare = match host.strip_prefix('[') {
        Some(address) => address.strip_suffix(']')?,
        None if host.contains(':') => return None,
        None => host,
    };
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"?#@\\\"<>".contains(&byte);
    let valid = !bare.is_empty() && bare.bytes().chain(path.bytes()).all(plain);
    let prefix = path.trim_end_matches('/').to_owned();
    valid.then(|| ServerUrl { tls, host: bare.to_owned(), port, prefix })
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::ServerUrl;

    #[test]
    fn addresses_keep_their_port_and_prefix() {
        let table = [
            ("https://a.example", "https://a.example", "wss://a.example/x"),
            ("wss://a.example:443/", "https://a.example", "wss://a.example/x"),
            ("http://a.example:8080/below/", "http://a.example:8080/below", "ws://a.example:8080/x"),
            ("ws://[::1]:80", "http://[::1]", "ws://[::1]/x"),
            ("https://[::1]:8443/a/b", "https://[::1]:8443/a/b", "wss://[::1]:8443/x"),
        ];
        for (text, printed, websocket) in table {
            let url: ServerUrl = text.parse().unwrap();
            assert_eq!((url.to_string().as_str(), url.websocket("/x").as_str()), (printed, websocket), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "a.example", "ftp://a", "https://", "https://a:b", "https://a b", "https://u@a", "http://::1/"]
        {
            assert!(text.parse::<ServerUrl>().is_err(), "{text}");
        }
    }
}
