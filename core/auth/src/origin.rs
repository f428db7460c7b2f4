//! Where a page comes from, as the Origin header says it: `https://desk.example.org:8443`.

use std::fmt;

use crate::authority::Authority;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

/// The origin of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    scheme: Scheme,
    authority: Authority,
}

impl Scheme {
    const fn word(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    const fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl Origin {
    /// A scheme and an authority, and nothing after them.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let is = |known: &Scheme| known.word().eq_ignore_ascii_case(scheme);
        let scheme = [Scheme::Http, Scheme::Https].into_iter().find(is)?;
        let mut authority = Authority::parse(authority)?;
        authority.port = authority.port.filter(|port| *port != scheme.port());
        Some(Self { scheme, authority })
    }

    /// Whether a page from here that sends a request to its own server sends this Host.
    pub(crate) fn is_at(&self, host: &Authority) -> bool {
        let ours = self.authority.port.unwrap_or(self.scheme.port());
        self.authority.host == host.host && ours == host.port.unwrap_or(self.scheme.port())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.word(), self.authority)
    }
}
