//! Which hosts and origins a request may name.
//!
//! ```text
//!   Host ──▶ ours? ──▶ Origin, if any ──▶ same as Host, or listed? ──▶ Sec-Fetch-Site: cross-site and it changes
//!             │ no                          │ no                        something, not listed? ──▶ Shut
//!             ▼                             ▼                                            │ no
//!            Shut                          Shut                                          ▼  in
//! ```
//! * Host keeps out names that a stranger's DNS points at this machine: for the browser its pages and ours are then one
//!   origin. An address in Host is never such a name. Ports in Host are not compared, since forwarding changes them and
//!   pages cannot.
//! * Origin keeps out pages of others that name us rightly.

use core::net::{IpAddr, SocketAddr};

use crate::authority::{Authority, HostName};
use crate::field::Field;
use crate::origin::Origin;

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It reads: GET and HEAD.
    Reads,
    /// It may change something: every other method, and WebSockets.
    Changes,
}

/// The fields of a request that say where it goes and where it comes from.
#[derive(Debug, Clone, Copy)]
pub struct Heads<'a> {
    /// `Host`.
    pub host: Field<'a>,
    /// `Origin`.
    pub origin: Field<'a>,
    /// `Sec-Fetch-Site`.
    pub fetch_site: Field<'a>,
}

/// Hosts and origins that may be named.
#[derive(Debug, Clone)]
pub struct Doors {
    bound: IpAddr,
    hosts: Vec<Pattern>,
    origins: Vec<Origin>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    One(Authority),
    /// Everything below a domain.
    Below(String),
}

/// Words that name no host or origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DoorsError {
    /// For `--allowed-host`.
    #[error("{0:?} is no host: desk.example.org, desk.example.org:8080, *.example.org, 10.0.0.1 or [fd00::1] would be")]
    Host(String),
    /// For `--allowed-origin`.
    #[error("{0:?} is no origin: https://desk.example.org or http://10.0.0.1:8080 would be")]
    Origin(String),
}

/// Why a request is turned away, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Shut {
    /// No Host, several, or one that is none.
    #[error("the Host header is missing, there several times, or names no host")]
    HostUnreadable,
    /// A host that is not ours.
    #[error("this desktop does not answer to the host {0}: start it with --allowed-host {0} if it should")]
    Host(String),
    /// An origin that is none.
    #[error("the Origin header is there several times, or is no http or https origin")]
    OriginUnreadable,
    /// A page that hides where it comes from: a file, a sandboxed frame, a redirect.
    #[error("the Origin header is null: open the page from its own address, not from a file or a sandboxed frame")]
    OriginNull,
    /// A page of somebody else.
    #[error("pages from {origin} do not use {host}: start it with --allowed-origin {origin} if they should")]
    Origin {
        /// Where the page comes from.
        origin: String,
        /// What it wants to use.
        host: String,
    },
    /// A page of somebody else that does not say which.
    #[error("the request comes from another site, and would change something here")]
    CrossSite,
}

impl Doors {
    /// For a server that listens at `bound`, with the values of `--allowed-host` and `--allowed-origin`.
    ///
    /// # Errors
    /// When one of them names nothing.
    pub fn new<'a>(
        bound: SocketAddr,
        hosts: impl IntoIterator<Item = &'a str>,
        origins: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, DoorsError> {
        let host = |text: &str| Pattern::parse(text).ok_or_else(|| DoorsError::Host(text.to_owned()));
        let origin = |text: &str| {
            let bare = text.strip_suffix('/').unwrap_or(text);
            Origin::parse(bare).ok_or_else(|| DoorsError::Origin(text.to_owned()))
        };
        Ok(Self {
            bound: bound.ip().to_canonical(),
            hosts: hosts.into_iter().map(host).collect::<Result<_, _>>()?,
            origins: origins.into_iter().map(origin).collect::<Result<_, _>>()?,
        })
    }

    /// Judges where a request goes and where it comes from.
    ///
    /// # Errors
    /// When it is to be answered with 403 and these words.
    pub fn check(&self, heads: &Heads<'_>, effect: Effect) -> Result<(), Shut> {
        let host = self.check_host(heads.host)?;
        let listed = self.check_origin(heads.origin, &host)?;
        let foreign = match heads.fetch_site {
            Field::Absent => false,
            Field::Once(site) => site.eq_ignore_ascii_case("cross-site"),
            Field::Broken => true,
        };
        if foreign && !listed && effect == Effect::Changes { Err(Shut::CrossSite) } else { Ok(()) }
    }

    fn check_host(&self, host: Field<'_>) -> Result<Authority, Shut> {
        let Field::Once(text) = host else { return Err(Shut::HostUnreadable) };
        let host = Authority::parse(text).ok_or(Shut::HostUnreadable)?;
        if self.answers_to(&host) { Ok(host) } else { Err(Shut::Host(host.host.to_string())) }
    }

    /// Whether the origin is there and listed.
    fn check_origin(&self, origin: Field<'_>, host: &Authority) -> Result<bool, Shut> {
        let text = match origin {
            Field::Absent => return Ok(false),
            Field::Once("null") => return Err(Shut::OriginNull),
            Field::Once(text) => text,
            Field::Broken => return Err(Shut::OriginUnreadable),
        };
        let origin = Origin::parse(text).ok_or(Shut::OriginUnreadable)?;
        if self.origins.contains(&origin) {
            Ok(true)
        } else if origin.is_at(host) {
            Ok(false)
        } else {
            Err(Shut::Origin { origin: origin.to_string(), host: host.to_string() })
        }
    }

    fn answers_to(&self, host: &Authority) -> bool {
        let is_bound = match host.host {
            HostName::Address(address) => self.bound.is_unspecified() || address == self.bound,
            HostName::Name(_) => false,
        };
        host.host.is_localhost() || is_bound || self.hosts.iter().any(|pattern| pattern.fits(host))
    }
}

impl Pattern {
    fn parse(text: &str) -> Option<Self> {
        let Some(domain) = text.strip_prefix("*.") else { return Authority::parse(text).map(Self::One) };
        match HostName::parse(domain)? {
            // A whole top-level domain is never anybody's own.
            HostName::Name(name) if name.contains('.') || name == "localhost" => Some(Self::Below(name)),
            _ => None,
        }
    }

    fn fits(&self, host: &Authority) -> bool {
        match (self, &host.host) {
            (Self::One(one), name) => one.host == *name && one.port.is_none_or(|port| Some(port) == host.port),
            (Self::Below(domain), HostName::Name(name)) => {
                name.strip_suffix(domain.as_str()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            }
            (Self::Below(_), HostName::Address(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests;
