//! Every request passes here before its operation sees it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::http::header::{AUTHORIZATION, COOKIE, ORIGIN, SEC_WEBSOCKET_PROTOCOL};
use axum::http::{HeaderMap, Method, StatusCode};
use lunette_auth::{Doors, Effect, Neighbourhood, from_authorization, from_protocols};
use lunette_http::{Throttle, effect, field, heads};

use super::{Caller, Keys, Scope, Through};
use crate::http::Problem;

/// Who is at the other end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

impl Default for Peer {
    fn default() -> Self {
        Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }
}

/// Who an operation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Everybody.
    Nothing,
    /// Whoever we know.
    Anyone,
    /// Whoever may do this.
    Scope(Scope),
}

/// Who may come in.
pub(crate) struct Gate {
    doors: Doors,
    cookie: String,
    throttle: Throttle,
}

impl Gate {
    /// For a server that listens at `bound`.
    pub(crate) fn new(bound: SocketAddr, hosts: &[String], origins: &[String]) -> anyhow::Result<Self> {
        let doors = Doors::new(bound, hosts.iter().map(String::as_str), origins.iter().map(String::as_str))?;
        Ok(Self {
            doors,
            // Cookies count for all ports of a name: two of us on one machine must not take each other's.
            cookie: format!("lunette-{}", bound.port()),
            throttle: Throttle::default(),
        })
    }

    /// The name of our cookie.
    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }

    /// Lets a request in. `None` is somebody we do not know, where that does not matter.
    pub(crate) fn admit(
        &self,
        keys: &Keys,
        peer: Peer,
        method: &Method,
        headers: &HeaderMap,
        need: Need,
    ) -> Result<Option<Caller>, Problem> {
        self.look_at_doors(method, headers)?;
        let place = Neighbourhood::from(peer.0);
        self.throttle.request(&place).map_err(Problem::too_many)?;
        let caller = self.identify(keys, &place, method, headers);
        let scope = match need {
            // A wrong token does no harm where none is needed.
            Need::Nothing => return Ok(caller.unwrap_or_default()),
            Need::Anyone => None,
            Need::Scope(scope) => Some(scope),
        };
        let Some(caller) = caller? else {
            return Err(Problem::unknown("this needs a token, or a browser that is logged in"));
        };
        match scope {
            Some(scope) if !caller.scopes.has(scope) => {
                let text = format!("this needs the scope {}; {} has {}", scope.word(), caller.name, caller.scopes);
                Err(Problem::new(StatusCode::FORBIDDEN, text))
            }
            _ => Ok(Some(caller)),
        }
    }

    fn look_at_doors(&self, method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
        let judged = self.doors.check(&heads(headers), effect(method, headers));
        judged.map_err(|shut| Problem::new(StatusCode::FORBIDDEN, shut.to_string()))
    }

    fn identify(
        &self,
        keys: &Keys,
        place: &Neighbourhood,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Option<Caller>, Problem> {
        let bad = |error: lunette_auth::BearerError| Problem::bad(error.to_string());
        let authorization = from_authorization(field(headers, &AUTHORIZATION)).map_err(bad)?;
        let offers = headers.get_all(SEC_WEBSOCKET_PROTOCOL);
        let offer = from_protocols(offers.iter().map(|value| value.as_bytes())).map_err(bad)?;
        if let Some(shown) = offer.or(authorization).map_err(bad)? {
            // Who has a right one never waits for others behind the same address.
            if let Some(caller) = keys.by_token(shown) {
                self.throttle.right(place);
                return Ok(Some(caller));
            }
            self.throttle.guessed(place).map_err(Problem::too_many)?;
            return Err(Problem::unknown("this token is not known here, or not any more"));
        }
        let caller = cookies(headers, &self.cookie).find_map(|cookie| keys.by_cookie(cookie));
        // Browsers send cookies by themselves, so the page that has them sent must be ours. All of them say which page
        // it is when something changes, and for every WebSocket.
        let ours = effect(method, headers) == Effect::Reads || headers.contains_key(ORIGIN);
        match caller {
            Some(Caller { through: Through::Cookie(_), .. }) if !ours => {
                Err(Problem::new(StatusCode::FORBIDDEN, "a request with a cookie says which page it comes from"))
            }
            caller => Ok(caller),
        }
    }

    /// Somebody is about to log in.
    pub(crate) fn may_log_in(&self, peer: Peer) -> Result<(), Problem> {
        self.throttle.may_try(&Neighbourhood::from(peer.0)).map_err(Problem::too_many)
    }

    /// Somebody logged in, or could not.
    pub(crate) fn logged_in(&self, peer: Peer, right: bool) {
        let place = Neighbourhood::from(peer.0);
        if right { self.throttle.right(&place) } else { self.throttle.wrong(&place) }
    }
}

fn cookies<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let lists = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = lists.flat_map(|list| list.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(move |(own, _)| *own == name).map(|(_, value)| value)
}
