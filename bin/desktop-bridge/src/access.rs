//! Who may do what: every request passes here before its handler sees it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use lunette_auth::{
    Attempts, Buckets, Denied, Doors, Effect, Field, Grants, Heads, Identity, Neighbourhood, Rate, Scope,
    from_authorization, from_protocols,
};

use crate::cli::{Args, Listen};
use crate::http::refusal::Refusal;
use crate::listen::Peer;

/// Wrong tokens from one neighbourhood before it has to wait.
const FREE_ATTEMPTS: u32 = 10;
/// Neighbourhoods that are remembered.
const REMEMBERED: usize = 4096;
/// Requests at once, and the time that each takes to be forgotten: 200 a second.
const REQUESTS: Rate = Rate { burst: 2000, every: Duration::from_millis(5) };

/// Who may come in.
pub struct Gate {
    doors: Doors,
    grants: Grants,
    // A Mutex each: requests come on many tasks; they are held for a look-up.
    wrong: Mutex<Attempts<Neighbourhood>>,
    requests: Mutex<Buckets<Neighbourhood>>,
    started: Instant,
}

impl Gate {
    /// The gate that the flags ask for.
    ///
    /// # Errors
    /// When the token file cannot be used, a host or an origin is none, or the desktop would be open to the network.
    pub fn new(args: &Args) -> anyhow::Result<Self> {
        let grants = match &args.token_file {
            Some(path) => read_grants(path).with_context(|| format!("cannot use --token-file {}", path.display()))?,
            None => Grants::open(),
        };
        if grants.is_open() {
            only_loopback(&args.listen)?;
        }
        let bound = args.listen.iter().find_map(|listen| match listen {
            Listen::Tcp(address) => Some(*address),
            Listen::Unix(_) => None,
        });
        let bound = bound.unwrap_or(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0));
        let texts = |list: &'_ [String]| list.to_vec();
        let (hosts, origins) = (texts(&args.allowed_host), texts(&args.allowed_origin));
        let doors = Doors::new(bound, hosts.iter().map(String::as_str), origins.iter().map(String::as_str))?;
        Ok(Self {
            doors,
            grants,
            wrong: Mutex::new(Attempts::new(FREE_ATTEMPTS, REMEMBERED)),
            requests: Mutex::new(Buckets::new(REQUESTS, REMEMBERED)),
            started: Instant::now(),
        })
    }

    /// Lets a request in as somebody who has `scope`; `None` is for what everybody may see.
    ///
    /// # Errors
    /// When the host or the origin is not ours, the token is not good enough, or there are too many requests.
    pub fn admit(
        &self,
        peer: &Peer,
        method: &Method,
        headers: &HeaderMap,
        scope: Option<Scope>,
    ) -> Result<Option<Identity>, Refusal> {
        self.look_at_doors(method, headers)?;
        let place = peer.neighbourhood();
        let now = self.started.elapsed();
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).take(&place, now).map_err(Refusal::too_many)?;
        let Some(scope) = scope else { return Ok(None) };
        let identity = self.identify(&place, now, headers)?;
        identity.needs(scope).map_err(|denied| Refusal::new(StatusCode::FORBIDDEN, denied.to_string()))?;
        Ok(Some(identity))
    }

    fn look_at_doors(&self, method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
        let heads = Heads {
            host: field(headers, &HOST),
            origin: field(headers, &ORIGIN),
            fetch_site: field(headers, &HeaderName::from_static("sec-fetch-site")),
        };
        let reads = (method == Method::GET || method == Method::HEAD) && !headers.contains_key(UPGRADE);
        let effect = if reads { Effect::Reads } else { Effect::Changes };
        self.doors.check(&heads, effect).map_err(|shut| Refusal::new(StatusCode::FORBIDDEN, shut.to_string()))
    }

    fn identify(&self, place: &Neighbourhood, now: Duration, headers: &HeaderMap) -> Result<Identity, Refusal> {
        let bad = |error: lunette_auth::BearerError| Refusal::new(StatusCode::BAD_REQUEST, error.to_string());
        let authorization = from_authorization(field(headers, &AUTHORIZATION)).map_err(bad)?;
        let offers = headers.get_all(SEC_WEBSOCKET_PROTOCOL);
        let offer = from_protocols(offers.iter().map(|value| value.as_bytes())).map_err(bad)?;
        let shown = offer.or(authorization).map_err(bad)?;
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.grants.is_open() && shown.is_some() {
            wrong.may_try(place, now).map_err(Refusal::too_many)?;
        }
        match self.grants.judge(shown) {
            Ok(identity) => {
                wrong.right(place);
                Ok(identity)
            }
            Err(denied) => {
                if denied == Denied::Unknown {
                    wrong.wrong(place, now);
                }
                Err(Refusal::new(StatusCode::UNAUTHORIZED, denied.to_string()))
            }
        }
    }
}

fn field<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Field<'a> {
    Field::of(headers.get_all(name).iter().map(|value| value.as_bytes()))
}

fn read_grants(path: &Path) -> anyhow::Result<Grants> {
    let file = std::fs::File::open(path)?;
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut std::io::Read::take(file, Grants::MAX_FILE as u64 + 1), &mut bytes)?;
    Ok(Grants::parse(&bytes)?)
}

fn only_loopback(listen: &[Listen]) -> anyhow::Result<()> {
    for listen in listen {
        match listen {
            Listen::Tcp(address) => ensure!(
                address.ip().is_loopback(),
                "--listen {address} is open to the network, where everybody could use this desktop: give a --token-file"
            ),
            Listen::Unix(_) => {}
        }
    }
    if listen.is_empty() {
        bail!("--listen names no place to listen at");
    }
    Ok(())
}
