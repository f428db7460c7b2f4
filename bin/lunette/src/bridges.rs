//! The way from this machine's loopback to the bridges of a guest's desktops.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;

use lunette_vm::Forward;

/// Where hydra shows them in the guest: at the address of its user-mode network, to which forwarded connections come.
const IN_GUEST: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 0, 2, 15), 9877);

/// `PORT`, or an address of the loopback with one.
pub(crate) fn address(text: &str) -> Result<SocketAddrV4, String> {
    let address = match text.parse::<u16>() {
        Ok(port) => SocketAddrV4::new(Ipv4Addr::LOCALHOST, port),
        Err(_) => text.parse().map_err(|_| format!("{text:?} is neither a port nor ADDRESS:PORT"))?,
    };
    // QEMU would listen there itself, and for everybody who reaches this machine.
    if *address.ip() != Ipv4Addr::LOCALHOST || address.port() == 0 {
        return Err(format!("{address} is no port of 127.0.0.1"));
    }
    Ok(address)
}

/// What leads connections into the guest.
pub(crate) fn forward(from: SocketAddrV4) -> Forward {
    Forward { host: from.port(), guest: IN_GUEST.port() }
}

/// What tells the guest's hydra, as a file for the guest.
pub(crate) fn settings(from: SocketAddrV4) -> (PathBuf, Vec<u8>) {
    let text = format!(
        "[Service]\nEnvironment=HYDRA_LISTEN_BRIDGES={IN_GUEST}\nEnvironment=HYDRA_BRIDGES_URL=http://{from}\n"
    );
    ("/etc/systemd/system/hydra.service.d/bridges.conf".into(), text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_loopback_leads_to_desktops() {
        let loopback = |port| Ok(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port));
        assert_eq!(address("9877"), loopback(9877));
        assert_eq!(address("127.0.0.1:80"), loopback(80));
        for text in ["0.0.0.0:80", "192.168.1.1:80", "127.0.0.1:0", "0", "localhost:80", ""] {
            assert!(address(text).is_err(), "{text}");
        }
    }
}
