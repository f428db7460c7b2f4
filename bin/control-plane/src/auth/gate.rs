//! Every request passes here before its operation sees it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use lunette_auth::{
    Attempts, Buckets, Doors, Effect, Field, Heads, Neighbourhood, Rate, from_authorization, from_protocols,
};

use super::{Caller, Keys, Scope, Through};
use crate::http::Problem;

/// Wrong tokens and passwords from one neighbourhood before it has to wait.
const FREE_ATTEMPTS: u32 = 10;
/// Neighbourhoods that are remembered.
const REMEMBERED: usize = 4096;
/// Requests at once, and the time that each takes to be forgotten: 200 a second.
const REQUESTS: Rate = Rate { burst: 2000, every: Duration::from_millis(5) };

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
    // A Mutex each: requests come on many tasks; they are held for a look-up.
    wrong: Mutex<Attempts<Neighbourhood>>,
    requests: Mutex<Buckets<Neighbourhood>>,
    started: Instant,
}

impl Gate {
    /// For a server that listens at `bound`.
    pub(crate) fn new(bound: SocketAddr, hosts: &[String], origins: &[String]) -> anyhow::Result<Self> {
        let doors = Doors::new(bound, hosts.iter().map(String::as_str), origins.iter().map(String::as_str))?;
        Ok(Self {
            doors,
            // Cookies count for all ports of a name: two of us on one machine must not take each other's.
            cookie: format!("lunette-{}", bound.port()),
            wrong: Mutex::new(Attempts::new(FREE_ATTEMPTS, REMEMBERED)),
            requests: Mutex::new(Buckets::new(REQUESTS, REMEMBERED)),
            started: Instant::now(),
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
        let now = self.started.elapsed();
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).take(&place, now).map_err(Problem::too_many)?;
        let caller = self.identify(keys, place, now, method, headers);
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
        let heads = Heads {
            host: field(headers, &HOST),
            origin: field(headers, &ORIGIN),
            fetch_site: field(headers, &HeaderName::from_static("sec-fetch-site")),
        };
        let effect = if reads(method, headers) { Effect::Reads } else { Effect::Changes };
        self.doors.check(&heads, effect).map_err(|shut| Problem::new(StatusCode::FORBIDDEN, shut.to_string()))
    }

    fn identify(
        &self,
        keys: &Keys,
        place: Neighbourhood,
        now: Duration,
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
                self.right(place);
                return Ok(Some(caller));
            }
            self.may_try(place, now)?;
            self.wrong(place, now);
            return Err(Problem::unknown("this token is not known here, or not any more"));
        }
        let caller = cookies(headers, &self.cookie).find_map(|cookie| keys.by_cookie(cookie));
        // Browsers send cookies by themselves, so the page that has them sent must be ours. All of them say which page
        // it is when something changes, and for every WebSocket.
        let ours = reads(method, headers) || headers.contains_key(ORIGIN);
        match caller {
            Some(Caller { through: Through::Cookie(_), .. }) if !ours => {
                Err(Problem::new(StatusCode::FORBIDDEN, "a request with a cookie says which page it comes from"))
            }
            caller => Ok(caller),
        }
    }

    /// Whether this neighbourhood may try a token or a password.
    fn may_try(&self, place: Neighbourhood, now: Duration) -> Result<(), Problem> {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.may_try(&place, now).map_err(Problem::too_many)
    }

    fn wrong(&self, place: Neighbourhood, now: Duration) {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).wrong(&place, now);
    }

    fn right(&self, place: Neighbourhood) {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).right(&place);
    }

    /// Somebody is about to log in.
    pub(crate) fn may_log_in(&self, peer: Peer) -> Result<(), Problem> {
        self.may_try(Neighbourhood::from(peer.0), self.started.elapsed())
    }

    /// Somebody logged in, or could not.
    pub(crate) fn logged_in(&self, peer: Peer, right: bool) {
        let place = Neighbourhood::from(peer.0);
        if right { self.right(place) } else { self.wrong(place, self.started.elapsed()) }
    }
}

fn reads(method: &Method, headers: &HeaderMap) -> bool {
    (method == Method::GET || method == Method::HEAD) && !headers.contains_key(UPGRADE)
}

fn field<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Field<'a> {
    Field::of(headers.get_all(name).iter().map(|value| value.as_bytes()))
}

fn cookies<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let lists = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = lists.flat_map(|list| list.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(move |(own, _)| *own == name).map(|(_, value)| value)
}
