//! Who may do what: every request passes here before its handler sees it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::{Context, ensure};
use axum::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use axum::http::{HeaderMap, Method, StatusCode};
use lunette_auth::{Denied, Doors, Grants, Identity, Neighbourhood, Scope, from_authorization, from_protocols};
use lunette_http::{Throttle, effect, field, heads, told_user};

use crate::cli::{Args, Listen};
use crate::listen::Peer;
use crate::problem::Problem;

/// Who may come in.
pub struct Gate {
    doors: Doors,
    grants: Grants,
    throttle: Throttle,
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
            only_loopback(&args.listeners())?;
        }
        let bound = args.listeners().iter().find_map(|listen| match listen {
            Listen::Tcp(address) => Some(*address),
            Listen::Unix(_) => None,
        });
        let bound = bound.unwrap_or(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0));
        let hosts = args.allowed_host.iter().map(String::as_str);
        let origins = args.allowed_origin.iter().map(String::as_str);
        let doors = Doors::new(bound, hosts, origins)?;
        Ok(Self { doors, grants, throttle: Throttle::default() })
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
    ) -> Result<Option<Identity>, Problem> {
        self.look_at_doors(method, headers)?;
        let place = peer.neighbourhood();
        self.throttle.request(&place).map_err(Problem::too_many)?;
        let Some(scope) = scope else { return Ok(None) };
        let identity = self.identify(&place, headers)?;
        let refused = |denied: Denied| Problem::new(StatusCode::FORBIDDEN, denied.to_string()).for_want_of_a_token();
        identity.needs(scope).map_err(refused)?;
        Ok(Some(match told(peer, headers) {
            Some(name) => identity.named(name),
            None => identity,
        }))
    }

    fn look_at_doors(&self, method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
        let judged = self.doors.check(&heads(headers), effect(method, headers));
        judged.map_err(|shut| Problem::new(StatusCode::FORBIDDEN, shut.to_string()))
    }

    fn identify(&self, place: &Neighbourhood, headers: &HeaderMap) -> Result<Identity, Problem> {
        let bad = |error: lunette_auth::BearerError| {
            Problem::new(StatusCode::BAD_REQUEST, error.to_string()).for_want_of_a_token()
        };
        let authorization = from_authorization(field(headers, &AUTHORIZATION)).map_err(bad)?;
        let offers = headers.get_all(SEC_WEBSOCKET_PROTOCOL);
        let offer = from_protocols(offers.iter().map(|value| value.as_bytes())).map_err(bad)?;
        let shown = offer.or(authorization).map_err(bad)?;
        match self.grants.judge(shown) {
            Ok(identity) => {
                self.throttle.right(place);
                Ok(identity)
            }
            Err(denied) => {
                // Who has a right one never waits: a desktop's door may stand behind somebody who has not.
                if denied == Denied::Unknown {
                    self.throttle.guessed(place).map_err(Problem::too_many)?;
                }
                Err(Problem::new(StatusCode::UNAUTHORIZED, denied.to_string()).for_want_of_a_token())
            }
        }
    }
}

