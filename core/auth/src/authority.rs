//! `HOST:PORT`, read as strictly as browsers write it.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::fmt;

/// A machine, by name or address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HostName {
    /// In lower case.
    Name(String),
    /// IPv4 in IPv6 is IPv4.
    Address(IpAddr),
}

/// A machine and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authority {
    pub(crate) host: HostName,
    /// `None` for the scheme's own.
    pub(crate) port: Option<u16>,
}

impl HostName {
    const MAX: usize = 253;
    const MAX_LABEL: usize = 63;

    /// A name, a dotted IPv4 address, or an IPv6 address in brackets.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix('[') {
            let address: Ipv6Addr = inner.strip_suffix(']')?.parse().ok()?;
            return Some(Self::Address(IpAddr::V6(address).to_canonical()));
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Some(Self::Address(address.into()));
        }
        let last = text.rsplit('.').next()?;
        let is_name = text.len() <= Self::MAX && text.split('.').all(is_label) && !is_number(last);
        is_name.then(|| Self::Name(text.to_ascii_lowercase()))
    }

    pub(crate) fn is_localhost(&self) -> bool {
        match self {
            Self::Name(name) => name == "localhost",
            Self::Address(address) => address.is_loopback(),
        }
    }
}

impl Authority {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let after_host = text.rfind(']').map_or(0, |place| place + 1);
        let (host, port) = match text[after_host..].rfind(':') {
            Some(colon) => {
                let (host, port) = text.split_at(after_host + colon);
                (host, Some(port_number(&port[1..])?))
            }
            None => (text, None),
        };
        Some(Self { host: HostName::parse(host)?, port })
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => write!(f, "{}", self.host),
        }
    }
}

fn is_label(label: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=HostName::MAX_LABEL).contains(&label.len()) && label.bytes().all(plain)
}

/// Browsers read a name whose last part is a number as an address, in ways of their own: 127.1, 0x7f000001.
fn is_number(label: &str) -> bool {
    let hexadecimal = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
    label.bytes().all(|byte| byte.is_ascii_digit())
        || hexadecimal.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn port_number(text: &str) -> Option<u16> {
    let plain = (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| plain && *port != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_browsers_write_is_read() {
        for (text, shown) in [
            ("localhost", "localhost"),
            ("LocalHost:8080", "localhost:8080"),
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("[::1]", "[::1]"),
            ("[0:0::1]:65535", "[::1]:65535"),
            ("[::ffff:127.0.0.1]:80", "127.0.0.1:80"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("a_b.example:443", "a_b.example:443"),
        ] {
            assert_eq!(Authority::parse(text).map(|read| read.to_string()).as_deref(), Some(shown), "{text}");
        }
    }

    #[test]
    fn what_they_do_not_write_is_not() {
        for text in [
            "",
            ":80",
            "localhost.",
            "localhost:",
            "localhost:0",
            "localhost:65536",
            "localhost:+80",
            "localhost:080808",
            "localhost:80:80",
            "user@localhost",
            "localhost@evil.example",
            "localhost/",
            "localhost\\",
            "local host",
            "localhost,evil.example",
            "::1",
            "[::1",
            "::1]",
            "[::1]80",
            "[::1%eth0]",
            "[127.0.0.1]",
            "[[::1]]",
            "a]:80",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "127.0.0.0x1",
            "0x",
            "127.0.0.1.",
            "256.0.0.1",
            "a..b",
            "%31",
            "bücher.example",
            "*.example.org",
        ] {
            assert_eq!(Authority::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_alike(text in "[a-z\\[\\].:0-9]{0,20}") {
            if let Some(authority) = Authority::parse(&text) {
                prop_assert_eq!(Authority::parse(&authority.to_string()), Some(authority));
            }
        }
    }
}
