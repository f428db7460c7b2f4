//! What the network must refuse.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use lunette_wire::Token;
use scanout_stream_test::{Address, Limits, Subscriber};

use crate::attempt::{Attempt, Target};

/// A packet that is dropped answers nothing; a connection within the machine takes milliseconds.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// Where bridges listen that have a port.
const BRIDGE_PORT: u16 = 9876;

/// Where a desktop finds the token of its own lease.
const OWN_TOKEN: &str = "/run/lunette/session/token";

/// The guest's own address, behind which are its services.
const GUEST: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 15);

pub(crate) fn attempts(target: &Target) -> Vec<Attempt> {
    let mut attempts = vec![
        Attempt::new("reach another port of the host", connect(target.host, target.metrics_port)),
        Attempt::new("reach another desktop", connect(target.neighbour, target.neighbour_port)),
        Attempt::new("reach a service of the guest", connect(GUEST, target.guest_port)),
        Attempt::new("reach a service of the guest by the link's address", connect(gateway(), target.guest_port)),
        Attempt::new("reach the bridges of all desktops", connect(GUEST, target.bridges_port)),
        Attempt::new("reach the bridges by the link's address", connect(gateway(), target.bridges_port)),
        Attempt::new("reach the bridges by way of the host", connect(target.host, target.host_bridges_port)),
        Attempt::new("reach another's bridge at a port of its own", connect(target.neighbour, BRIDGE_PORT)),
    ];
    // Reachable on purpose: a desktop may watch itself.
    let reached = connect(target.host, target.export_port).map_err(|error| error.to_string());
    let export = match reached {
        Ok(_) => subscriptions(target),
        Err(why) => vec![Attempt::new("reach frame-export at all, which it should", Ok::<_, String>(why))],
    };
    attempts.extend(export);
    attempts
}

fn connect(address: Ipv4Addr, port: u16) -> io::Result<TcpStream> {
    TcpStream::connect_timeout(&SocketAddr::from((address, port)), CONNECT_LIMIT)
}

/// The other end of this desktop's link: the only address that it has a route through.
fn gateway() -> Ipv4Addr {
    let routes = std::fs::read_to_string("/proc/net/route").unwrap_or_default();
    let default = routes.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (destination, gateway) = (fields.get(1)?, fields.get(2)?);
        (*destination == "00000000").then(|| u32::from_str_radix(gateway, 16).ok()).flatten()
    });
    default.map_or(Ipv4Addr::UNSPECIFIED, |gateway| Ipv4Addr::from(gateway.to_le_bytes()))
}

fn subscriptions(target: &Target) -> Vec<Attempt> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return Vec::new() };
    let address: Address = format!("{}:{}", target.host, target.export_port).parse().expect("an address");
    let subscribe = |token: Option<Token>, scanout| {
        runtime.block_on(Subscriber::connect_showing(token, &address, scanout, Limits::default())).map(drop)
    };
    let own = std::fs::read(OWN_TOKEN).ok().and_then(|token| Token::from_file(&token).ok());
    let guessed = Token::from_file("00".repeat(32).as_bytes()).ok();
    let other = target.neighbour_scanout();
    vec![
        Attempt::new("watch another desktop without a token", subscribe(None, other)),
        Attempt::new("watch another desktop with a guessed token", subscribe(guessed, other)),
        Attempt::new("watch another desktop with the own token", subscribe(own, other)),
    ]
}