/// Who this is, as a hydra says that stands in front. Over a network anybody says anything.
fn told<'a>(peer: &Peer, headers: &'a HeaderMap) -> Option<&'a str> {
    match peer {
        Peer::Process => told_user(headers),
        Peer::Address(_) => None,
    }
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
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;
    use axum::http::header::{HOST, ORIGIN};
    use axum::response::IntoResponse;
    use clap::Parser;
    use lunette_auth::PROTOCOL;

    use super::*;

    const VIEW: &str = "dmlld2luZyB2aWV3aW5nIHZpZXdpbmcgdmlld2luZzE";
    const AGENT: &str = "YWdlbnQgYWdlbnQgYWdlbnQgYWdlbnQgYWdlbnQgYWc";
    const UNKNOWN: &str = "bm9ib2R5IG5vYm9keSBub2JvZHkgbm9ib2R5IG5vYm8";
    const PEER: Peer = Peer::Address(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 1)));

    fn gate(args: &[&str]) -> anyhow::Result<Gate> {
        Gate::new(&Args::parse_from([&["desktop-bridge", "--listen", "127.0.0.1:9876"], args].concat()))
    }

    fn guarded(file: &tempfile::NamedTempFile) -> Gate {
        std::fs::write(file, format!("view {VIEW} eye\nagent {AGENT} builder\n")).expect("written");
        gate(&["--token-file", file.path().to_str().expect("UTF-8")]).expect("a gate")
    }

    fn heads(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        let host = (HOST, "127.0.0.1:9876");
        let pairs = pairs.iter().cloned().chain([host]);
        pairs.map(|(name, value)| (name, value.parse().expect("a header"))).collect()
    }

    fn bearer(token: &str) -> HeaderMap {
        heads(&[(AUTHORIZATION, &format!("Bearer {token}"))])
    }

    fn status(admitted: Result<Option<Identity>, Problem>) -> u16 {
        admitted.map_or_else(|problem| problem.into_response().status().as_u16(), |_| 200)
    }

    fn admit(gate: &Gate, headers: &HeaderMap, scope: Scope) -> Result<Option<Identity>, Problem> {
        gate.admit(&PEER, &Method::GET, headers, Some(scope))
    }

    #[test]
    fn a_desktop_without_tokens_listens_on_loopback_only() {
        for (open, listen) in [(true, "[::1]:1"), (true, "unix:/run/x"), (false, "0.0.0.0:1"), (false, "192.0.2.1:1")] {
            let opened = Gate::new(&Args::parse_from(["desktop-bridge", "--listen", listen]));
            assert_eq!(opened.is_ok(), open, "{listen}");
        }
        let file = tempfile::NamedTempFile::new().expect("a file");
        guarded(&file);
        let path = file.path().to_str().expect("UTF-8");
        let args = ["desktop-bridge", "--listen", "0.0.0.0:1", "--token-file", path];
        assert!(Gate::new(&Args::parse_from(args)).is_ok());
    }

    #[test]
    fn a_token_file_that_is_not_one_is_refused() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let path = file.path().to_str().expect("UTF-8");
        for text in ["", "# nobody\n", "view short\n", "owner AAAA\n"] {
            std::fs::write(&file, text).expect("written");
            assert!(gate(&["--token-file", path]).is_err(), "{text:?}");
        }
        assert!(gate(&["--token-file", "/nowhere"]).is_err());
    }

    #[test]
    fn a_token_opens_what_its_scope_says() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let gate = guarded(&file);
        assert_eq!(status(admit(&gate, &bearer(VIEW), Scope::View)), 200);
        assert_eq!(status(admit(&gate, &bearer(VIEW), Scope::Control)), 403);
        assert_eq!(status(admit(&gate, &bearer(AGENT), Scope::Control)), 200);
        assert_eq!(status(admit(&gate, &bearer(UNKNOWN), Scope::View)), 401);
        assert_eq!(status(admit(&gate, &heads(&[]), Scope::View)), 401);
        assert_eq!(status(admit(&gate, &bearer("short"), Scope::View)), 401);
        assert_eq!(status(gate.admit(&PEER, &Method::GET, &heads(&[]), None)), 200, "what everybody may see");
        let offered = heads(&[(SEC_WEBSOCKET_PROTOCOL, &format!("{PROTOCOL}, lunette.bearer.{AGENT}"))]);
        let identity = admit(&gate, &offered, Scope::Agent).expect("let in").expect("somebody");
        assert_eq!(identity.name(), Some("builder"));
    }

    #[test]
    fn a_process_that_let_somebody_in_says_who_and_nobody_says_so_over_a_network() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let gate = guarded(&file);
        let named = |peer, token| {
            let headers = heads(&[(lunette_http::USER, "zoe"), (AUTHORIZATION, &format!("Bearer {token}"))]);
            let identity = gate.admit(&peer, &Method::GET, &headers, Some(Scope::View)).expect("let in");
            let identity = identity.expect("somebody");
            (identity.name().map(str::to_owned), identity.has(Scope::Control), identity.is_agent())
        };
        assert_eq!(named(Peer::Process, VIEW), (Some("zoe".to_owned()), false, false), "and may no more");
        assert_eq!(named(Peer::Process, AGENT), (Some("zoe".to_owned()), true, true));
        assert_eq!(named(PEER, VIEW), (Some("eye".to_owned()), false, false));
    }

    #[test]
    fn another_token_helps_a_stranger_and_not_a_foreign_page() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let gate = guarded(&file);
        let refused = |headers: &HeaderMap, scope| admit(&gate, headers, scope).expect_err("refused");
        assert!(refused(&heads(&[]), Scope::View).wants_a_token());
        assert!(refused(&bearer("short"), Scope::View).wants_a_token());
        assert!(refused(&bearer(VIEW), Scope::Control).wants_a_token());
        let foreign = heads(&[(ORIGIN, "https://example.org"), (AUTHORIZATION, &format!("Bearer {AGENT}"))]);
        assert!(!refused(&foreign, Scope::View).wants_a_token());
    }

    #[test]
    fn who_tries_tokens_waits_and_its_neighbours_do_not() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let gate = guarded(&file);
        let tries: Vec<_> = (0..20).map(|_| status(admit(&gate, &bearer(UNKNOWN), Scope::View))).collect();
        assert!(tries.starts_with(&[401; 10]) && tries.ends_with(&[429]), "{tries:?}");
        // Without a token nothing is tried, and elsewhere a right one is as good as ever.
        assert_eq!(status(admit(&gate, &heads(&[]), Scope::View)), 401);
        let neighbour = Peer::Address(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
        assert_eq!(status(gate.admit(&neighbour, &Method::GET, &bearer(VIEW), Some(Scope::View))), 200);
    }

    #[test]
    fn a_flood_is_answered_with_a_wait() {
        let gate = gate(&[]).expect("a gate");
        let floods =
            (0..Throttle::REQUESTS.burst * 3).map(|_| status(gate.admit(&PEER, &Method::GET, &heads(&[]), None)));
        let refused = floods.filter(|status| *status == 429).count();
        assert!(refused > 0);
    }
}
