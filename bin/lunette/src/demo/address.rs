//! Where frame-export listens.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use anyhow::{Context, Result};

/// Where metrics are when nobody else is there.
const METRICS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 15938);

/// An address that the guest reaches too: user-mode networking leads it to 127.0.0.1 and nowhere else.
pub(super) fn reachable(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| format!("{text:?} is no ADDRESS:PORT"))?;
    match address.ip() {
        IpAddr::V4(Ipv4Addr::LOCALHOST | Ipv4Addr::UNSPECIFIED) => Ok(address),
        _ => Err("the guest reaches 127.0.0.1 and 0.0.0.0 only".to_owned()),
    }
}

/// The address with a port that nobody has.
pub(super) fn free(wanted: SocketAddr) -> Result<SocketAddr> {
    let other = SocketAddr::new(wanted.ip(), 0);
    let bound = TcpListener::bind(wanted).with_context(|| {
        format!("cannot listen on {wanted}: end what listens there, or take a free port with --tcp {other}")
    })?;
    Ok(bound.local_addr()?)
}

/// The usual address, or `None` when it is taken.
pub(super) fn for_metrics() -> Option<SocketAddr> {
    TcpListener::bind(METRICS).is_ok().then_some(METRICS)
}

/// As somebody on this machine dials it.
pub(super) fn from_here(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_the_guest_cannot_reach_are_refused() {
        for text in ["127.0.0.1:15937", "0.0.0.0:1"] {
            assert_eq!(reachable(text).unwrap().to_string(), text);
        }
        for text in ["192.0.2.1:15937", "[::1]:15937", "127.0.0.2:1", "15937", "localhost:1"] {
            assert!(reachable(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_busy_port_says_how_to_take_another() {
        let busy = TcpListener::bind("127.0.0.1:0").unwrap();
        let error = free(busy.local_addr().unwrap()).unwrap_err().to_string();
        assert!(error.contains("--tcp 127.0.0.1:0"), "{error}");
        assert_ne!(free("127.0.0.1:0".parse().unwrap()).unwrap().port(), 0);
    }
}
